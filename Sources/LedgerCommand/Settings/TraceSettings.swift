import Console
import Foundation
import Ledger
import LedgerStack
import Logging
import Traces
import Wire

/// What the environment says of traces (OpenTelemetry's environment variables).
///
/// A value that cannot be used is said, and no traces are recorded then: the service starts all the
/// same, for the variables may be meant for others
/// (docs/decisions/0064-whose-trace-it-is.md).
struct TraceSettings {
    private let values: [TraceVariable: String]

    static let usualName = "token-ledger"
    static let usualMilliseconds = 10_000
    static let usualSampler = Sampler.usualName
    /// The one form that spans are sent in.
    static let form = "http/json"
    /// The one propagator that there is here.
    static let propagator = "tracecontext"
    private static let millisecondsMax = 60_000
    /// Beyond this a list is none that anybody wrote.
    private static let listMax = 64

    /// Takes what is set and not empty.
    init(_ environment: [String: String] = ProcessInfo.processInfo.environment) {
        var values: [TraceVariable: String] = [:]
        for variable in TraceVariable.allCases {
            guard let value = environment[variable.rawValue], !value.isEmpty else { continue }
            values[variable] = value
        }
        self.values = values
    }

    /// Each variable with its value and where that comes from; never a header's value.
    var shown: [ShownSetting] {
        TraceVariable.allCases.map { variable in
            let value = values[variable]
            return ShownSetting(
                name: variable.rawValue,
                value: value.map(variable.shown) ?? variable.usual,
                origin: (value == nil ? SettingOrigin.usual : .environment).rawValue
            )
        }
    }

    /// What is recorded, and who sends it.
    struct Traces {
        let tracing: Tracing
        let exporter: SpanExporter?
    }

    /// As it is set; says what cannot be used.
    func start(_ logger: Logger) -> Traces {
        do {
            guard let target = try target() else {
                return Traces(tracing: Tracing(propagates: propagates), exporter: nil)
            }
            let exporter = SpanExporter(target, logger: logger)
            logger.info("spans are recorded", metadata: ["to": "\(target.url.text)"])
            return Traces(
                tracing: Tracing(try sampler(), into: exporter.queue, propagates: propagates),
                exporter: exporter
            )
        } catch {
            logger.warning("no traces are recorded", metadata: ["because": "\(error)"])
            return Traces(tracing: Tracing(propagates: propagates), exporter: nil)
        }
    }

    /// Throws if something cannot be used; gives where spans go, nil where nowhere.
    func target() throws(CommandError) -> ExportTarget? {
        guard values[.isDisabled]?.lowercased() != "true" else { return nil }
        switch values[.exporter] {
        case nil, "otlp": break
        case "none": return nil
        default: throw Self.flaw(.exporter, "otlp or none")
        }
        guard let url = try url() else { return nil }
        let (form, formName) = value(.tracesForm, else: .form)
        guard form == nil || form == Self.form else {
            throw Self.flaw(formName, "\(Self.form), the only form that spans are sent in here")
        }
        _ = try sampler()
        return ExportTarget(
            url: url,
            headers: try headers(),
            timeMax: try timeMax(),
            resource: try resource()
        )
    }

    /// Whether an endpoint is one that spans may be sent to.
    static func isUsable(_ endpoint: String) -> Bool { CollectorURL(endpoint) != nil }

    private var propagates: Bool {
        guard let names = values[.propagators] else { return true }
        return names.split(separator: ",").contains {
            $0.trimmingCharacters(in: .whitespaces) == Self.propagator
        }
    }

    private func url() throws(CommandError) -> CollectorURL? {
        if let own = values[.tracesEndpoint] {
            guard let url = CollectorURL(own) else {
                throw Self.flaw(.tracesEndpoint, Self.urlRule)
            }
            return url
        }
        guard let all = values[.endpoint] else { return nil }
        guard let url = CollectorURL(ofAllSignals: all) else {
            throw Self.flaw(.endpoint, Self.urlRule)
        }
        return url
    }

    private static let urlRule =
        "an https:// URL with a host and without user name, query or fragment; http:// only at "
        + "localhost or a loopback address; keys belong into OTEL_EXPORTER_OTLP_HEADERS"

    private func sampler() throws(CommandError) -> Sampler {
        let name = values[.sampler] ?? Sampler.usualName
        guard let sampler = Sampler(name: name, argument: values[.samplerArgument]) else {
            throw Self.flaw(
                .sampler,
                "always_on, always_off, traceidratio, or one of them after parentbased_, and "
                    + "OTEL_TRACES_SAMPLER_ARG a share from 0 to 1"
            )
        }
        return sampler
    }

    private func timeMax() throws(CommandError) -> Duration {
        let (text, name) = value(.tracesTimeMax, else: .timeMax)
        guard let text else { return .milliseconds(Self.usualMilliseconds) }
        guard let number = Int(text), (1...Self.millisecondsMax).contains(number) else {
            throw Self.flaw(name, "milliseconds, from 1 to \(Self.millisecondsMax)")
        }
        return .milliseconds(number)
    }

    private func headers() throws(CommandError) -> [ExportTarget.Header] {
        let (text, variable) = value(.tracesHeaders, else: .headers)
        return try Self.list(text, variable).map { name, value throws(CommandError) in
            guard Self.isFieldName(name), !Self.ownFields.contains(name.lowercased()) else {
                throw Self.flaw(variable, Self.listRule)
            }
            return ExportTarget.Header(name: name, value: Secret(value))
        }
    }

    /// Those that say how a request is read; they are not for others to set.
    private static let ownFields: Set = [
        "host", "content-type", "content-length", "content-encoding", "transfer-encoding",
        "connection",
    ]

    /// A token of RFC 9110, section 5.6.2.
    private static func isFieldName(_ name: String) -> Bool {
        name.utf8.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return scalar.isASCII
                && (scalar.properties.isAlphabetic || (0x30...0x39).contains(byte)
                    || "!#$%&'*+-.^_`|~".utf8.contains(byte))
        }
    }

    private func resource() throws(CommandError) -> [(name: String, value: String)] {
        let own = try Self.list(values[.resource], .resource)
        var resource = [
            (name: "service.name", value: values[.serviceName] ?? Self.usualName),
            // Copies of the service are told apart, and so are runs of one.
            (name: "service.instance.id", value: UUID().uuidString.lowercased()),
            (name: "telemetry.sdk.language", value: "swift"),
            (name: "telemetry.sdk.name", value: Self.usualName),
        ]
        for (name, value) in own {
            // OTEL_SERVICE_NAME comes first.
            if name == "service.name", values[.serviceName] != nil { continue }
            resource.removeAll { $0.name == name }
            resource.append((name, value))
        }
        return resource
    }

    private static let listRule =
        "name=value pairs with commas between, the values percent-encoded, as in W3C Baggage"

    /// Pairs of a list; what is wrong with it is said without them.
    private static func list(
        _ text: String?,
        _ variable: TraceVariable
    ) throws(CommandError) -> [(name: String, value: String)] {
        let parts = (text ?? "").split(separator: ",")
        guard parts.count <= listMax else { throw flaw(variable, listRule) }
        var pairs: [(name: String, value: String)] = []
        for part in parts {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard sides.count == 2 else { throw flaw(variable, listRule) }
            let name = sides[0].trimmingCharacters(in: .whitespaces)
            let encoded = sides[1].trimmingCharacters(in: .whitespaces)
            guard !name.isEmpty, let value = PercentCoding.decode(encoded.utf8),
                !value.hasControlCharacter, !name.hasControlCharacter
            else { throw flaw(variable, listRule) }
            pairs.append((name, value))
        }
        return pairs
    }

    /// The value for traces, else the one for all signals, and which it is.
    private func value(
        _ own: TraceVariable,
        else all: TraceVariable
    ) -> (value: String?, name: TraceVariable) {
        values[own].map { ($0, own) } ?? (values[all], all)
    }

    private static func flaw(_ variable: TraceVariable, _ rule: String) -> CommandError {
        CommandError("\(variable.rawValue) must be \(rule).")
    }
}

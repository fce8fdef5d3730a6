import Foundation
import Subprocess
import TestSupport
import Testing
import Wire

/// The program with OpenTelemetry's variables in its environment (docs/operator.md#traces).
@Suite("Traces of the program", .timeLimit(.minutes(5)))
struct TraceCommandTests {
    private static let marker = "marker-collector-key"

    /// Lends what a service needs, and a collector.
    private static func run(
        _ body: (TestServe.Setup, TestReceiver) async throws -> Void
    ) async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await TestReceiver.run { try await body(setup, $0) }
        }
    }

    @Test(
        "spans go to the collector that the environment names, the last ones when the service ends"
    )
    func serve() async throws {
        try await Self.run { setup, receiver in
            let traced = setup.with([
                "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
                "OTEL_EXPORTER_OTLP_HEADERS": "X-Key=\(Self.marker)%20with%20blanks",
                "OTEL_SERVICE_NAME": "ledger of tests",
                "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests,service.name=other",
            ])
            try await TestServe.run(traced) { service in
                let answer = try await service.get("/livez")
                #expect(answer.status == 200)
                service.send(.terminate)
                while service.isRunning { try await Task.sleep(for: .milliseconds(50)) }
                #expect(!service.text.contains(Self.marker))
            }
            let text = receiver.messages.map(\.text).joined()
            #expect(text.contains(#""name":"GET /livez""#))
            #expect(
                text.contains(#"{"key":"service.name","value":{"stringValue":"ledger of tests"}}"#)
            )
            #expect(!text.contains(#""other""#) && text.contains(#"{"stringValue":"tests"}"#))
            #expect(!text.contains(Self.marker))
            for message in receiver.messages {
                #expect(message["x-key"] == "\(Self.marker) with blanks")
                #expect(message.path == "/v1/traces")
            }
        }
    }

    @Test(
        "a variable that cannot be used keeps nobody from serving, and is said",
        arguments: [
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector.example.com:4318"],
            ["OTEL_EXPORTER_OTLP_ENDPOINT": "https://key:\(marker)@localhost"],
            ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"], ["OTEL_TRACES_SAMPLER": "jaeger_remote"],
            ["OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "2"],
            ["OTEL_EXPORTER_OTLP_TIMEOUT": "soon"], ["OTEL_TRACES_EXPORTER": "zipkin"],
            ["OTEL_EXPORTER_OTLP_HEADERS": "\(marker)"],
            ["OTEL_EXPORTER_OTLP_HEADERS": "Host=\(marker)"],
            ["OTEL_EXPORTER_OTLP_HEADERS": "a=%0d%0ab:\(marker)"],
            ["OTEL_RESOURCE_ATTRIBUTES": "a"],
        ]
    )
    func unusable(variables: [String: String]) async throws {
        try await Self.run { setup, receiver in
            let environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url]
                .merging(variables) { $1 }
            let traced = setup.with(environment)
            try await TestServe.run(traced) { service in
                let answer = try await service.get("/livez")
                #expect(answer.status == 200)
                #expect(service.text.contains("no traces are recorded"))
                #expect(!service.text.contains(Self.marker))
            }
            #expect(receiver.messages.isEmpty)
            let doctor = try await TestProgram.run(
                TestProgram.path,
                ["doctor", "--json"],
                environment: traced.settings
            )
            #expect(doctor.output.contains("traces_unusable"))
            #expect(!doctor.output.contains(Self.marker))
        }
    }

    @Test("a collector may be named and nothing be recorded all the same")
    func off() async throws {
        try await Self.run { setup, receiver in
            for variables in [
                ["OTEL_SDK_DISABLED": "TRUE"], ["OTEL_TRACES_EXPORTER": "none"],
                ["OTEL_TRACES_SAMPLER": "always_off"],
            ] {
                let environment = ["OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url]
                    .merging(variables) { $1 }
                try await TestServe.run(setup.with(environment)) { service in
                    let answer = try await service.get("/livez")
                    #expect(answer.status == 200)
                }
            }
            #expect(receiver.messages.isEmpty)
        }
    }
}

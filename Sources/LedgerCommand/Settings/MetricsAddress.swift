import LedgerStack
import Logging

/// Where the service answers `GET /metrics`: a port of this machine, or an address with a port.
struct MetricsAddress: Equatable {
    let host: String
    let port: Int

    /// The port that `dev` takes if it is free: that of OpenTelemetry's exporters for Prometheus.
    static let usualPort = 9_464

    /// Reads `9464`, `192.0.2.1:9464` or `[::1]:9464`; nil for any other text.
    ///
    /// A port alone is one of the loopback address: who may read metrics is whoever reaches them.
    init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let host = colon.map { text[..<$0] } ?? ServeOptions.usualHost[...]
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let bare = isBracketed ? host.dropFirst().dropLast() : host
        guard let port = UInt16(digits), digits.allSatisfy(\.isWholeNumber), !bare.isEmpty,
            isBracketed == bare.contains(":")
        else { return nil }
        self.host = String(bare)
        self.port = Int(port)
    }

    /// The address that the settings name; nil when they name none.
    init?(_ settings: Settings) throws {
        guard let text = try settings.text(.metricsAddress) else { return nil }
        guard let address = MetricsAddress(text) else {
            throw CommandError(
                "\(Setting.metricsAddress.environmentName) must be a port from 0 to 65535, which is "
                    + "then one of 127.0.0.1, or an address with a port, such as 192.0.2.1:9464 or "
                    + "[::1]:9464."
            )
        }
        self = address
    }

    /// A listener there that tells the log at which port it is.
    func listener(_ logger: Logger) -> MetricsListener {
        MetricsListener(host: host, port: port) { port in
            logger.info("metrics listen", metadata: ["port": "\(port)"])
        }
    }
}

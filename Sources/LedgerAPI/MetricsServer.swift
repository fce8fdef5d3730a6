internal import BoundedServer
internal import HTTPTypes
package import Hummingbird
package import Logging
package import Measures
internal import NIOCore

/// Answers `GET /metrics` at an address of its own, and nothing else
/// (docs/decisions/0052-metrics-have-a-listener-of-their-own.md).
package struct MetricsServer: Sendable {
    private let host: String
    private let port: Int
    private let connections = ServerMeter()
    private let fill: @Sendable (inout MetricPage) async -> Void
    private let logger: Logger

    /// Who scrapes comes every few seconds, one or two at a time.
    private static let limits = ServerLimits(
        headerBytesMax: 8_192,
        headerFieldsMax: 32,
        idleTimeMax: .seconds(90),
        connectionsMax: 16
    )
    private static let name = "metrics"

    /// Listens at an address; port 0 takes any free one.
    ///
    /// `fill` adds all there is to say.
    package init(
        host: String,
        port: Int,
        logger: Logger,
        fill: @escaping @Sendable (inout MetricPage) async -> Void
    ) {
        self.host = host
        self.port = port
        self.logger = logger
        self.fill = fill
    }

    /// The server as a service; `onRunning` is told the port once the socket listens.
    package func service(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let router = Router(options: .autoGenerateHeadEndpoints)
        router.get("/metrics") { _, _ in
            Response(
                status: .ok,
                headers: [.contentType: MetricPage.contentType, .cacheControl: "no-store"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: await page()))
            )
        }
        return Application(
            router: router,
            host: host,
            port: port,
            name: Self.name,
            meter: connections,
            limits: Self.limits,
            onRunning: onRunning,
            logger: logger
        )
    }

    private func page() async -> String {
        var page = MetricPage()
        connections.fill(&page, server: Self.name)
        await fill(&page)
        return page.text
    }
}

package import BoundedServer
package import ConnectFlow
package import Console
package import Hummingbird
internal import Ledger
package import LedgerStore
package import Logging
package import Measures
internal import Synchronization
package import Traces
package import Webhooks

/// Where the service listens, and how callers reach it.
package struct LedgerAPIConfiguration: Sendable {
    package let host: String
    /// 0 takes any free port.
    package let port: Int
    /// Stands in `finish_url`; nil means the host and port as bound.
    package let publicURL: String?
    /// Its certificate, if it speaks TLS.
    package let tls: ServerTLS?
    /// Who may read checkpoints and tiles.
    package let treeAccess: TreeAccess
    /// How much each caller may ask.
    package let rates: CallRates
    /// Where webhooks may go.
    package let webhooks: WebhookAddresses
    /// The settings that the console shows; nil where there is no console.
    package let console: [ShownSetting]?

    package init(
        host: String,
        port: Int,
        publicURL: String?,
        tls: ServerTLS? = nil,
        treeAccess: TreeAccess = .key,
        rates: CallRates = .usual,
        webhooks: WebhookAddresses = WebhookAddresses(),
        console: [ShownSetting]? = nil
    ) {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.tls = tls
        self.treeAccess = treeAccess
        self.rates = rates
        self.webhooks = webhooks
        self.console = console
    }
}

/// Who may read checkpoints, tiles and entry bundles.
package enum TreeAccess: String, Sendable, CaseIterable {
    /// Everybody, as C2SP `tlog-tiles` has it; records name nobody.
    case open
    /// Only callers whose API key has the scope `events:read`.
    case key
}

/// The HTTP service over a store and the flows of launches.
package struct LedgerAPI: Sendable {
    private let store: LedgerStore
    private let readiness: Readiness
    private let flows: ConnectFlows
    private let eraser: Eraser
    private let proofs: StateProofs
    private let configuration: LedgerAPIConfiguration
    private let tracing: Tracing
    private let logger: Logger
    private let door: OverloadDoor
    private let limits: CallLimits
    private let lines: RefusalLines
    private let tail: EventTail
    private let exports = ExportRoom()
    private let requests = RequestMeter()
    private let connections = ServerMeter()

    package init(
        store: LedgerStore,
        readiness: Readiness,
        flows: ConnectFlows,
        eraser: Eraser,
        maps: [MapKeeper],
        configuration: LedgerAPIConfiguration,
        tracing: Tracing = .off,
        logger: Logger
    ) {
        self.store = store
        self.readiness = readiness
        self.flows = flows
        self.eraser = eraser
        proofs = StateProofs(store: store, maps: maps)
        self.configuration = configuration
        self.tracing = tracing
        self.logger = logger
        door = OverloadDoor(store: store, readiness: readiness, logger: logger)
        tail = EventTail(store, logger: logger)
        limits = CallLimits(configuration.rates)
        lines = RefusalLines(logger: logger)
    }

    /// Adds how requests do to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        requests.fill(&page)
        door.fill(&page)
        limits.fill(&page)
        lines.fill(&page)
        exports.fill(&page)
        tail.room.fill(&page)
        connections.fill(&page, server: Self.name)
        page.add(.bodyBytesMax, RequestLimits.bodyBytesMax)
    }

    private static let name = "api"

    /// The server as a service; its graceful shutdown finishes the requests under way.
    ///
    /// `onRunning` is told the port once the socket listens.
    package func service(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let bound = BoundAddress(configuration)
        var application = Application(
            router: router(bound),
            host: configuration.host,
            port: configuration.port,
            name: Self.name,
            meter: connections,
            limits: RequestLimits.server,
            tls: configuration.tls,
            door: door,
            onRunning: { port in
                bound.set(port: port)
                await onRunning(port)
            },
            logger: logger
        )
        application.addServices(door, tail)
        return application
    }

    /// Method and path of every route of the API, the path as OpenAPI writes it; the pages for people are
    /// none of it: those of the console, and the one that a launch link leads to.
    package var routes: [(method: String, path: String)] {
        allRoutes.filter { !Self.isPage($0.path) }
    }

    /// The same of these pages.
    package var consoleRoutes: [(method: String, path: String)] {
        allRoutes.filter { Self.isPage($0.path) }
    }

    private static func isPage(_ path: String) -> Bool {
        path.hasPrefix("/console") || path.hasPrefix(LaunchLinkRoutes.path)
    }

    private var allRoutes: [(method: String, path: String)] {
        router(BoundAddress(configuration)).routes.map { route in
            (route.method.rawValue, route.path.description)
        }
    }

    private func router(_ bound: BoundAddress) -> Router<LedgerRequestContext> {
        let router = Router(
            context: LedgerRequestContext.self,
            options: .autoGenerateHeadEndpoints
        )
        router.add(
            middleware: RequestMiddleware(
                clock: store.clock,
                readiness: readiness,
                limits: limits,
                lines: lines,
                requests: requests,
                tracing: tracing,
                scheme: configuration.tls == nil ? "http" : "https",
                logger: logger
            )
        )
        LaunchRoutes(store: store, flows: flows, publicURL: { bound.url }).add(to: router)
        let hasLinks = configuration.console != nil
        FinishRoutes(store: store, flows: flows, ownOrigin: { hasLinks ? bound.url : nil })
            .add(to: router)
        TokenRoutes(store: store, proofs: proofs).add(to: router)
        StateRoutes(store: store, proofs: proofs).add(to: router)
        UserRoutes(store: store, recovery: flows.recovery).add(to: router)
        ErasureRoutes(store: store, eraser: eraser).add(to: router)
        EventRoutes(store: store).add(to: router)
        let tails = TailRoutes(store: store, tail: tail, logger: logger)
        tails.add(to: router)
        let downloads = ExportRoutes(store: store, room: exports, logger: logger)
        downloads.add(to: router)
        SearchRoutes(store: store).add(to: router)
        WebhookRoutes(store: store, addresses: configuration.webhooks).add(to: router)
        ProblemRoutes(store: store).add(to: router)
        TreeRoutes(store: store, access: configuration.treeAccess).add(to: router)
        ServiceRoutes(readiness: readiness).add(to: router)
        DocsRoutes(publicURL: { bound.url }).add(to: router)
        if let settings = configuration.console {
            ConsoleRoutes(
                desk: ConsoleDesk(store: store, url: { bound.url }),
                flows: flows,
                proofs: proofs,
                readiness: readiness,
                tail: tails,
                exports: downloads,
                settings: settings,
                lines: lines,
                logger: logger
            ).add(to: router)
        }
        // A middleware is around what is added after it: nothing but the answer for no route.
        router.add(middleware: OtherMethods(router))
        return router
    }
}

/// How callers reach the service: configured, or known once the socket listens.
private final class BoundAddress: Sendable {
    private let value: Mutex<String>
    private let configuration: LedgerAPIConfiguration

    init(_ configuration: LedgerAPIConfiguration) {
        self.configuration = configuration
        value = Mutex(configuration.publicURL ?? Self.url(configuration, configuration.port))
    }

    /// An IPv6 address stands in brackets.
    private static func url(_ configuration: LedgerAPIConfiguration, _ port: Int) -> String {
        let host = configuration.host
        let scheme = configuration.tls == nil ? "http" : "https"
        return "\(scheme)://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    var url: String { value.withLock { $0 } }

    func set(port: Int) {
        guard configuration.publicURL == nil else { return }
        value.withLock { $0 = Self.url(configuration, port) }
    }
}

extension MetricFamily {
    fileprivate static let bodyBytesMax = gauge(
        "token_ledger_request_body_bytes_max",
        "How many bytes the body of a request may have, but for a finish"
    )
}

internal import BoundedServer
package import ConnectFlow
package import Hummingbird
internal import Ledger
package import LedgerStore
package import Logging
internal import Synchronization

/// Where the service listens, and how callers reach it.
package struct LedgerAPIConfiguration: Sendable {
    package let host: String
    /// 0 takes any free port.
    package let port: Int
    /// Stands in `finish_url`; nil means `http://host:port` as bound.
    package let publicURL: String?
    /// Who may read checkpoints and tiles.
    package let treeAccess: TreeAccess
    /// How much each caller may ask.
    package let rates: CallRates

    package init(
        host: String,
        port: Int,
        publicURL: String?,
        treeAccess: TreeAccess = .key,
        rates: CallRates = .usual
    ) {
        self.host = host
        self.port = port
        self.publicURL = publicURL
        self.treeAccess = treeAccess
        self.rates = rates
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
    private let configuration: LedgerAPIConfiguration
    private let logger: Logger

    package init(
        store: LedgerStore,
        readiness: Readiness,
        flows: ConnectFlows,
        configuration: LedgerAPIConfiguration,
        logger: Logger
    ) {
        self.store = store
        self.readiness = readiness
        self.flows = flows
        self.configuration = configuration
        self.logger = logger
    }

    /// The server as a service; its graceful shutdown finishes the requests under way.
    ///
    /// `onRunning` is told the port once the socket listens.
    package func service(
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let bound = BoundAddress(configuration)
        let door = OverloadDoor(store: store, readiness: readiness, logger: logger)
        var application = Application(
            router: router(bound, door),
            host: configuration.host,
            port: configuration.port,
            name: "api",
            limits: RequestLimits.server,
            door: door,
            onRunning: { port in
                bound.set(port: port)
                await onRunning(port)
            },
            logger: logger
        )
        application.addServices(door)
        return application
    }

    /// Method and path of every route, the path as OpenAPI writes it.
    package var routes: [(method: String, path: String)] {
        let door = OverloadDoor(store: store, readiness: readiness, logger: logger)
        return router(BoundAddress(configuration), door).routes.map { route in
            (route.method.rawValue, route.path.description)
        }
    }

    private func router(
        _ bound: BoundAddress,
        _ door: OverloadDoor
    ) -> Router<LedgerRequestContext> {
        let router = Router(
            context: LedgerRequestContext.self,
            options: .autoGenerateHeadEndpoints
        )
        router.add(middleware: DrainMiddleware(readiness: readiness))
        router.add(
            middleware: RequestMiddleware(
                clock: store.clock,
                limits: CallLimits(configuration.rates),
                lines: RefusalLines(logger: logger),
                door: door,
                logger: logger
            )
        )
        LaunchRoutes(store: store, flows: flows, publicURL: { bound.url }).add(to: router)
        FinishRoutes(store: store, flows: flows).add(to: router)
        TokenRoutes(store: store).add(to: router)
        UserRoutes(store: store, recovery: flows.recovery).add(to: router)
        EventRoutes(store: store).add(to: router)
        ExportRoutes(store: store, logger: logger).add(to: router)
        SearchRoutes(store: store).add(to: router)
        TreeRoutes(store: store, access: configuration.treeAccess).add(to: router)
        ServiceRoutes(readiness: readiness).add(to: router)
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
        return "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    var url: String { value.withLock { $0 } }

    func set(port: Int) {
        guard configuration.publicURL == nil else { return }
        value.withLock { $0 = Self.url(configuration, port) }
    }
}

import BoundedServer
package import Hummingbird
package import Logging
import ServiceLifecycle

/// The provider's side of Human Connect, for tests and first contact.
///
/// It speaks the part of Human API that an integrator sees: `connect.js`, the popup, the token
/// endpoints and the list of users. Everything in it is invented.
package struct Sandbox: Service {
    private let configuration: SandboxConfiguration
    private let logger: Logger
    private let onReady: @Sendable (_ port: Int) async -> Void
    private let provider: SandboxProvider
    private let log = RequestLog()

    /// Reads the state file, or makes it.
    ///
    /// - Parameters:
    ///   - configuration: where to listen, what to remember, which apps there are.
    ///   - logger: for the server's own messages.
    ///   - onReady: called with the port once the socket listens.
    /// - Throws: `SandboxError` when the state file cannot be used.
    package init(
        configuration: SandboxConfiguration,
        logger: Logger,
        onReady: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) throws(SandboxError) {
        self.configuration = configuration
        self.logger = logger
        self.onReady = onReady
        provider = try SandboxProvider(configuration: configuration)
    }

    /// All routes.
    ///
    /// The tests use it without a socket.
    package func router() -> Router<SandboxContext> {
        let router = Router(context: SandboxContext.self)
        let pages = SandboxPages()
        router.add(middleware: SandboxMiddleware(log: log))
        TokenRoutes(provider: provider, log: log).add(to: router)
        SessionRoutes(provider: provider, log: log).add(to: router)
        ApplicationRoutes(provider: provider, log: log).add(to: router)
        PopupRoutes(provider: provider, log: log, pages: pages).add(to: router)
        SandboxRoutes(
            provider: provider,
            log: log,
            pages: pages,
            publicURL: configuration.publicURL
        ).add(to: router)
        return router
    }

    /// Serves until it is told to stop.
    package func run() async throws {
        let application = Application(
            router: router(),
            host: configuration.host,
            port: configuration.port,
            name: "sandbox",
            limits: SandboxLimits.server,
            onRunning: onReady,
            logger: logger
        )
        try await application.run()
    }
}

package import HumanConnect
package import Logging
internal import NIOCore
package import ServiceLifecycle
internal import UnixSignals

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// How long-running services are run.
package enum ServiceRunner {
    /// How long the services may take to finish what they have begun; orchestrators kill after 30.
    private static let shutdownTimeMax: Duration = .seconds(25)

    /// A service under a name of its own: the name that it would get otherwise is its whole
    /// content.
    package static func named(
        _ name: String,
        _ service: any Service
    ) -> ServiceGroupConfiguration.ServiceConfiguration {
        ServiceGroupConfiguration.ServiceConfiguration(
            service: service,
            failureTerminationBehavior: .gracefullyShutdownGroup,
            serviceName: name
        )
    }

    /// A service that listens: who cannot start it is told which one it is.
    package static func server(
        _ name: String,
        _ service: any Service
    ) -> ServiceGroupConfiguration.ServiceConfiguration {
        named(name, Server(name: name, service: service))
    }

    /// Work whose end ends everything.
    package static func work(
        _ body: @escaping @Sendable () async throws -> Void
    ) -> ServiceGroupConfiguration.ServiceConfiguration {
        ServiceGroupConfiguration.ServiceConfiguration(
            service: Work(body: body),
            successTerminationBehavior: .gracefullyShutdownGroup,
            failureTerminationBehavior: .gracefullyShutdownGroup,
            serviceName: "work"
        )
    }

    /// Lends a client for the provider, and ends it afterwards in any case.
    package static func withProvider(
        _ body: (HumanConnectClient) async throws -> Void
    ) async throws {
        let provider = HumanConnectClient()
        do {
            try await body(provider)
        } catch {
            try? await provider.shutdown()
            throw error
        }
        try await provider.shutdown()
    }

    /// Runs services in the order of their dependence, which end in order at SIGTERM and SIGINT.
    ///
    /// - Throws: `StackError` when an address is taken or is not ours, or work was interrupted.
    package static func run(
        _ services: [ServiceGroupConfiguration.ServiceConfiguration],
        logger: Logger
    ) async throws {
        var quiet = logger
        // The group tells each of its steps; who wants to read them asks for more.
        if quiet.logLevel == .info { quiet.logLevel = .notice }
        var configuration = ServiceGroupConfiguration(
            services: services,
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: quiet
        )
        configuration.maximumGracefulShutdownDuration = shutdownTimeMax
        do {
            try await ServiceGroup(configuration: configuration).run()
        } catch is CancellationError {
            throw StackError.interrupted
        }
    }
}

/// A service that listens at an address, under the name by which people know it.
private struct Server: Service {
    let name: String
    let service: any Service

    func run() async throws {
        do {
            try await service.run()
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw StackError.portTaken(server: name)
        } catch let error as IOError where error.errnoCode == EADDRNOTAVAIL {
            throw StackError.hostIsElsewhere(server: name)
        }
    }
}

/// A piece of work as a service.
///
/// A shutdown cancels it; unless it ends in order then, it was interrupted.
private struct Work: Service {
    let body: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await body() }
    }
}

internal import Foundation
internal import Logging
internal import Postgres
internal import PostgresCluster
internal import SeededRandom
internal import Synchronization
internal import TestSupport
internal import Wire

/// One deployment that is tried: a PostgreSQL, the service in one or two copies, the provider, and
/// what stands between them.
final class World: Sendable {
    let program: String
    let folder: String
    let cluster: TestCluster
    let databaseLink: LossyProxy
    let providerLink: LossyProxy
    let provider: Provider
    let services: [ServiceProcess]
    let journal = Journal()
    let notes = Notes()
    let keys: [String]
    private let state = Mutex(State())

    private struct State {
        /// All users there ever were, each with the place of its app in the list of apps.
        var users: [(user: String, app: Int)] = []
        /// Where those of the round begin.
        var roundStart = 0
    }

    private init(
        _ program: String,
        folder: String,
        cluster: TestCluster,
        databaseLink: LossyProxy,
        providerLink: LossyProxy,
        provider: Provider,
        services: [ServiceProcess],
        keys: [String]
    ) {
        self.program = program
        self.folder = folder
        self.cluster = cluster
        self.databaseLink = databaseLink
        self.providerLink = providerLink
        self.provider = provider
        self.services = services
        self.keys = keys
    }

    /// Makes a world, lends it with everything running, and ends it.
    static func run<Value: Sendable>(
        _ program: String,
        for fault: Fault,
        on cluster: TestCluster,
        folder: String,
        _ body: (World) async throws -> Value
    ) async throws -> Value {
        let socket = "\(try await cluster.socketFolder())/.s.PGSQL.5432"
        return try await Provider.run { provider in
            let sandbox = LossyProxy.Address.port(UInt16(await provider.port))
            return try await LossyProxy.run(in: sandbox, overTCP: true) { providerLink in
                try await LossyProxy.run(in: .path(socket), overTCP: true) { databaseLink in
                    let setup = WorldSetup(
                        program: program,
                        fault: fault,
                        folder: folder,
                        cluster: cluster,
                        databaseLink: databaseLink,
                        providerLink: providerLink
                    )
                    let keys = try await setup.prepare(provider.apps)
                    let world = World(
                        program,
                        folder: folder,
                        cluster: cluster,
                        databaseLink: databaseLink,
                        providerLink: providerLink,
                        provider: provider,
                        services: try await setup.services(),
                        keys: keys
                    )
                    return try await world.lend(to: body)
                }
            }
        }
    }

    private func lend<Value: Sendable>(
        to body: (World) async throws -> Value
    ) async throws -> Value {
        let result: Result<Value, any Error>
        do {
            for service in services { try await service.start() }
            result = .success(try await body(self))
        } catch {
            result = .failure(error)
        }
        for service in services { try await service.kill() }
        return try result.get()
    }
}

// MARK: Visitors

extension World {
    /// Somebody new, who uses the app with the App Key mostly, and sometimes the one without.
    func newVisitor(_ random: inout SeededRandom, named name: String) -> Visitor {
        let app = Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0
        let user = state.withLock { state in
            let user = "\(provider.apps[app].clientID) \(name) \(state.users.count + 1)"
            state.users.append((user, app))
            return user
        }
        return visitor(user, app: app, seed: random.next())
    }

    /// The users of the round so far, each as a visitor; the next round begins with none.
    func takeTouched() -> [Visitor] {
        let touched = state.withLock { state in
            defer { state.roundStart = state.users.count }
            return state.users[state.roundStart...]
        }
        return touched.map { visitor($0.user, app: $0.app, seed: 0) }
    }

    /// All users there ever were, with their app.
    var users: [(user: String, app: Provider.App)] {
        state.withLock { $0.users }.map { ($0.user, provider.apps[$0.app]) }
    }

    private func visitor(_ user: String, app: Int, seed: UInt64) -> Visitor {
        // A user's visits all go to one copy, as with a proxy that keeps sessions together.
        let service = services[user.utf8.reduce(0) { ($0 * 31 + Int($1)) % services.count }]
        return Visitor(
            user: user,
            place: Visitor.Place(
                ledgerURL: service.url,
                key: keys[app],
                app: provider.apps[app],
                provider: provider,
                journal: journal,
                notes: notes
            ),
            seed: seed
        )
    }
}

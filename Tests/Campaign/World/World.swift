internal import SeededRandom
internal import Synchronization
internal import TestSupport

/// One deployment that is tried: a database, the service in some copies, the provider, and what
/// stands between them.
final class World: Sendable {
    let program: String
    let folder: String
    let database: WorldDatabase
    let providerLink: LossyProxy
    let provider: Provider
    let services: [ServiceProcess]
    let journal = Journal()
    let notes = Notes()
    let keys: [String]
    /// Whether each call of a visitor goes to another copy of the service.
    private let spreadsCalls: Bool
    private let state = Mutex(State())

    private struct State {
        /// All users there ever were, each with the place of its app in the list of apps.
        var users: [(user: String, app: Int)] = []
        /// Where those of the round begin.
        var roundStart = 0
    }

    private init(_ setup: WorldSetup, provider: Provider) async throws {
        program = setup.program
        folder = setup.folder
        database = setup.database
        providerLink = setup.providerLink
        spreadsCalls = setup.fault.spreadsCalls
        self.provider = provider
        keys = try await setup.prepare(provider.apps)
        services = try await setup.services()
    }

    /// Makes a world, lends it with everything running, and ends it.
    static func run<Value: Sendable>(
        _ program: String,
        for fault: Fault,
        on database: WorldDatabase,
        folder: String,
        _ body: (World) async throws -> Value
    ) async throws -> Value {
        try await Provider.run { provider in
            let sandbox = LossyProxy.Address.port(UInt16(await provider.port))
            return try await LossyProxy.run(in: sandbox, overTCP: true) { providerLink in
                let setup = WorldSetup(
                    program: program,
                    fault: fault,
                    folder: folder,
                    database: database,
                    providerLink: providerLink
                )
                let world = try await World(setup, provider: provider)
                return try await world.lend(to: body)
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

// MARK: Its database

extension World {
    /// The one server, for what is done to one; throws `CampaignError.otherDatabase` where there are several.
    var cluster: TestCluster {
        get throws { try single.cluster }
    }

    /// The link before it.
    var databaseLink: LossyProxy {
        get throws { try single.link }
    }

    private var single: (cluster: TestCluster, link: LossyProxy) {
        get throws {
            guard case .single(let cluster, let link) = database else {
                throw CampaignError.otherDatabase
            }
            return (cluster, link)
        }
    }

    /// The nodes, for what is done to several; throws `CampaignError.otherDatabase` where there is one.
    var nodes: ReplicatedCluster {
        get throws {
            guard case .replicated(let nodes) = database else { throw CampaignError.otherDatabase }
            return nodes
        }
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
        let first = user.utf8.reduce(0) { ($0 * 31 + Int($1)) % services.count }
        // Otherwise a user's visits all go to one copy, as with a proxy that keeps sessions together.
        let copies =
            spreadsCalls ? services[first...] + services[..<first] : services[first...first]
        return Visitor(
            user: user,
            place: Visitor.Place(
                ledgerURLs: copies.map(\.url),
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

internal import Postgres
internal import Synchronization

/// A look at one of the databases: whether a launch would be written there.
// An object that keeps what it finds: with Swift 6.3.1 an asynchronous function that is given, or gives back, so many
// words writes over what its caller holds (`CurrentRow`).
final class DatabaseLook: Sendable {
    private struct Found {
        var conditions: [ReadinessCondition] = []
        var isProbed = false
    }

    /// The number of the database.
    let place: Int
    private let store: LedgerStore
    private let probes: Bool
    private let found = Mutex(Found())

    init(at place: Int, of store: LedgerStore, probes: Bool) {
        self.place = place
        self.store = store
        self.probes = probes
    }

    /// What is to be told.
    var conditions: [ReadinessCondition] { found.withLock(\.conditions) }

    /// Whether a launch was tried in each of its logs, and would be written.
    var isProbed: Bool { found.withLock(\.isProbed) }

    private var pool: PostgresPool { store.pools.pools[place] }

    func run() async {
        do throws(PostgresError) {
            // What is said of a session that is not ours alone may be said of another one.
            guard try await !SessionCheck.areShared(pool, share: .lookups) else {
                return note([.sessionsShared])
            }
            note(try await ServerState.read(pool).conditions)
        } catch {
            return note(await DatabaseTrouble(error, pool, of: store).conditions())
        }
        guard probes, mayProbe else { return }
        let failed = await store.probe(place)
        found.withLock { found in
            found.conditions = failed + found.conditions
            found.isProbed = failed.isEmpty
        }
    }

    private func note(_ conditions: [ReadinessCondition]) {
        found.withLock { $0.conditions = conditions }
    }

    /// Where the reason is known already, a probe would tell nothing more.
    private var mayProbe: Bool {
        switch conditions.first {
        case .readOnlyServer, .rightsMissing: false
        default: !conditions.contains(.synchronousCommitOff)
        }
    }
}

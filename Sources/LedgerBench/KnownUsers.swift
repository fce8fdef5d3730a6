internal import LedgerStore
internal import Synchronization

/// One caller's users, each as it was after its last launch.
final class KnownUsers: Sendable {
    private struct State {
        var users: [StoredUser]
        var next = 0
    }

    private let state: Mutex<State>

    init(_ users: [StoredUser]) {
        state = Mutex(State(users: users))
    }

    /// Launches the users in turn.
    func launchNext(_ history: BenchHistory) async throws {
        let (index, user) = state.withLock { state in
            defer { state.next = (state.next + 1) % state.users.count }
            return (state.next, state.users[state.next])
        }
        let launched = try await history.launched(user)
        state.withLock { $0.users[index] = launched }
    }
}

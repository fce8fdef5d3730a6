internal import Ledger
internal import LedgerStore
internal import Synchronization

/// Connected users with tokens as long as real ones, written by the store's own appends.
///
/// Who is launched again while the first popup is open is asked for at the provider, so each is
/// launched once, in no order, and more are made when few are left.
final class Crowd: Sendable {
    private struct State {
        var count = 0
        /// The users that are not launched yet.
        var fresh: [Int] = []
        var wasUsedUp = false
    }

    private let history: BenchHistory
    private let prefix: String
    private let state = Mutex(State())

    init(_ history: BenchHistory, prefix: String) {
        self.history = history
        self.prefix = prefix
    }

    /// How many there are.
    var count: Int { state.withLock(\.count) }

    /// Makes as many users as are missing from so many, and shuffles them in; gives the new ones.
    @discardableResult
    func grow(to count: Int, keeps: Bool = false) async throws -> [StoredUser] {
        let first = self.count
        guard count > first else { return [] }
        let users = try await history.connect(first..<count, keeps: keeps) { self.name($0) }
        state.withLock { state in
            state.count = count
            state.fresh = (state.fresh + Array(first..<count)).shuffled()
        }
        return users
    }

    /// Makes more users unless so many are not launched yet.
    func reserve(_ fresh: Int) async throws {
        let left = state.withLock(\.fresh.count)
        if left < fresh { try await grow(to: count + fresh - left) }
    }

    /// One who was not launched before.
    func fresh() -> String {
        let number = state.withLock { state in
            if let number = state.fresh.popLast() { return number }
            state.wasUsedUp = true
            return 0
        }
        return name(number)
    }

    /// Throws when there were not enough of them, so that what was measured is something else.
    func check() throws(BenchError) {
        if state.withLock(\.wasUsedUp) { throw .usersUsedUp }
    }

    /// Anyone.
    func any() -> String { name(.random(in: 0..<count)) }

    private func name(_ number: Int) -> String { "\(prefix)-\(number)" }
}

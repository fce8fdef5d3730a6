internal import Postgres

/// What a probe or a question of readiness failed with.
// An object, as is `DatabaseLook`: an error is wide.
final class DatabaseTrouble: Sendable {
    private let error: PostgresError
    private let pool: PostgresPool
    private let store: LedgerStore

    init(_ error: PostgresError, _ pool: PostgresPool, of store: LedgerStore) {
        self.error = error
        self.pool = pool
        self.store = store
    }

    /// The condition that it is, in a list.
    func conditions() async -> [ReadinessCondition] {
        switch error.code {
        case .poolExhausted: return [.overloaded]
        case .timedOut:
            guard let holders = try? await store.holders(of: .log, pool) else {
                return [.databaseUnavailable]
            }
            return [.logLocked(holders: holders)]
        case .server(let state): return [Self.condition(of: state)]
        default: return [.databaseUnavailable]
        }
    }

    private static func condition(of state: SQLState) -> ReadinessCondition {
        switch (state, state.classCode) {
        case (.readOnly, _): .readOnlyServer(isStandby: false)
        case (.insufficientPrivilege, _): .rightsMissing(["what the database denies"])
        case (.diskFull, _): .diskFull
        case (.rootKeyChanged, _): .rootKeyChanged
        case (.logsChanged, _): .logsAdded
        case _ where state.isOfSharedSession: .sessionsShared
        case (_, "53"): .serverExhausted(sqlState: state.rawValue)
        // Class 58 is a server that answers and cannot read a file of its own.
        case (_, "08"), (_, "57"): .databaseUnavailable
        default: .appendRefused(sqlState: state.rawValue)
        }
    }
}

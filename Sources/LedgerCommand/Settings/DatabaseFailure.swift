import LedgerStore
import Postgres

/// Why the database of a command cannot be used, told apart for the person at the terminal.
enum DatabaseFailure {
    /// Does work on a database; when it fails because no connection can be made, says why.
    ///
    /// - Throws: `CommandError` then, and otherwise what the work throws.
    static func explaining<Value: Sendable>(
        _ database: PostgresConfiguration,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            guard let failure = await find(error, database) else { throw error }
            throw CommandError("The database cannot be reached: \(failure).")
        }
    }

    /// Why no connection could be made, if that is what happened.
    static func find(
        _ error: any Error,
        _ database: PostgresConfiguration
    ) async -> ConnectionFailure? {
        let cause: PostgresError? =
            switch error {
            case StoreOpeningError.database(let error): error
            case let error as PostgresError: error
            default: nil
            }
        guard cause?.code == .connectionFailed || cause?.code == .poolExhausted else { return nil }
        return await ConnectionFailure.diagnose(database)
    }
}

import LedgerStore
import Postgres

/// Why a database of a command cannot be used, told apart for the person at the terminal.
struct DatabaseFailure: CustomStringConvertible {
    private let failure: ConnectionFailure
    /// Which of several databases it is; nil where there is one.
    private let part: String?

    var description: String { part.map { "that of \($0): \(failure)" } ?? "\(failure)" }

    /// Whether it may pass by itself.
    var isPassing: Bool { failure.isPassing }

    /// Does work on databases; when it fails because no connection can be made, says why, and when
    /// they only read, that they do.
    ///
    /// - Throws: `CommandError` then, and otherwise what the work throws.
    static func explaining<Value: Sendable>(
        _ databases: DatabaseMap,
        _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch {
            if case .server(.readOnly)? = (error as? PostgresError)?.code {
                throw CommandError(
                    "The database only reads: name the primary in the connection string."
                )
            }
            guard let failure = await find(error, databases) else { throw error }
            throw CommandError("The database cannot be reached: \(failure).")
        }
    }

    /// Why no connection could be made, if that is what happened.
    static func find(
        _ error: any Error,
        _ databases: DatabaseMap
    ) async -> DatabaseFailure? {
        let cause: PostgresError? =
            switch error {
            case StoreOpeningError.database(let error): error
            case let error as PostgresError: error
            default: nil
            }
        guard cause?.code == .connectionFailed || cause?.code == .poolExhausted else { return nil }
        for part in databases.parts {
            guard let failure = await ConnectionFailure.diagnose(part.database) else { continue }
            return DatabaseFailure(failure: failure, part: databases.saysPairs ? part.name : nil)
        }
        return nil
    }
}

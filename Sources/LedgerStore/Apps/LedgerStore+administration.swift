internal import Ledger
internal import Postgres
internal import Vault

/// What became of a change to an app or an API key.
package enum AdministrationOutcome: Sendable, Equatable {
    case written
    /// Everything is so already; nothing was written.
    case unchanged
    /// Somebody changed it meanwhile; nothing was written.
    case conflict
}

extension LedgerStore {
    /// Runs one act of administration with the rights of the schema's owner, and lends its answer.
    ///
    /// Whoever has stolen the service's password must not be able to make keys that read tokens, nor
    /// to name another provider (docs/threats.md#t20).
    func administer<Value: Sendable>(
        _ statement: Statement,
        _ owner: PostgresConfiguration,
        decode: @Sendable (borrowing PostgresResult) throws(PostgresError) -> Value
    ) async throws(PostgresError) -> Value {
        let connection = try await PostgresConnection.connect(owner)
        let answer = try await connection.query(statement, decode: decode)
        await connection.close()
        directory.forget()
        return answer
    }

    /// The same for a function that says whether everything was still as it was known.
    func administerChange(
        _ statement: Statement,
        _ owner: PostgresConfiguration
    ) async throws(StoreError) -> AdministrationOutcome {
        do {
            let isWritten = try await administer(statement, owner) {
                result throws(PostgresError) in try result.bool(0, 0)
            }
            return isWritten ? .written : .conflict
        } catch {
            throw StoreError(error)
        }
    }

    /// The command of an act of administration, whose events are about the app itself and not
    /// counted.
    ///
    /// A single event may have a certain id. It stands in the log of administration, where it is not of what
    /// another log holds.
    func command(
        administering app: Identifier,
        clientID: String,
        _ events: [LedgerEvent],
        at time: Timestamp,
        _ context: RecordContext,
        id: Identifier? = nil,
        log: Log = .facts
    ) -> AppendCommand {
        AppendCommand(
            app: app,
            subject: app,
            expected: nil,
            time: time,
            state: nil,
            events: events.map { event in
                let record = Record(
                    id: id ?? clock.identifier(in: log),
                    clientID: clientID,
                    subject: nil,
                    time: time,
                    subjectVersion: nil,
                    context: context,
                    event: event
                )
                return AppendCommand.Event(record: record, bytes: record.encoded())
            }
        )
    }
}

internal import Ledger
internal import Postgres

/// A batch of commands as the one call of `ledger.append_events`.
struct AppendStatement {
    private(set) var statement: Statement

    init(_ commands: [AppendCommand], logID: Int32, rootKeyID: String) {
        statement = Statement(
            "append_events",
            """
            select verdict, first_position, claimed_kind
            from ledger.append_events($1, $2::ledger.append_command[])
            """,
            .int4(logID),
            .rowArray(commands.map { $0.row(rootKeyID: rootKeyID) })
        )
        #if CRASH_POINTS
        statement.whenSent = FinalizeCommit.whenSent(commands)
        #endif
    }

    /// The same call for one command, which answers its verdict alone and takes back what it did.
    static func probe(_ command: AppendCommand, logID: Int32, rootKeyID: String) -> Statement {
        Statement(
            "probe_append",
            "select ledger.probe_append($1, $2::ledger.append_command[])",
            .int4(logID),
            .rowArray([command.row(rootKeyID: rootKeyID)])
        )
    }

    /// Reads the verdicts, one per command.
    static func verdicts(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> [AppendVerdict?] {
        var verdicts: [AppendVerdict?] = []
        for row in 0..<result.rowCount {
            switch try result.text(row, 0) {
            case "appended": verdicts.append(.appended(position: try result.int8(row, 1)))
            case "repeated": verdicts.append(.repeated(position: try result.int8(row, 1)))
            case "conflict": verdicts.append(.conflict)
            default:
                let kind = LookupKind(rawValue: try result.textOrNil(row, 2) ?? "")
                verdicts.append(kind.map { .claimed($0) })
            }
        }
        return verdicts
    }
}

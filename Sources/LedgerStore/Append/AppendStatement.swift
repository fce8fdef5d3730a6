internal import Ledger
internal import Postgres
internal import Vault

/// A batch of commands as one call: of `ledger.append_single_events` where that takes them, else of
/// `ledger.append_events`, or of what also looks who holds the tokens that they bring along.
struct AppendStatement {
    private(set) var statement: Statement
    /// Whether the short way is gone, on which one that does not fit keeps all from being written.
    let isShort: Bool
    /// How many events each command has.
    private let eventCounts: [Int]

    /// Makes the call for at least one command.
    ///
    /// `tellsEach` says that each must be told what becomes of it, which takes the long way.
    init(_ commands: [AppendCommand], log: Log, vault: Vault, tellsEach: Bool = false) {
        eventCounts = commands.map(\.events.count)
        let isCounted = commands.first?.expected != nil
        isShort =
            !tellsEach && eventCounts.reduce(0, +) <= StoreLimits.shortEventsMax
            && commands.allSatisfy { $0.isShort && ($0.expected != nil) == isCounted }
        statement =
            isShort
            ? Statement(
                "append_single_events",
                """
                select first_position, array_to_string(conflicts, ' ')
                from ledger.append_single_events($1, $2::ledger.append_single[], $3)
                """,
                .int4(log.id),
                .rowArray(commands.flatMap { $0.singleRows(log, vault) }),
                .bytea(vault.databaseSecret)
            ) : Self.long(commands, log, vault)
        #if CRASH_POINTS
        statement.whenSent = FinalizeCommit.whenSent(commands)
        #endif
    }

    private static func long(_ commands: [AppendCommand], _ log: Log, _ vault: Vault) -> Statement {
        let rows = PostgresParameter.rowArray(commands.map { $0.row(log, vault) })
        let unheld = commands.enumerated().flatMap { index, command in
            command.unheld.map { $0.row(of: index + 1) }
        }
        guard !unheld.isEmpty else {
            return Statement(
                "append_events",
                """
                select verdict, first_position, claimed_kind
                from ledger.append_events($1, $2::ledger.append_command[], $3)
                """,
                .int4(log.id),
                rows,
                .bytea(vault.databaseSecret)
            )
        }
        return Statement(
            "append_unheld_tokens",
            """
            select verdict, first_position, claimed_kind
            from ledger.append_unheld_tokens($1, $2::ledger.append_command[],
                $3::ledger.unheld_token[], $4)
            """,
            .int4(log.id),
            rows,
            .rowArray(unheld),
            .bytea(vault.databaseSecret)
        )
    }

    /// Whether the server's refusal only says that the batch must go the long way.
    func mustGoLong(_ state: SQLState) -> Bool {
        isShort && (state == .uniqueViolation || state == Self.unfit)
    }

    /// Some command of the batch does not fit.
    private static let unfit = SQLState(rawValue: "LG009")

    /// Appends one command as a launch would be, and takes it back.
    static func probe(_ command: AppendCommand, log: Log, vault: Vault) -> Statement {
        Statement(
            "probe_append",
            "select ledger.probe_append($1, $2::ledger.append_single[], $3)",
            .int4(log.id),
            .rowArray(command.singleRows(log, vault)),
            .bytea(vault.databaseSecret)
        )
    }

    /// Reads what became of each command.
    ///
    /// Nil says that nothing was written of it, and that the long way tells why.
    func verdicts(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> [AppendVerdict?] {
        guard isShort else { return try Self.verdicts(result) }
        var position = try result.int8(0, 0)
        // Only counted commands conflict, which have one event each.
        let conflicts = try result.textOrNil(0, 1) ?? ""
        let refused = Set(conflicts.split(separator: " ").compactMap { Int($0) })
        return eventCounts.enumerated().map { index, count in
            guard !refused.contains(index + 1) else { return nil }
            defer { position += Int64(count) }
            return .appended(position: position)
        }
    }

    private static func verdicts(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> [AppendVerdict?] {
        var verdicts: [AppendVerdict?] = []
        for row in 0..<result.rowCount {
            switch try result.text(row, 0) {
            case "appended": verdicts.append(.appended(position: try result.int8(row, 1)))
            case "repeated": verdicts.append(.repeated(position: try result.int8(row, 1)))
            case "conflict": verdicts.append(.conflict)
            case let refused:
                let kind = LookupKind(rawValue: try result.textOrNil(row, 2) ?? "")
                verdicts.append(kind.map { refused == "fenced" ? .fenced($0) : .claimed($0) })
            }
        }
        return verdicts
    }
}

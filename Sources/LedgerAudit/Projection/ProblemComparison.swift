internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// An event that says something of a problem, with its place.
struct ProblemEvent: Sendable {
    let place: ProblemPlace
    let position: Int64
    let record: Record
}

/// Compares the rows of problems with what a log of facts gives up to where it was folded.
struct ProblemComparison: Sendable {
    let log: Log
    let connection: PostgresConnection
    /// Tells which records the service wrote; others say nothing.
    let vault: Vault?

    /// Every event before this position is in the rows.
    func progress() async throws(PostgresError) -> Int64 {
        try await connection.firstRow(
            Statement(
                "compare_problem_progress",
                "select next_position from ledger.problem_progress where log_id = $1",
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in try result.int8(row, 0) } ?? 0
    }

    /// Those of some users and endpoints whose rows are not what their events give up to a position.
    func differing(
        _ events: [ProblemPlace: [ProblemEvent]],
        at position: Int64
    ) async throws(PostgresError) -> Set<ProblemPlace> {
        guard !events.isEmpty else { return [] }
        let stored = try await rows(LedgerStore.statement(Array(events.keys), log))
        return Set(
            events.keys.filter { place in
                let due = Self.fold(events[place] ?? [], at: position).problems.values
                let found = stored[place] ?? []
                return found.count != due.count
                    || !due.allSatisfy { problem in found.contains { $0 == problem } }
            }
        )
    }

    /// The problems that events give up to a position.
    static func fold(_ events: [ProblemEvent], at position: Int64) -> ProblemFold {
        var fold = ProblemFold()
        for event in events where event.position < position {
            fold.apply(event.record, at: event.position)
        }
        return fold
    }

    /// The rows of a statement, by whose they are; nil stands for one that no fold gives.
    private func rows(
        _ statement: Statement
    ) async throws(PostgresError) -> [ProblemPlace: [TrackedProblem?]] {
        let rows = try await connection.rows(statement) {
            result,
            row throws(PostgresError) -> (ProblemPlace, TrackedProblem?) in
            let place = ProblemPlace(
                app: Identifier(value: try result.uuid(row, 0)),
                about: Identifier(value: try result.uuid(row, 1))
            )
            return (place, try StoredProblem.read(result, row)?.problem)
        }
        return Dictionary(grouping: rows) { $0.0 }.mapValues { $0.map { $0.1 } }
    }

    /// The events of endpoints in a stretch of the log, as far as the service wrote them.
    func endpointEvents(
        _ positions: Range<Int64>
    ) async throws(PostgresError) -> [ProblemEvent] {
        try await connection.rows(
            Statement(
                "compare_problem_events",
                """
                select position, record, mac, event_id, app_id, subject, subject_version
                from ledger.event
                where log_id = $1 and position >= $2 and position < $3 and type = any ($4)
                    and subject is null
                order by position
                """,
                .int4(log.id),
                .int8(positions.lowerBound),
                .int8(positions.upperBound),
                .textArray(ProblemFold.types)
            )
        ) { [vault, log] result, row throws(PostgresError) -> ProblemEvent? in
            guard vault?.hasWritten(result, row, from: 1, logID: log.id) != false,
                let record = try? Record(decoding: try result.bytes(row, 1)),
                let about = ProblemFold.about(record)
            else { return nil }
            let app = Identifier(value: try result.uuid(row, 4))
            return ProblemEvent(
                place: ProblemPlace(app: app, about: about),
                position: try result.int8(row, 0),
                record: record
            )
        }.compactMap { $0 }
    }

    /// Of whom there are rows of problems and no events: a page of users and endpoints, after one.
    ///
    /// `endpoints` are those of which there are events.
    func ofNobody(
        after last: ProblemPlace?,
        endpoints: Set<ProblemPlace>
    ) async throws(PostgresError) -> (places: [ProblemPlace], last: ProblemPlace?) {
        let page = try await connection.rows(
            Statement(
                "compare_problem_orphans",
                """
                select p.app_id, p.about, exists (
                    select from vault.user_state s
                    where s.log_id = $3 and s.app_id = p.app_id and s.subject = p.about)
                from (
                    select distinct app_id, about from ledger.problem
                    where log_id = $3 and (app_id, about) > ($1, $2)
                    order by app_id, about limit 5000
                ) as p
                order by p.app_id, p.about
                """,
                .uuid(last?.app.value ?? 0),
                .uuid(last?.about.value ?? 0),
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) -> (place: ProblemPlace, isUser: Bool) in
            let place = ProblemPlace(
                app: Identifier(value: try result.uuid(row, 0)),
                about: Identifier(value: try result.uuid(row, 1))
            )
            return (place, try result.bool(row, 2))
        }
        return (
            page.filter { !$0.isUser && !endpoints.contains($0.place) }.map(\.place),
            page.last?.place
        )
    }

    /// Whether the numbers that are kept beside the rows are theirs; to be asked in one snapshot, or while
    /// nobody writes.
    func hasRightCounts() async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement(
                "compare_problem_counts",
                """
                select not exists (
                    select from (
                        select app_id, kind, state, count(*) as count
                        from ledger.problem where log_id = $1 group by app_id, kind, state
                    ) as counted
                    full join (
                        select app_id, kind, state, count
                        from ledger.problem_count where log_id = $1 and count <> 0
                    ) as kept using (app_id, kind, state)
                    where counted.count is distinct from kept.count)
                """,
                .int4(log.id)
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }
}

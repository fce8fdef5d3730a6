package import Ledger
package import Postgres

extension LedgerStore {
    /// A page of an app's problems, from before the positions of openings, one for each log where they may be.
    ///
    /// One that is open all the time stays where it is, so nobody who pages misses it; one that comes
    /// again meanwhile is at the front. Across logs the times of openings decide.
    package func problems(
        of app: StoredApp,
        _ query: ProblemQuery,
        before places: LogPlaces? = nil,
        limit: Int
    ) async throws(StoreError) -> ProblemPage {
        let logs = logs(.facts, about: query.about)
        var until: [Int64] = []
        var stretches: [LogMerge<ListedProblem>.Stretch] = []
        for (index, log) in logs.enumerated() {
            let next = try await problemProgress(log).next
            until.append(next)
            let before = places?.reached[index].next ?? .max
            // One more than is shown tells whether there are more.
            let rows = try await bulk[log].rows(statement(app, query, log, before, limit + 1)) {
                result,
                row throws(PostgresError) in
                ListedProblem(
                    stored: try StoredProblem.read(result, row),
                    opened: try result.int8(row, 9)
                )
            }
            stretches.append(
                LogMerge<ListedProblem>.Stretch(
                    rows,
                    next: rows.last?.opened ?? before,
                    isAtEnd: rows.count <= limit
                )
            )
        }
        let merge = LogMerge(stretches, .newestFirst, limit: limit) {
            $0.stored?.problem.opened.time
        }
        let open = LogPlaces(
            until.indices.map { index in
                let first = places?.reached[index] ?? LogPlaces.Reached(next: until[index])
                return merge.last(index).map { LogPlaces.Reached(next: $0.opened) } ?? first
            }
        )
        var next: LogPlaces?
        if !merge.isAtEnd { next = logs.count == 1 ? open : try await known(open, in: logs) }
        return ProblemPage(
            // Every row was counted, also one that cannot be read.
            problems: merge.elements.compactMap { $0.stored?.problem },
            next: next,
            logs: logs,
            until: until
        )
    }

    /// How many events were not taken into account when a page was read.
    package func events(behind page: ProblemPage) async throws(StoreError) -> Int64 {
        try await zip(ends(of: page.logs), page.until).reduce(0) { $0 + $1.0 - $1.1 }
    }

    private func statement(
        _ app: StoredApp,
        _ query: ProblemQuery,
        _ log: Log,
        _ position: Int64,
        _ limit: Int
    ) -> Statement {
        let kinds = query.kinds.isEmpty ? ProblemKind.allCases : query.kinds
        let states = query.states.isEmpty ? TrackedProblem.State.allCases : query.states
        let parameters: [PostgresParameter] = [
            .uuid(app.id.value),
            .textArray(kinds.map(\.rawValue)),
            .textArray(states.map(\.rawValue)),
            .int8(position),
            .int8(Int64(limit)),
            .int4(log.id),
        ]
        guard let about = query.about else {
            // So many of each kind and state at most are read, in the order of the index.
            return Statement(
                "problems",
                """
                select p.app_id, p.about, p.kind, p.state, p.reason, p.occurrences, p.openings,
                    p.first_position, p.first_at, p.opened_position, p.opened_at, p.last_position,
                    p.last_at, p.changed_at, p.muted_by, array_to_string(p.finalizes, ' '),
                    array_to_string(p.positions, ' ')
                from unnest($2::text[]) as k (kind) cross join unnest($3::text[]) as s (state)
                cross join lateral (
                    select * from ledger.problem one
                    where one.log_id = $6 and one.app_id = $1 and one.kind = k.kind
                        and one.state = s.state and one.opened_position < $4
                    order by one.opened_position desc limit $5
                ) as p
                order by p.opened_position desc limit $5
                """,
                parameters
            )
        }
        return Statement(
            "problems_about",
            """
            select app_id, about, kind, state, reason, occurrences, openings, first_position,
                first_at, opened_position, opened_at, last_position, last_at, changed_at, muted_by,
                array_to_string(finalizes, ' '), array_to_string(positions, ' ')
            from ledger.problem
            where log_id = $6 and app_id = $1 and about = $7 and kind = any ($2) and state = any ($3)
                and opened_position < $4
            order by opened_position desc limit $5
            """,
            parameters + [.uuid(about.value)]
        )
    }

    /// The app's problem of this name; nil where there is none.
    package func problem(
        _ name: ProblemName,
        of app: StoredApp
    ) async throws(StoreError) -> TrackedProblem? {
        guard let log = logs.log(of: name.about) else { return nil }
        let place = ProblemPlace(app: app.id, about: name.about)
        return try await problems(at: [place], log).first { $0.problem.name == name }?.problem
    }

    /// All problems of some users and endpoints of a log.
    func problems(
        at places: [ProblemPlace],
        _ log: Log
    ) async throws(StoreError) -> [StoredProblem] {
        try await bulk[log].rows(Self.statement(places, log)) { result, row throws(PostgresError) in
            try StoredProblem.read(result, row)
        }.compactMap { $0 }
    }

    /// Asks for all problems of some users and endpoints of a log, as `StoredProblem.read` wants them.
    package static func statement(_ places: [ProblemPlace], _ log: Log) -> Statement {
        Statement(
            "problems_at",
            """
            select p.app_id, p.about, p.kind, p.state, p.reason, p.occurrences, p.openings,
                p.first_position, p.first_at, p.opened_position, p.opened_at, p.last_position,
                p.last_at, p.changed_at, p.muted_by, array_to_string(p.finalizes, ' '),
                array_to_string(p.positions, ' ')
            from unnest($1::uuid[], $2::uuid[]) as named (app_id, about)
            join ledger.problem p on p.log_id = $3 and p.app_id = named.app_id
                and p.about = named.about
            """,
            .uuidArray(places.map(\.app.value)),
            .uuidArray(places.map(\.about.value)),
            .int4(log.id)
        )
    }

    /// How many problems an app has, or all apps have, by kind and state; none where none is named.
    ///
    /// The numbers are kept beside the rows: nothing is counted here.
    package func problemCounts(
        of app: StoredApp?
    ) async throws(StoreError) -> [ProblemCount] {
        var counts: [ProblemKind: [TrackedProblem.State: Int64]] = [:]
        for log in logs.list(.facts) {
            let rows = try await bulk[log].rows(Self.problemCounts(of: app, log)) {
                result,
                row throws(PostgresError) -> ProblemCount? in
                guard let kind = ProblemKind(rawValue: try result.text(row, 0)),
                    let state = TrackedProblem.State(rawValue: try result.text(row, 1))
                else { return nil }
                return ProblemCount(kind: kind, state: state, count: try result.int8(row, 2))
            }
            for count in rows.compactMap(\.self) {
                counts[count.kind, default: [:]][count.state, default: 0] += count.count
            }
        }
        return counts.flatMap { kind, ofKind in
            ofKind.map { ProblemCount(kind: kind, state: $0.key, count: $0.value) }
        }.sorted { ($0.kind.rawValue, $0.state.rawValue) < ($1.kind.rawValue, $1.state.rawValue) }
    }

    private static func problemCounts(of app: StoredApp?, _ log: Log) -> Statement {
        Statement(
            "problem_counts",
            """
            select kind, state, sum(count)::bigint from ledger.problem_count
            where log_id = $2 and ($1::uuid is null or app_id = $1)
            group by kind, state having sum(count) <> 0
            """,
            .uuid(app?.id.value),
            .int4(log.id)
        )
    }

    /// Up to which position a log of facts was folded, and how long it is.
    package func problemProgress(_ log: Log) async throws(StoreError) -> (next: Int64, size: Int64)
    {
        let row = try await bulk[log].firstRow(
            Statement(
                "problem_progress",
                """
                select p.next_position, l.size
                from ledger.problem_progress p join ledger.log l on l.log_id = p.log_id
                where p.log_id = $1
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in
            (next: try result.int8(row, 0), size: try result.int8(row, 1))
        }
        guard let row else { throw .damaged(.state) }
        return row
    }
}

/// A row of a list.
private struct ListedProblem: Sendable {
    /// Nil where no fold gives it.
    let stored: StoredProblem?
    /// The position of its opening, by which the list goes on.
    let opened: Int64
}

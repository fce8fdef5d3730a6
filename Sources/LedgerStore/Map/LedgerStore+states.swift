internal import Ledger
internal import MerkleLog
internal import Postgres
internal import StateMap

/// Those to whom something happened in a stretch of the log of facts, in one snapshot.
struct ChangedStates: Sendable {
    /// How long the log was.
    var size: Int64 = 0
    /// The leaf hash of the event before the stretch; nil where there is none.
    var before: MerkleHash?
    /// That of its last event.
    var last: MerkleHash?
    /// One for each, from the rows as they were at `size`.
    var outcomes: [MapMaker.Outcome] = []
    /// Whether somebody is of an app that was not known.
    var hasUnknownApp = false
}

/// A stretch of the rows of the projection, in their order.
struct StateStretch: Sendable {
    struct Place: Sendable {
        let app: UInt128
        let subject: UInt128
    }

    /// The place before its first.
    let after: Place
    let last: Place
}

extension LedgerStore {
    /// Cuts all rows of the projection of a log into stretches of so many.
    ///
    /// They cover every row, also those that are written meanwhile.
    func stateStretches(
        _ log: Log,
        of count: Int64,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [StateStretch] {
        let bounds = try await pool.rows(
            Statement(
                "state_bounds",
                """
                select s.app_id, s.subject from (
                    select app_id, subject, row_number() over (order by app_id, subject) as number
                    from vault.user_state where log_id = $1
                ) as s
                where s.number % $2 = 0 order by s.app_id, s.subject
                """,
                .int4(log.id),
                .int8(count)
            )
        ) { result, row throws(PostgresError) in
            StateStretch.Place(app: try result.uuid(row, 0), subject: try result.uuid(row, 1))
        }
        var stretches: [StateStretch] = []
        var after = StateStretch.Place(app: 0, subject: 0)
        for bound in bounds + [StateStretch.Place(app: .max, subject: .max)] {
            stretches.append(StateStretch(after: after, last: bound))
            after = bound
        }
        return stretches
    }

    /// Whose rows are in a stretch.
    func users(
        in stretch: StateStretch,
        _ log: Log,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [MapUser] {
        try await pool.rows(
            Statement(
                "stretch_users",
                """
                select app_id, subject from vault.user_state
                where log_id = $1 and (app_id, subject) > ($2, $3) and (app_id, subject) <= ($4, $5)
                """,
                .int4(log.id),
                .uuid(stretch.after.app),
                .uuid(stretch.after.subject),
                .uuid(stretch.last.app),
                .uuid(stretch.last.subject)
            )
        ) { result, row throws(PostgresError) in
            MapUser(
                app: Identifier(value: try result.uuid(row, 0)),
                subject: Identifier(value: try result.uuid(row, 1))
            )
        }
    }

    /// What the rows of a stretch give, with names.
    func states(
        _ stretch: StateStretch,
        _ maker: MapMaker,
        _ pool: PostgresPool
    ) async throws -> [MapMaker.Outcome] {
        let read = try await pool.rows(Self.statement(stretch, maker.facts)) {
            result,
            row throws(PostgresError) in
            let current = try Self.current(result, row)
            // Made here, on the connection's own queue: the keeper of the maps goes on meanwhile.
            return Result { () throws(StoreError) -> MapMaker.Outcome? in
                // Of an app that was added meanwhile: what made the row comes by its position.
                guard let state = current.row, maker.knows(state.user.app) else { return nil }
                guard let event = current.event else { return .unsound(state.user) }
                guard case .entry(var entry) = try maker.outcome(state, event) else {
                    return .unsound(state.user)
                }
                entry.name = try maker.name(of: entry)
                return .entry(entry)
            }
        }
        return try read.compactMap { try $0.get() }
    }

    /// A user's row, with the user's newest event.
    func stateRow(of user: MapUser, _ log: Log) async throws(PostgresError) -> CurrentRow {
        let place = StateStretch.Place(app: user.app.value, subject: user.subject.value)
        // No subject is 0.
        let before = StateStretch.Place(app: place.app, subject: max(place.subject, 1) - 1)
        let found = try await pools[log].rows(
            Self.statement(StateStretch(after: before, last: place), log),
            share: .bulk
        ) { result, row throws(PostgresError) in try Self.current(result, row) }
        return found.first ?? CurrentRow(nil, nil)
    }

    static func statement(_ stretch: StateStretch, _ log: Log) -> Statement {
        Statement(
            "read_states",
            """
            select app_id, subject, subject_version, state, state_mac, wrapped_key,
                client_user_id, event_version, "position", record
            from vault.read_states($1, $2, $3, $4, $5)
            """,
            .int4(log.id),
            .uuid(stretch.after.app),
            .uuid(stretch.after.subject),
            .uuid(stretch.last.app),
            .uuid(stretch.last.subject)
        )
    }

    private static func current(
        _ result: borrowing PostgresResult,
        _ row: Int
    ) throws(PostgresError) -> CurrentRow {
        let state = try StateRow(result, row, from: 0)
        guard let state, let version = try result.int8OrNil(row, 7) else {
            return CurrentRow(state, nil)
        }
        let event = NewestEvent(
            user: state.user,
            version: version,
            position: try result.int8(row, 8),
            leaf: MerkleHash(leaf: try result.bytes(row, 9))
        )
        return CurrentRow(state, event)
    }

    /// What happened to whom from a position on, before another one.
    func changedStates(
        _ positions: Range<Int64>,
        _ maker: MapMaker,
        _ pool: PostgresPool
    ) async throws -> ChangedStates {
        let read = try await pool.query(Self.changes(positions, maker.facts)) {
            result throws(PostgresError) in
            var changed = ChangedStates()
            var outcomes: [Result<MapMaker.Outcome, StoreError>] = []
            for row in 0..<result.rowCount {
                if row == 0 {
                    changed.before = try result.bytesOrNil(row, 0).map { MerkleHash(leaf: $0) }
                    changed.last = try result.bytesOrNil(row, 1).map { MerkleHash(leaf: $0) }
                    changed.size = try result.int8(row, 2)
                }
                guard let position = try result.int8OrNil(row, 11) else { continue }
                let event = NewestEvent(
                    user: MapUser(
                        app: Identifier(value: try result.uuid(row, 3)),
                        subject: Identifier(value: try result.uuid(row, 4))
                    ),
                    version: try result.int8(row, 10),
                    position: position,
                    leaf: MerkleHash(leaf: try result.bytes(row, 12))
                )
                guard maker.knows(event.user.app) else {
                    changed.hasUnknownApp = true
                    continue
                }
                let state = try StateRow(result, row, from: 3)
                outcomes.append(
                    Result { () throws(StoreError) in try maker.outcome(state, event) }
                )
            }
            return (changed, outcomes)
        }
        var changed = read.0
        changed.outcomes = try read.1.map { try $0.get() }
        return changed
    }

    static func changes(_ positions: Range<Int64>, _ log: Log) -> Statement {
        Statement(
            "read_changed_states",
            """
            select before, last, size, app_id, subject, subject_version, state, state_mac,
                wrapped_key, client_user_id, event_version, "position", record
            from vault.read_changed_states($1, $2, $3)
            """,
            .int4(log.id),
            .int8(positions.lowerBound),
            .int8(positions.upperBound)
        )
    }

    /// The `clientId` of every app.
    func clientIDs(_ pool: PostgresPool) async throws(PostgresError) -> [Identifier: String] {
        let apps = try await pool.rows(
            Statement("client_ids", "select app_id, client_id from ledger.app")
        ) { result, row throws(PostgresError) in
            (Identifier(value: try result.uuid(row, 0)), try result.text(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: apps)
    }

    /// How many users came in a stretch of the log: first events, as far as the service wrote them.
    func newcomers(
        _ positions: Range<Int64>,
        _ log: Log,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> Int {
        var count = 0
        var position = positions.lowerBound
        while position < positions.upperBound {
            let end = min(position + StoreLimits.mapEventsMax, positions.upperBound)
            let genuine = try await pool.rows(
                Statement(
                    "first_events",
                    """
                    select log_id, position, record, mac, event_id, app_id, subject,
                        subject_version
                    from ledger.event
                    where log_id = $1 and position >= $2 and position < $3
                        and subject_version = 1
                    """,
                    .int4(log.id),
                    .int8(position),
                    .int8(end)
                )
            ) { [vault] result, row throws(PostgresError) in
                try !StoredEvent(result, row, vault).isForged
            }
            count += genuine.count { $0 }
            position = end
        }
        return count
    }

    /// A user's state before a position, as the log tells it; `isListed` as for `pages(of:isListed:)`.
    func foldedState(
        of user: MapUser,
        _ log: Log,
        before end: Int64,
        isListed: Bool = false
    ) async throws(StoreError) -> FoldedState {
        let folded = try await fold(user, log, before: end, isListed)
        guard folded.lacksSome else { return FoldedState(folded.held) }
        // What the map holds of an earlier moment has popups that are cold.
        let history = try await coldHistory(of: log)
        if end < history.gapsBefore, let stretch = history.cold.last {
            throw .cold(ColdPlace(log: log, before: history.gapsBefore, export: stretch.export))
        }
        // Launches may have gone between two pages.
        let again = try await fold(user, log, before: end, isListed)
        guard again.held == folded.held else { throw .unavailable }
        return FoldedState(folded.held)
    }

    private func fold(
        _ user: MapUser,
        _ log: Log,
        before end: Int64,
        _ isListed: Bool
    ) async throws(StoreError) -> StateFold {
        let fold = StateFold(before: end)
        var pages = HistoryReader(
            self,
            of: user.subject,
            in: user.app,
            log: log,
            isListed: isListed
        )
        while let page = try await pages.next() {
            guard try fold.take(page) else { break }
        }
        return fold
    }
}

internal import Ledger
internal import Postgres
internal import Vault

/// Values of an app in a log that may be dropped: those of all tokens that were replaced until then.
struct SupersededValues: Sendable {
    let log: Log
    let app: Identifier
    let clientID: String
    let until: Timestamp
    let count: Int64
}

extension LedgerStore {
    /// The values whose grace is over, so many of each app and log as one drop takes, the oldest first.
    ///
    /// Those in a database that is away are left out.
    func supersededValues(by time: Timestamp) async throws(StoreError) -> [SupersededValues] {
        var values: [SupersededValues] = []
        var passedOver = PassedOver()
        for log in logs.list(.facts) {
            do {
                values += try await supersededValues(log, by: time)
            } catch {
                try passedOver.add(error)
            }
        }
        try passedOver.end(of: logs.pairs)
        return values
    }

    private func supersededValues(
        _ log: Log,
        by time: Timestamp
    ) async throws(StoreError) -> [SupersededValues] {
        let statement = Self.supersededValues(log, by: time)
        return try await bulk[log].rows(statement) { result, row throws(PostgresError) in
            SupersededValues(
                log: log,
                app: Identifier(value: try result.uuid(row, 0)),
                clientID: try result.text(row, 1),
                until: Timestamp(microseconds: try result.timestamptz(row, 2)),
                count: try result.int8(row, 3)
            )
        }
    }

    /// By this copy's clock as well as by the server's: then the event's own time says that they were
    /// due.
    static func supersededValues(_ log: Log, by time: Timestamp) -> Statement {
        Statement(
            "superseded_values",
            """
            select a.app_id, a.client_id, due.until, due.count
            from ledger.app a cross join lateral (
                select max(v.superseded_at) as until, count(*) as count from (
                    select superseded_at from vault.value
                    where log_id = $3 and app_id = a.app_id and superseded_at <=
                        least($1, now()) - make_interval(secs => a.superseded_grace_seconds)
                    order by superseded_at fetch first $2 rows with ties
                ) as v
            ) as due
            where due.count > 0 order by a.app_id
            """,
            .timestamptz(microsecondsSince1970: time.microseconds),
            .int8(StoreLimits.droppedValuesMax),
            .int4(log.id)
        )
    }

    /// Drops values, and writes the event that says so, or neither
    /// (docs/decisions/0046-superseded-values-are-dropped.md).
    ///
    /// False when others are due meanwhile than those: another copy was faster, or the app has
    /// changed its mind. Throws `.damaged` when the service did not write the row of one of their
    /// users: then nobody knows whether the token was replaced at all
    /// (docs/decisions/0050-records-and-states-bear-a-mac.md).
    func drop(_ values: SupersededValues) async throws(StoreError) -> Bool {
        guard let app = try await app(values.app) else { throw .damaged(.value) }
        let users = try await found(
            try await owners(of: values).map {
                PlacedUser(log: values.log, subject: $0).question(app)
            },
            of: app
        )
        for user in users { _ = try user.get() }
        do {
            return try await bulk[values.log].retried(drop(values)) {
                result throws(PostgresError) in
                try result.bool(0, 0)
            }
        } catch {
            throw StoreError(error)
        }
    }

    private func owners(of values: SupersededValues) async throws(StoreError) -> [Identifier] {
        try await bulk[values.log].rows(Self.owners(of: values)) {
            result,
            row throws(PostgresError) in
            Identifier(value: try result.uuid(row, 0))
        }
    }

    static func owners(of values: SupersededValues) -> Statement {
        Statement(
            "superseded_owners",
            """
            select distinct subject from vault.value
            where log_id = $3 and app_id = $1 and superseded_at <= $2
            """,
            .uuid(values.app.value),
            .timestamptz(microsecondsSince1970: values.until.microseconds),
            .int4(values.log.id)
        )
    }

    func drop(_ values: SupersededValues) -> Statement {
        let command = command(
            administering: values.app,
            clientID: values.clientID,
            [.valuesDropped(count: values.count, until: values.until)],
            at: clock.now(),
            RecordContext(actor: "service"),
            log: values.log
        )
        return Statement(
            "drop_superseded",
            "select ledger.drop_superseded($1, $2, $3, $4, $5::ledger.append_command, $6)",
            .int4(values.log.id),
            .uuid(values.app.value),
            .timestamptz(microsecondsSince1970: values.until.microseconds),
            .int8(values.count),
            .row(command.row(values.log, vault)),
            .bytea(vault.databaseSecret)
        )
    }

    /// Whether an event says that the value of a past token was dropped; without one it is lost.
    func isDropped(
        _ kind: TokenKind,
        version: Int64,
        of user: StoredUser
    ) async throws(StoreError) -> Bool {
        guard let until = try await droppedUntil(user.app, user.log) else { return false }
        let holding = try await holdings(of: user).first {
            $0.kind == kind && $0.version == version
        }
        guard let replaced = holding?.until else { return false }
        return replaced.time <= until
    }

    /// Until when tokens were replaced whose values the app's last drop in a log took.
    private func droppedUntil(
        _ app: Identifier,
        _ log: Log
    ) async throws(StoreError) -> Timestamp? {
        let drops = try await database[log].rows(Self.lastDrops(of: app, log), decode)
        guard let drop = drops.first(where: { !$0.isForged }) else { return nil }
        guard case .valuesDropped(_, let until) = try drop.record().event else {
            throw .damaged(.record)
        }
        return until
    }

    /// More than one, for the last ones may be somebody else's.
    static func lastDrops(of app: Identifier, _ log: Log) -> Statement {
        Statement(
            "last_drops",
            """
            select log_id, position, record, mac, event_id, app_id, subject,
                subject_version
            from ledger.event
            where log_id = $2 and app_id = $1 and type = 'values.dropped'
            order by position + 0 desc limit 100
            """,
            .uuid(app.value),
            .int4(log.id)
        )
    }
}

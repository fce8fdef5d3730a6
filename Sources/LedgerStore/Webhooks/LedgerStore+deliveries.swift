package import Ledger
internal import Postgres
internal import Vault

/// An endpoint that this copy of the service delivers to, and what there is to do.
package struct LeasedWebhook: Sendable {
    package let webhook: SealedWebhook
    /// The position up to which its events were dispatched, of each log of facts.
    package let nextPositions: [Log: Int64]
    /// When it took an event last.
    package let deliveredAt: Timestamp?
    /// For how long it is this copy's, from when that was asked.
    package let timeLeft: Duration
    /// Whether somebody wants it tried, or something sent once more.
    package let isAsked: Bool
}

/// How far an endpoint was dispatched, and by whom.
package struct WebhookProgress: Sendable {
    let endpoint: Identifier
    let holder: Identifier
    /// Where the database has the endpoint in each log of facts, as the holder knows it.
    let knownPositions: [Log: Int64]
    let nextPositions: [Log: Int64]
    /// A replay, and how far that has come.
    let replay: (id: Identifier, position: Int64)?

    package init(
        of endpoint: Identifier,
        holder: Identifier,
        from knownPositions: [Log: Int64],
        to nextPositions: [Log: Int64],
        replay: (id: Identifier, position: Int64)? = nil
    ) {
        self.endpoint = endpoint
        self.holder = holder
        self.knownPositions = knownPositions
        self.nextPositions = nextPositions
        self.replay = replay
    }
}

extension LedgerStore {
    /// Takes the endpoints that no copy of the service has, keeps those that the holder has, and gives
    /// all of them; zero seconds give them back.
    package func leaseWebhooks(
        holder: Identifier,
        seconds: Int32
    ) async throws(StoreError) -> [LeasedWebhook] {
        let statement = Statement(
            "lease_webhooks",
            """
            select endpoint_id, app_id, version, sealed, pause_reason, created_at,
                array_to_string(fact_logs, ' '), array_to_string(next_positions, ' '), delivered_at,
                is_asked, milliseconds_left
            from ledger.lease_webhooks($1, $2, $3)
            """,
            .uuid(holder.value),
            .int4(seconds),
            .bytea(vault.databaseSecret)
        )
        return try await lookups.administration.rows(statement) {
            result,
            row throws(PostgresError) in
            LeasedWebhook(
                webhook: try SealedWebhook(result, row),
                nextPositions: Self.positions(try result.text(row, 6), try result.text(row, 7)),
                deliveredAt: try result.timestamptzOrNil(row, 8).map {
                    Timestamp(microseconds: $0)
                },
                timeLeft: .milliseconds(try result.int8(row, 10)),
                isAsked: try result.bool(row, 9)
            )
        }
    }

    /// Positions by log, of two lists with blanks between.
    private static func positions(_ logs: String, _ positions: String) -> [Log: Int64] {
        let logs = logs.split(separator: " ").map { Int32($0).flatMap { Log(id: $0) } }
        let positions = positions.split(separator: " ").map { Int64($0) }
        var found: [Log: Int64] = [:]
        for case (let log?, let position?) in zip(logs, positions) { found[log] = position }
        return found
    }

    /// Opens an endpoint; nil where nobody with the deployment's keys made it.
    package func opened(
        _ webhook: SealedWebhook,
        of app: StoredApp
    ) async throws(StoreError) -> StoredWebhook? {
        webhook.opened(vault, try await dataKey(of: app))
    }

    /// Writes what came of deliveries, and how far the endpoint was dispatched; false, and nothing is
    /// written, when the holder has it no more, or when the database has it neither at the known positions
    /// nor at the next ones: another database has taken the place of the one that the holder knew.
    package func record(
        _ deliveries: [WebhookDelivery],
        _ progress: WebhookProgress
    ) async throws(StoreError) -> Bool {
        let logs = progress.nextPositions.keys.sorted { $0.id < $1.id }
        let statement = Statement(
            "record_webhooks",
            """
            select ledger.record_webhooks($1, $2, $3, $4, $5, $6::ledger.webhook_delivery[], $7, $8,
                $9)
            """,
            .uuid(progress.holder.value),
            .uuid(progress.endpoint.value),
            .int4Array(logs.map(\.id)),
            .int8Array(logs.map { progress.knownPositions[$0] ?? -1 }),
            .int8Array(logs.map { progress.nextPositions[$0] ?? -1 }),
            .rowArray(deliveries.map(\.row)),
            .uuid(progress.replay?.id.value),
            .int8(progress.replay?.position),
            .bytea(vault.databaseSecret)
        )
        do {
            return try await bulk.administration.retried(statement) {
                result throws(PostgresError) in
                try result.bool(0, 0)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// What waits to be delivered to an endpoint, in order.
    package func waitingDeliveries(
        to endpoint: Identifier
    ) async throws(StoreError) -> [WebhookDelivery] {
        try await bulk.administration.rows(
            Statement(
                "waiting_deliveries",
                """
                select delivery_id, endpoint_id, kind, fact_log, position, message_id, subject, type, state,
                    attempt_count, attempts, created_at, first_attempt_at, next_attempt_at,
                    finished_at
                from ledger.webhook_delivery
                where endpoint_id = $1 and state = 'pending' order by position, delivery_id limit $2
                """,
                .uuid(endpoint.value),
                .int8(WebhookLimits.waitingMax)
            ),
            WebhookDelivery.init
        )
    }

    /// What an endpoint is to be sent once more, the first asked for first.
    package func replays(of endpoint: Identifier) async throws(StoreError) -> [WebhookReplay] {
        try await bulk.administration.rows(
            Statement(
                "webhook_replays",
                """
                select replay_id, endpoint_id, fact_log, next_position, until_position, takes_all_types
                from ledger.webhook_replay
                where endpoint_id = $1 order by replay_id limit 100
                """,
                .uuid(endpoint.value)
            ),
            WebhookReplay.init
        )
    }

    /// A page of an endpoint's deliveries, the newest first, from before one on; in one state or all.
    package func deliveries(
        to endpoint: Identifier,
        state: WebhookDelivery.State? = nil,
        before: Identifier? = nil,
        limit: Int
    ) async throws(StoreError) -> [WebhookDelivery] {
        try await bulk.administration.rows(
            Statement(
                "webhook_deliveries",
                """
                select delivery_id, endpoint_id, kind, fact_log, position, message_id, subject, type, state,
                    attempt_count, attempts, created_at, first_attempt_at, next_attempt_at,
                    finished_at
                from ledger.webhook_delivery
                where endpoint_id = $1 and ($2::text is null or state = $2)
                    and ($3::uuid is null or delivery_id < $3)
                order by delivery_id desc limit $4
                """,
                .uuid(endpoint.value),
                .text(state?.rawValue),
                .uuid(before?.value),
                .int8(Int64(limit))
            ),
            WebhookDelivery.init
        )
    }

    /// One of an endpoint's deliveries.
    package func delivery(
        _ id: Identifier,
        to endpoint: Identifier
    ) async throws(StoreError) -> WebhookDelivery? {
        try await bulk.administration.firstRow(
            Statement(
                "webhook_delivery",
                """
                select delivery_id, endpoint_id, kind, fact_log, position, message_id, subject, type, state,
                    attempt_count, attempts, created_at, first_attempt_at, next_attempt_at,
                    finished_at
                from ledger.webhook_delivery where delivery_id = $1 and endpoint_id = $2
                """,
                .uuid(id.value),
                .uuid(endpoint.value)
            ),
            WebhookDelivery.init
        )
    }

    /// Drops deliveries that ended 30 days ago; false when there may be more.
    package func dropOldDeliveries() async throws(StoreError) -> Bool {
        let count = try await bulk.administration.query(
            Statement(
                "drop_webhook_deliveries",
                "select ledger.drop_webhook_deliveries($1)",
                .int8(WebhookLimits.droppedMax)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        return count < WebhookLimits.droppedMax
    }
}

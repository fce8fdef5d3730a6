package import Ledger
internal import Postgres
internal import Vault

/// An endpoint that this copy of the service delivers to, and what there is to do.
package struct LeasedWebhook: Sendable {
    package let webhook: SealedWebhook
    /// The position up to which its events were dispatched.
    package let nextPosition: Int64
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
    /// Where the database has the endpoint, as the holder knows it.
    let knownPosition: Int64
    let nextPosition: Int64
    /// A replay, and how far that has come.
    let replay: (id: Identifier, position: Int64)?

    package init(
        of endpoint: Identifier,
        holder: Identifier,
        from knownPosition: Int64,
        to nextPosition: Int64,
        replay: (id: Identifier, position: Int64)? = nil
    ) {
        self.endpoint = endpoint
        self.holder = holder
        self.knownPosition = knownPosition
        self.nextPosition = nextPosition
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
            select endpoint_id, app_id, version, sealed, pause_reason, created_at, next_position,
                delivered_at, is_asked, milliseconds_left
            from ledger.lease_webhooks($1, $2, $3)
            """,
            .uuid(holder.value),
            .int4(seconds),
            .bytea(vault.databaseSecret)
        )
        return try await lookups.rows(statement) { result, row throws(PostgresError) in
            LeasedWebhook(
                webhook: try SealedWebhook(result, row),
                nextPosition: try result.int8(row, 6),
                deliveredAt: try result.timestamptzOrNil(row, 7).map {
                    Timestamp(microseconds: $0)
                },
                timeLeft: .milliseconds(try result.int8(row, 9)),
                isAsked: try result.bool(row, 8)
            )
        }
    }

    /// Opens an endpoint; nil where nobody with the deployment's keys made it.
    package func opened(
        _ webhook: SealedWebhook,
        of app: StoredApp
    ) async throws(StoreError) -> StoredWebhook? {
        webhook.opened(vault, try await dataKey(of: app))
    }

    /// Writes what came of deliveries, and how far the endpoint was dispatched; false, and nothing is
    /// written, when the holder has it no more, or when the database has it neither at the known position
    /// nor at the next one: another database has taken the place of the one that the holder knew.
    package func record(
        _ deliveries: [WebhookDelivery],
        _ progress: WebhookProgress
    ) async throws(StoreError) -> Bool {
        let statement = Statement(
            "record_webhooks",
            """
            select ledger.record_webhooks($1, $2, $3, $4, $5::ledger.webhook_delivery[], $6, $7, $8)
            """,
            .uuid(progress.holder.value),
            .uuid(progress.endpoint.value),
            .int8(progress.knownPosition),
            .int8(progress.nextPosition),
            .rowArray(deliveries.map(\.row)),
            .uuid(progress.replay?.id.value),
            .int8(progress.replay?.position),
            .bytea(vault.databaseSecret)
        )
        do {
            return try await bulk.retried(statement) { result throws(PostgresError) in
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
        try await bulk.rows(
            Statement(
                "waiting_deliveries",
                """
                select delivery_id, endpoint_id, kind, position, message_id, subject, type, state,
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
        try await bulk.rows(
            Statement(
                "webhook_replays",
                """
                select replay_id, endpoint_id, next_position, until_position, takes_all_types
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
        try await bulk.rows(
            Statement(
                "webhook_deliveries",
                """
                select delivery_id, endpoint_id, kind, position, message_id, subject, type, state,
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
        try await bulk.firstRow(
            Statement(
                "webhook_delivery",
                """
                select delivery_id, endpoint_id, kind, position, message_id, subject, type, state,
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
        let count = try await bulk.query(
            Statement(
                "drop_webhook_deliveries",
                "select ledger.drop_webhook_deliveries($1)",
                .int8(WebhookLimits.droppedMax)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        return count < WebhookLimits.droppedMax
    }
}

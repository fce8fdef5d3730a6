package import Ledger
internal import Postgres
internal import Vault

/// What came of asking that an endpoint is sent something.
package enum WebhookAsk<Asked: Sendable>: Sendable {
    case asked(Asked)
    /// There is no such endpoint any more; nothing is written.
    case gone
    /// As many tests and replays wait as may; nothing is written.
    case full
}

extension LedgerStore {
    /// What tries an endpoint says that it is.
    package static let testType = "webhook.test"

    /// Has a message sent that tries an endpoint, once, also while it is paused.
    package func test(
        _ webhook: StoredWebhook,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> WebhookAsk<WebhookDelivery> {
        let test = WebhookDelivery(
            id: clock.identifier(),
            endpoint: webhook.id,
            kind: .test,
            log: nil,
            position: nil,
            message: clock.identifier(),
            subject: nil,
            type: Self.testType,
            at: clock.now()
        )
        let act = LedgerEvent.Webhook.Act.tested(delivery: test.id)
        return try await ask(test, webhook, test: test, replay: nil, act, app, context)
    }

    /// Has what was for an endpoint in a stretch of a log of facts sent once more, each event once, also while
    /// the endpoint is paused.
    ///
    /// `takesAllTypes` says whether types count that the endpoint is not sent now. Throws `StoreError.cold` for what
    /// begins before the line of cold history.
    package func replay(
        _ positions: Range<Int64>,
        in log: Log = .facts,
        to webhook: StoredWebhook,
        takesAllTypes: Bool = false,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> WebhookAsk<Range<Int64>> {
        _ = try await requireWarm(log, from: positions.lowerBound)
        let replay = WebhookReplay(
            id: clock.identifier(),
            endpoint: webhook.id,
            log: log,
            positions: positions,
            takesAllTypes: takesAllTypes
        )
        let act = LedgerEvent.Webhook.Act.replayed(positions, log)
        return try await ask(positions, webhook, test: nil, replay: replay, act, app, context)
    }

    /// The first position of a log of facts that an endpoint is still to be sent; nil where there is none.
    func awaitedPosition(of log: Log) async throws(StoreError) -> Int64? {
        try await bulk.administration.firstRow(
            Statement(
                "awaited_position",
                """
                select min(awaited.position) from (
                    select endpoint_id, next_position as position from ledger.webhook_progress
                    where fact_log = $1
                    union all
                    select endpoint_id, next_position from ledger.webhook_replay where fact_log = $1
                    union all
                    select endpoint_id, position from ledger.webhook_delivery
                    where fact_log = $1 and state = 'pending'
                ) as awaited
                join ledger.webhook_endpoint e using (endpoint_id) where e.removed_at is null
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in try result.int8OrNil(row, 0) } ?? nil
    }

    private func ask<Asked: Sendable>(
        _ asked: Asked,
        _ webhook: StoredWebhook,
        test: WebhookDelivery?,
        replay: WebhookReplay?,
        _ act: LedgerEvent.Webhook.Act,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws(StoreError) -> WebhookAsk<Asked> {
        let command = command(telling: act, of: webhook.id, app, context)
        let statement = Statement(
            "ask_webhook",
            """
            select ledger.ask_webhook($1, $2::ledger.webhook_delivery, $3::ledger.webhook_replay,
                $4, $5::ledger.append_command, $6)
            """,
            .uuid(webhook.id.value),
            .row(test?.row),
            .row(replay?.row),
            .int8(WebhookLimits.waitingAsksMax),
            .row(command.row(.facts, vault)),
            .bytea(vault.databaseSecret)
        )
        do {
            let answer = try await bulk.administration.retried(statement) {
                result throws(PostgresError) in
                try result.text(0, 0)
            }
            return answer == "asked" ? .asked(asked) : answer == "full" ? .full : .gone
        } catch {
            throw StoreError(error)
        }
    }
}

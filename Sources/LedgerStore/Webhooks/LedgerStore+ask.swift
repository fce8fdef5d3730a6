package import Ledger
internal import Postgres
internal import Vault

extension LedgerStore {
    /// What tries an endpoint says that it is.
    package static let testType = "webhook.test"

    /// Has a message sent that tries an endpoint, once, also while it is paused; nil when the endpoint is
    /// gone.
    package func test(
        _ webhook: StoredWebhook,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> WebhookDelivery? {
        let test = WebhookDelivery(
            id: clock.identifier(),
            endpoint: webhook.id,
            kind: .test,
            position: nil,
            message: clock.identifier(),
            subject: nil,
            type: Self.testType,
            at: clock.now()
        )
        let act = LedgerEvent.Webhook.Act.tested(delivery: test.id)
        return try await ask(webhook, test: test, replay: nil, act, app, context) ? test : nil
    }

    /// Has what was for an endpoint in a stretch of the log sent once more, each event once, also while
    /// the endpoint is paused; false when it is gone.
    ///
    /// `takesAllTypes` says whether types count that the endpoint is not sent now.
    package func replay(
        _ positions: Range<Int64>,
        to webhook: StoredWebhook,
        takesAllTypes: Bool = false,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> Bool {
        let replay = WebhookReplay(
            id: clock.identifier(),
            endpoint: webhook.id,
            positions: positions,
            takesAllTypes: takesAllTypes
        )
        let act = LedgerEvent.Webhook.Act.replayed(positions)
        return try await ask(webhook, test: nil, replay: replay, act, app, context)
    }

    private func ask(
        _ webhook: StoredWebhook,
        test: WebhookDelivery?,
        replay: WebhookReplay?,
        _ act: LedgerEvent.Webhook.Act,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws(StoreError) -> Bool {
        let command = command(telling: act, of: webhook.id, app, context)
        let statement = Statement(
            "ask_webhook",
            """
            select ledger.ask_webhook($1, $2::ledger.webhook_delivery, $3::ledger.webhook_replay,
                $4::ledger.append_command, $5)
            """,
            .uuid(webhook.id.value),
            .row(test?.row),
            .row(replay?.row),
            .row(command.row(.facts, vault)),
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
}

package import Ledger
internal import Postgres
internal import Vault

/// What shall become different about an endpoint; nil where nothing shall.
package struct WebhookChange: Sendable {
    package var url: String?
    package var types: [String]?
    package var namesUser: Bool?
    package var label: String?

    package init() {}
}

extension LedgerStore {
    /// An app's endpoints, the oldest first, and those that nobody with the deployment's keys made: one
    /// that does not open does not hide the others.
    package func webhooks(of app: StoredApp) async throws(StoreError) -> WebhookList {
        var list = WebhookList()
        let rows = try await sealedWebhooks(of: app, nil)
        guard !rows.isEmpty else { return list }
        let key = try await dataKey(of: app)
        for row in rows {
            if let webhook = row.opened(vault, key) {
                list.opened.append(webhook)
            } else {
                list.damaged.append(row.id)
            }
        }
        return list
    }

    /// The app's endpoint with this id; throws `.damaged` when it does not open.
    package func webhook(
        _ id: Identifier,
        of app: StoredApp
    ) async throws(StoreError) -> StoredWebhook? {
        guard let row = try await sealedWebhooks(of: app, id).first else { return nil }
        guard let webhook = row.opened(vault, try await dataKey(of: app)) else {
            throw .damaged(.value)
        }
        return webhook
    }

    /// The rows of an app's endpoints, or of one.
    private func sealedWebhooks(
        of app: StoredApp,
        _ id: Identifier?
    ) async throws(StoreError) -> [SealedWebhook] {
        try await bulk.administration.rows(
            Statement(
                "webhooks",
                """
                select endpoint_id, app_id, version, sealed, pause_reason, created_at
                from ledger.webhook_endpoint
                where app_id = $1 and removed_at is null and ($2::uuid is null or endpoint_id = $2)
                order by endpoint_id
                """,
                .uuid(app.id.value),
                .uuid(id?.value)
            ),
            SealedWebhook.init
        )
    }

    /// Adds an endpoint, which is sent what happens from then on; nil when the app has as many as it
    /// may have.
    ///
    /// The event that tells of it has a new id unless one is given.
    package func add(
        _ definition: WebhookDefinition,
        of app: StoredApp,
        event: Identifier? = nil,
        context: RecordContext
    ) async throws(StoreError) -> StoredWebhook? {
        let new = try await sealed(
            StoredWebhook(
                id: clock.identifier(),
                app: app.id,
                version: 1,
                definition: definition,
                pauseReason: nil,
                createdAt: clock.now(),
                sealed: []
            ),
            app
        )
        let act = LedgerEvent.Webhook.Act.added(definition.content)
        let answer = try await write(nil, new.stored, act, app, context, event: event)
        return answer == .written ? new : nil
    }

    /// Changes an endpoint, as it was read.
    package func update(
        _ webhook: StoredWebhook,
        _ change: WebhookChange,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> AdministrationOutcome {
        var definition = webhook.definition
        definition.url = change.url ?? definition.url
        definition.types = change.types ?? definition.types
        definition.namesUser = change.namesUser ?? definition.namesUser
        definition.label = change.label ?? definition.label
        let isMoved = definition.url != webhook.definition.url
        guard
            isMoved || definition.content != webhook.definition.content
                || definition.label != webhook.definition.label
        else { return .unchanged }
        let changed = try await sealed(webhook.changed(definition, webhook.pauseReason), app)
        let act = LedgerEvent.Webhook.Act.updated(definition.content, isMoved: isMoved)
        return try await write(webhook.stored, changed.stored, act, app, context)
    }

    /// Sends an endpoint nothing until it is resumed; what is for it waits in the log.
    package func pause(
        _ webhook: StoredWebhook,
        _ reason: WebhookPauseReason,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> AdministrationOutcome {
        guard webhook.pauseReason == nil else { return .unchanged }
        let changed = try await sealed(webhook.changed(webhook.definition, reason), app)
        return try await write(webhook.stored, changed.stored, .paused(reason), app, context)
    }

    /// Goes on where a paused endpoint was left.
    package func resume(
        _ webhook: StoredWebhook,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> AdministrationOutcome {
        guard webhook.pauseReason != nil else { return .unchanged }
        let changed = try await sealed(webhook.changed(webhook.definition, nil), app)
        return try await write(webhook.stored, changed.stored, .resumed, app, context)
    }

    /// Removes an endpoint, also one that does not open; what waited for it counts as failed.
    ///
    /// Nil when the app has no such endpoint.
    package func removeWebhook(
        _ id: Identifier,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> AdministrationOutcome? {
        guard let row = try await sealedWebhooks(of: app, id).first else { return nil }
        return try await write(row, row.removed(at: clock.now()), .removed, app, context)
    }

    /// Gives an endpoint a new secret; the one before signs beside it for so long.
    ///
    /// Nil when the endpoint was changed meanwhile.
    package func rotateSecret(
        of webhook: StoredWebhook,
        overlapSeconds: Int64,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> StoredWebhook? {
        var definition = webhook.definition
        let until = clock.now().adding(seconds: overlapSeconds)
        let now = clock.now()
        // One whose end is set already goes on until that.
        let old = definition.signings.filter { $0.until.map { now < $0 } ?? true }
            .prefix(WebhookLimits.secretsMax - 1)
            .map {
                WebhookDefinition.Signing(secret: $0.secret, until: min($0.until ?? until, until))
            }
        definition.signings = [WebhookDefinition.Signing(secret: WebhookSecret(), until: nil)] + old
        let changed = try await sealed(webhook.changed(definition, webhook.pauseReason), app)
        let outcome = try await write(
            webhook.stored,
            changed.stored,
            .secretRotated(until: until),
            app,
            context
        )
        return outcome == .written ? changed : nil
    }

    private func sealed(
        _ webhook: StoredWebhook,
        _ app: StoredApp
    ) async throws(StoreError) -> StoredWebhook {
        let key = try await dataKey(of: app)
        do {
            return webhook.sealed(
                try vault.seal(
                    webhook.definition.encoded(for: webhook.id),
                    .webhook,
                    version: webhook.version,
                    for: app.place,
                    key: key
                )
            )
        } catch {
            throw .damaged(.value)
        }
    }

    private func write(
        _ known: SealedWebhook?,
        _ changed: SealedWebhook,
        _ act: LedgerEvent.Webhook.Act,
        _ app: StoredApp,
        _ context: RecordContext,
        event: Identifier? = nil
    ) async throws(StoreError) -> AdministrationOutcome {
        let command = command(telling: act, of: changed.id, app, context, event: event)
        // Looked at before there is the endpoint: what comes after that is sent to it.
        let others = known == nil ? Array(logs.list(.facts).dropFirst()) : []
        let ends = try await ends(of: others)
        let statement = Statement(
            "change_webhook",
            """
            select ledger.change_webhook($1::ledger.webhook_endpoint, $2::ledger.webhook_endpoint, $3,
                $4, $5, $6::ledger.append_command, $7)
            """,
            .row(known?.row),
            .row(changed.row),
            .int8(Int64(WebhookLimits.endpointsMax)),
            .int4Array(others.map(\.id)),
            .int8Array(ends),
            .row(command.row(.facts, vault)),
            .bytea(vault.databaseSecret)
        )
        do {
            let answer = try await bulk.administration.retried(statement) {
                result throws(PostgresError) in
                try result.text(0, 0)
            }
            return answer == "written" ? .written : .conflict
        } catch {
            throw StoreError(error)
        }
    }

    /// The command that tells of an act.
    func command(
        telling act: LedgerEvent.Webhook.Act,
        of endpoint: Identifier,
        _ app: StoredApp,
        _ context: RecordContext,
        event: Identifier? = nil
    ) -> AppendCommand {
        command(
            administering: app.id,
            clientID: app.clientID,
            [.webhook(LedgerEvent.Webhook(endpoint: endpoint, act))],
            at: clock.now(),
            context,
            id: event
        )
    }
}

extension StoredWebhook {
    /// The endpoint after one more change, not sealed yet.
    fileprivate func changed(
        _ definition: WebhookDefinition,
        _ reason: WebhookPauseReason?
    ) -> StoredWebhook {
        StoredWebhook(
            id: id,
            app: app,
            version: version + 1,
            definition: definition,
            pauseReason: reason,
            createdAt: createdAt,
            sealed: []
        )
    }

    fileprivate func sealed(_ bytes: [UInt8]) -> StoredWebhook {
        StoredWebhook(
            id: id,
            app: app,
            version: version,
            definition: definition,
            pauseReason: pauseReason,
            createdAt: createdAt,
            sealed: bytes
        )
    }
}

package import Ledger
internal import Vault

/// What became of the wish for an endpoint.
package enum WebhookAddition: Sendable {
    /// It is there, made by this call or by an earlier one with the same `Idempotency-Key`.
    case added(StoredWebhook)
    /// The key has led to another endpoint, or to one that was changed since.
    case keyReused
    /// The app has as many endpoints as it may have.
    case tooMany
}

extension LedgerStore {
    /// Adds an endpoint, once for each `Idempotency-Key`, which says what it is for.
    ///
    /// The same key answers the same endpoint, with its secret, for a day: so nobody who lost an answer
    /// has to make another one. After that, and once the endpoint was changed, the key is used up.
    package func add(
        _ definition: WebhookDefinition,
        of app: StoredApp,
        idempotencyKey: Secret,
        context: RecordContext
    ) async throws(StoreError) -> WebhookAddition {
        let id = vault.eventID(ofRequest: idempotencyKey, app: app.id, in: .facts)
        if let known = try await event(id: id) { return try await again(known, definition, app) }
        do {
            if let new = try await add(definition, of: app, event: id, context: context) {
                return .added(new)
            }
            // The last place may be a twin's.
            guard let known = try await event(id: id) else { return .tooMany }
            return try await again(known, definition, app)
        } catch {
            // A twin was faster, and has taken the event's id.
            guard let known = try await event(id: id) else { throw error }
            return try await again(known, definition, app)
        }
    }

    /// The endpoint that an event tells of, if it is still what is asked for.
    private func again(
        _ event: StoredEvent,
        _ definition: WebhookDefinition,
        _ app: StoredApp
    ) async throws(StoreError) -> WebhookAddition {
        guard let record = try event.genuineRecord() else { throw .damaged(.record) }
        guard case .webhook(let told) = record.event, event.app == app.id,
            clock.now() < record.time.adding(seconds: WebhookLimits.repeatSecondsMax),
            let webhook = try await webhook(told.endpoint, of: app),
            webhook.version == 1, webhook.definition.asks(for: definition)
        else { return .keyReused }
        return .added(webhook)
    }
}

extension WebhookDefinition {
    /// Whether it is the same but for the secret.
    fileprivate func asks(for other: WebhookDefinition) -> Bool {
        url.utf8.elementsEqual(other.url.utf8) && content == other.content
            && label.map { Array($0.utf8) } == other.label.map { Array($0.utf8) }
    }
}

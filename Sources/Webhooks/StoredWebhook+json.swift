internal import Ledger
package import LedgerStore
internal import Vault
package import Wire

// Endpoints and deliveries as they are shown, over HTTP and by commands alike.

extension StoredWebhook {
    /// The endpoint as one object; its secret only where it was just made.
    package func write(to writer: inout JSONWriter, withSecret showsSecret: Bool = false) {
        writer.open()
        writer.member("endpoint", id)
        writer.member("url", definition.url)
        writer.member("types", definition.types)
        writer.member("client_user_id", definition.namesUser)
        if let label = definition.label { writer.member("label", label) }
        writer.member("state", pauseReason == nil ? "active" : "paused")
        if let pauseReason { writer.member("pause_reason", pauseReason.rawValue) }
        writer.member("created_at", createdAt)
        // The last one whose place was taken; who looks sees when only the new secret counts.
        if let until = definition.signings.compactMap(\.until).max() {
            writer.member("old_secret_until", until)
        }
        if showsSecret, let secret = definition.signings.first?.secret {
            writer.member("secret", secret.text.exposed)
        }
        writer.close()
    }
}

extension WebhookDelivery {
    /// The delivery as one object, with its attempts.
    package func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("delivery", id)
        writer.member("kind", kind.rawValue)
        writer.member("state", state.rawValue)
        writer.member("message", message)
        writer.member("type", type)
        if let position { writer.member("position", position) }
        // Which log it is, is said where there are several.
        if let log, log.pair > 0 { writer.member("log", log.name) }
        if let subject { writer.member("subject", subject) }
        writer.member("created_at", createdAt)
        if let nextAttemptAt { writer.member("next_attempt_at", nextAttemptAt) }
        if let finishedAt { writer.member("finished_at", finishedAt) }
        writer.member("attempt_count", Int64(attemptCount))
        writer.key("attempts")
        writer.openArray()
        for attempt in attempts {
            writer.element()
            attempt.write(to: &writer)
        }
        writer.closeArray()
        writer.close()
    }
}

package import Ledger
internal import Postgres
internal import Vault

/// An endpoint to which an app has its events sent.
package struct StoredWebhook: Sendable {
    /// Names the endpoint in events and lists.
    package let id: Identifier
    package let app: Identifier
    /// Counts its changes.
    package let version: Int64
    package let definition: WebhookDefinition
    /// Why it is sent nothing for now; nil while it is.
    package let pauseReason: WebhookPauseReason?
    package let createdAt: Timestamp
    /// The definition as it is stored.
    let sealed: [UInt8]

    /// Its row.
    var stored: SealedWebhook {
        SealedWebhook(
            id: id,
            app: app,
            version: version,
            pauseReason: pauseReason,
            sealed: sealed,
            createdAt: createdAt,
            removedAt: nil
        )
    }
}

/// An app's endpoints.
package struct WebhookList: Sendable {
    /// The oldest first.
    package internal(set) var opened: [StoredWebhook] = []
    /// Those that nobody with the deployment's keys made: nothing is sent to them.
    package internal(set) var damaged: [Identifier] = []
}

/// An endpoint's row, what decides about it still sealed.
package struct SealedWebhook: Sendable {
    package let id: Identifier
    package let app: Identifier
    package let version: Int64
    package let pauseReason: WebhookPauseReason?
    let sealed: [UInt8]
    let createdAt: Timestamp
    let removedAt: Timestamp?

    init(
        id: Identifier,
        app: Identifier,
        version: Int64,
        pauseReason: WebhookPauseReason?,
        sealed: [UInt8],
        createdAt: Timestamp,
        removedAt: Timestamp?
    ) {
        self.id = id
        self.app = app
        self.version = version
        self.pauseReason = pauseReason
        self.sealed = sealed
        self.createdAt = createdAt
        self.removedAt = removedAt
    }

    /// Reads `endpoint_id, app_id, version, sealed, pause_reason, created_at`.
    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        id = Identifier(value: try result.uuid(row, 0))
        app = Identifier(value: try result.uuid(row, 1))
        version = try result.int8(row, 2)
        sealed = try result.bytes(row, 3)
        pauseReason = try result.textOrNil(row, 4).flatMap { WebhookPauseReason(rawValue: $0) }
        createdAt = Timestamp(microseconds: try result.timestamptz(row, 5))
        removedAt = nil
    }

    /// The row as `ledger.webhook_endpoint`.
    var row: PostgresRow {
        PostgresRow(
            .uuid(id.value),
            .uuid(app.value),
            .int8(version),
            .bytea(sealed),
            .text(pauseReason?.rawValue),
            .timestamptz(microsecondsSince1970: createdAt.microseconds),
            .timestamptz(microsecondsSince1970: removedAt?.microseconds)
        )
    }

    /// The row of the endpoint once it is removed; nothing of what was sealed is needed any more.
    func removed(at time: Timestamp) -> SealedWebhook {
        SealedWebhook(
            id: id,
            app: app,
            version: version + 1,
            pauseReason: pauseReason,
            sealed: [],
            createdAt: createdAt,
            removedAt: time
        )
    }

    /// The endpoint; nil when nobody with the deployment's keys made it as this version.
    func opened(_ vault: Vault, _ key: DataKey) -> StoredWebhook? {
        let plain = try? vault.open(
            sealed,
            .webhook,
            version: version,
            for: ValueOwner(logID: Log.facts.id, app: app, subject: app),
            key: key
        )
        guard let plain, let definition = WebhookDefinition(plain, for: id) else { return nil }
        return StoredWebhook(
            id: id,
            app: app,
            version: version,
            definition: definition,
            pauseReason: pauseReason,
            createdAt: createdAt,
            sealed: sealed
        )
    }
}

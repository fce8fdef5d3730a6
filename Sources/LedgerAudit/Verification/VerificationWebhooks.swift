internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Compares the rows of webhook endpoints with the events that made and changed them.
///
/// Where an endpoint is and what signs its messages is not in the log. It is sealed with the endpoint's
/// version, so what opens as the version that the events count is what the service wrote then, unless
/// somebody has the root key.
struct VerificationWebhooks: Sendable {
    private struct Row: Sendable {
        let id: Identifier
        let app: Identifier
        let clientID: String
        let version: Int64
        let pauseReason: String?
        let isRemoved: Bool
        /// Nil without the root key.
        let sealed: [UInt8]?
    }

    /// An endpoint as its events say.
    private struct Made {
        /// By its bytes: two clientIds may be the same text in two spellings.
        let app: [UInt8]
        var content: LedgerEvent.Webhook.Content
        var version: Int64 = 1
        var pauseReason: WebhookPauseReason?
        var isRemoved = false
    }

    private let rows: [Row]
    /// The apps' keys that open.
    private let keys: [Identifier: DataKey]
    private let vault: Vault?

    /// Reads the rows as they are; what is sealed in them only with a vault.
    init(_ connection: PostgresConnection, _ vault: Vault?) async throws(PostgresError) {
        self.vault = vault
        rows = try await connection.rows(
            vault == nil ? Self.openRows : Self.allRows
        ) { result, row throws(PostgresError) in
            Row(
                id: Identifier(value: try result.uuid(row, 0)),
                app: Identifier(value: try result.uuid(row, 1)),
                clientID: try result.text(row, 2),
                version: try result.int8(row, 3),
                pauseReason: try result.textOrNil(row, 4),
                isRemoved: try result.bool(row, 5),
                sealed: try result.bytesOrNil(row, 6)
            )
        }
        guard let vault else {
            keys = [:]
            return
        }
        keys = try await Self.keys(connection, vault)
    }

    /// An auditor may not read what is sealed.
    private static let openRows = Statement(
        "verify_webhook_rows",
        """
        select w.endpoint_id, w.app_id, a.client_id, w.version, w.pause_reason,
            w.removed_at is not null, null::bytea
        from ledger.webhook_endpoint w join ledger.app a on a.app_id = w.app_id
        order by w.endpoint_id
        """
    )

    private static let allRows = Statement(
        "verify_sealed_webhook_rows",
        """
        select w.endpoint_id, w.app_id, a.client_id, w.version, w.pause_reason,
            w.removed_at is not null, w.sealed
        from ledger.webhook_endpoint w join ledger.app a on a.app_id = w.app_id
        order by w.endpoint_id
        """
    )

    private static func keys(
        _ connection: PostgresConnection,
        _ vault: Vault
    ) async throws(PostgresError) -> [Identifier: DataKey] {
        let wrapped = try await connection.rows(
            Statement(
                "verify_webhook_keys",
                """
                select k.subject, k.wrapped from vault.data_key k
                where k.log_id = $1
                    and k.subject in (select w.app_id from ledger.webhook_endpoint w)
                """,
                .int4(Log.facts.id)
            )
        ) { result, row throws(PostgresError) in
            (Identifier(value: try result.uuid(row, 0)), try result.bytes(row, 1))
        }
        var keys: [Identifier: DataKey] = [:]
        for (app, wrapped) in wrapped {
            // One that does not open is told of with the app's own secrets.
            keys[app] = try? vault.unwrap(wrapped, for: owner(app))
        }
        return keys
    }

    private static func owner(_ app: Identifier) -> ValueOwner {
        ValueOwner(logID: Log.facts.id, app: app, subject: app)
    }

    /// Whether a type of event changes an endpoint's row.
    static func isTold(by type: String) -> Bool {
        type.hasPrefix("webhook.") && type != "webhook.tested" && type != "webhook.replayed"
    }

    /// What does not fit between the rows and the events, in order of the log.
    ///
    /// Whoever replays a log makes no endpoints of the apps in it.
    func flaws(_ records: [Record], replayed: Set<[UInt8]>) -> [VerificationFlaw] {
        var made: [Identifier: Made] = [:]
        for record in records { Self.take(record, &made) }
        var flaws: [VerificationFlaw] = []
        for row in rows {
            guard let made = made.removeValue(forKey: row.id) else {
                flaws.append(.webhookRow(row.id, .ofNobody))
                continue
            }
            let isSame =
                Array(row.clientID.utf8) == made.app && row.version == made.version
                && row.isRemoved == made.isRemoved
                && row.pauseReason == made.pauseReason?.rawValue
            guard isSame else {
                flaws.append(.webhookRow(row.id, .differs))
                continue
            }
            if !row.isRemoved, let flaw = flaw(ofSealed: row, made) { flaws.append(flaw) }
        }
        return flaws
            + made.filter { !replayed.contains($0.value.app) }.map(\.key).sorted()
            .map { .webhookRow($0, .missing) }
    }

    private func flaw(ofSealed row: Row, _ made: Made) -> VerificationFlaw? {
        guard let vault, let sealed = row.sealed, let key = keys[row.app] else { return nil }
        let plain = try? vault.open(
            sealed,
            .webhook,
            version: row.version,
            for: Self.owner(row.app),
            key: key
        )
        guard let plain, let definition = WebhookDefinition(plain, for: row.id) else {
            return .webhookDoesNotOpen(row.id)
        }
        return definition.content == made.content ? nil : .webhookRow(row.id, .differs)
    }

    private static func take(_ record: Record, _ made: inout [Identifier: Made]) {
        guard case .webhook(let webhook) = record.event else { return }
        let id = webhook.endpoint
        switch webhook.act {
        case .added(let content):
            made[id] = Made(app: Array(record.clientID.utf8), content: content)
            return
        case .updated(let content, _): made[id]?.content = content
        case .paused(let reason): made[id]?.pauseReason = reason
        case .resumed: made[id]?.pauseReason = nil
        case .removed: made[id]?.isRemoved = true
        case .secretRotated: break
        case .tested, .replayed: return
        }
        made[id]?.version += 1
    }
}

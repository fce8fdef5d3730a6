package import Ledger
package import Postgres
package import Vault

/// An API key as a list shows it.
package struct ListedAPIKey: Sendable {
    package let key: StoredAPIKey
    /// The `clientId` of its app.
    package let clientID: String
    /// When it was used last, as far as it was written; nil when it never was.
    package let lastUsedAt: Timestamp?
}

/// An API key that was just made: the only time that it is seen.
package struct IssuedAPIKey: Sendable {
    /// The whole key, as its holder sends it.
    package let secret: Secret
    /// What is kept of it.
    package let stored: StoredAPIKey

    package var id: String { stored.id }
}

/// What somebody is who shows an API key.
package enum Authentication: Sendable {
    case key(StoredAPIKey)
    /// The key is unknown, revoked or has expired.
    case unknown
    /// The key is valid, but not from there, or not without a certificate that it is bound to.
    case foreignConnection
}

extension LedgerStore {
    /// What a text is as an API key; `address` is from where it was sent, and `certificate` the one that
    /// whoever sent it has shown in the handshake.
    ///
    /// Before the database is asked for a key that was not seen lately, `admit` may refuse by throwing.
    package func authenticate(
        _ text: String,
        from address: () -> IPAddress?,
        with certificate: () async -> CertificateThumbprint? = { nil },
        admit: () throws -> Void = {}
    ) async throws -> Authentication {
        guard let key = APIKey(text),
            let known = try await directory.key(key.id, admit: admit)
        else { return .unknown }
        let now = clock.now()
        guard known.key.isValid(at: now), key.hasHash(known.key.hash) else { return .unknown }
        guard await known.key.mayBeUsed(from: address, with: certificate) else {
            return .foreignConnection
        }
        known.use.note(now)
        return .key(known.key)
    }

    /// What a session of the console is now: its key decides, as though it had been sent.
    package func authenticate(
        _ session: ConsoleSession,
        from address: () -> IPAddress?,
        with certificate: () async -> CertificateThumbprint? = { nil }
    ) async throws -> Authentication {
        let now = clock.now()
        guard now < session.end,
            let known = try await directory.key(session.keyID, admit: {}),
            known.key.isValid(at: now)
        else { return .unknown }
        guard await known.key.mayBeUsed(from: address, with: certificate) else {
            return .foreignConnection
        }
        known.use.note(now)
        return .key(known.key)
    }

    /// All API keys, or those of one app, the oldest first.
    package func apiKeys(of app: StoredApp? = nil) async throws(StoreError) -> [ListedAPIKey] {
        try await database.administration.rows(
            Statement(
                "api_keys",
                """
                select k.key_id, k.app_id, k.hash, k.is_test, array_to_string(k.scopes, ' '),
                    k.label, array_to_string(k.networks, ' '),
                    array_to_string(k.client_certificates, ' '), k.created_at, k.expires_at,
                    k.revoked_at, k.replaces, a.client_id, u.used_at
                from ledger.api_key k
                join ledger.app a on a.app_id = k.app_id
                left join ledger.api_key_use u on u.key_id = k.key_id
                where $1::uuid is null or k.app_id = $1
                order by k.created_at, k.key_id
                """,
                .uuid(app?.id.value)
            )
        ) { result, row throws(PostgresError) in
            ListedAPIKey(
                key: try StoredAPIKey(result, row),
                clientID: try result.text(row, 12),
                lastUsedAt: try result.timestamptzOrNil(row, 13).map {
                    Timestamp(microseconds: $0)
                }
            )
        }
    }

    /// The API key with this id, whether it is valid or not.
    package func apiKey(_ id: String) async throws(StoreError) -> StoredAPIKey? {
        try await directory.storedKey(id)
    }

    /// Makes an API key for an app.
    ///
    /// Needs the rights of the schema's owner.
    package func createAPIKey(
        of app: StoredApp,
        _ new: NewAPIKey,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> IssuedAPIKey {
        let key = APIKey(isTest: new.isTest)
        let stored = StoredAPIKey(key, of: app.id, new, at: clock.now())
        let command = command(
            administering: app.id,
            clientID: app.clientID,
            [.apiKeyCreated(stored.event)],
            at: stored.createdAt,
            context
        )
        do {
            try await administer(
                Statement(
                    "add_api_key",
                    "select ledger.add_api_key($1::ledger.api_key, $2::ledger.append_command)",
                    .row(stored.row),
                    .row(command.row(.facts, vault))
                ),
                owner
            ) { _ throws(PostgresError) in }
        } catch {
            throw StoreError(error)
        }
        return IssuedAPIKey(secret: key.secret, stored: stored)
    }

    /// Ends an API key, as it was read, at once.
    ///
    /// Every copy of the service refuses it within 5 s. Needs the rights of the schema's owner.
    package func revoke(
        _ key: StoredAPIKey,
        of app: StoredApp,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> AdministrationOutcome {
        guard key.revokedAt == nil else { return .unchanged }
        var changed = key
        let now = clock.now()
        changed.revokedAt = now
        let events = [LedgerEvent.apiKeyRevoked(key: key.id)]
        return try await changeKey(key, changed, (app, events, now), context, owner)
    }

    /// Sets when an API key ends, as it was read.
    ///
    /// Needs the rights of the schema's owner.
    package func setExpiry(
        of key: StoredAPIKey,
        to expiry: Timestamp,
        of app: StoredApp,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> AdministrationOutcome {
        guard key.expiresAt != expiry else { return .unchanged }
        var changed = key
        changed.expiresAt = expiry
        let events = [LedgerEvent.apiKeyExpirySet(key: key.id, expiry: expiry)]
        return try await changeKey(key, changed, (app, events, clock.now()), context, owner)
    }

    /// Makes a key like another one, as it was read, which ends at a time or earlier; nil when that
    /// one was changed meanwhile.
    ///
    /// Where certificates are named, the new key is bound to these instead of the old one's.
    /// Needs the rights of the schema's owner.
    package func rotate(
        _ old: StoredAPIKey,
        endingAt end: Timestamp,
        clientCertificates: [CertificateThumbprint] = [],
        expiresAt: Timestamp?,
        of app: StoredApp,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> (issued: IssuedAPIKey, old: StoredAPIKey)? {
        let key = APIKey(isTest: old.isTest)
        let new = StoredAPIKey(
            key,
            of: app.id,
            NewAPIKey(
                replacing: old,
                clientCertificates: clientCertificates,
                expiresAt: expiresAt
            ),
            at: clock.now()
        )
        var changed = old
        var events = [LedgerEvent.apiKeyCreated(new.event)]
        // A rotation never lets a key live longer.
        if old.expiresAt.map({ end < $0 }) ?? true {
            changed.expiresAt = end
            events.append(.apiKeyExpirySet(key: old.id, expiry: end))
        }
        let outcome = try await changeKey(
            old,
            changed,
            successor: new,
            (app, events, new.createdAt),
            context,
            owner
        )
        guard outcome == .written else { return nil }
        return (IssuedAPIKey(secret: key.secret, stored: new), changed)
    }

    private func changeKey(
        _ known: StoredAPIKey,
        _ changed: StoredAPIKey,
        successor: StoredAPIKey? = nil,
        _ act: (app: StoredApp, events: [LedgerEvent], time: Timestamp),
        _ context: RecordContext,
        _ owner: PostgresConfiguration
    ) async throws(StoreError) -> AdministrationOutcome {
        let command = command(
            administering: act.app.id,
            clientID: act.app.clientID,
            act.events,
            at: act.time,
            context
        )
        return try await administerChange(
            Statement(
                "change_api_key",
                """
                select ledger.change_api_key($1::ledger.api_key, $2::ledger.api_key,
                    $3::ledger.api_key, $4::ledger.append_command)
                """,
                .row(known.row),
                .row(changed.row),
                .row(successor?.row),
                .row(command.row(.facts, vault))
            ),
            owner
        )
    }
}

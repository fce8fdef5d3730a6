package import Ledger
package import Postgres
package import Vault

/// An app to be registered.
package struct NewApp: Sendable {
    package let clientID: String
    package let name: String
    package let clientSecret: Secret
    package let appKey: Secret?
    package let connectURL: String
    package let userURL: String
    package let apiURL: String
    package let allowedOrigins: [String]

    /// Takes values that the caller has validated.
    package init(
        clientID: String,
        name: String,
        clientSecret: Secret,
        appKey: Secret?,
        connectURL: String,
        userURL: String,
        apiURL: String,
        allowedOrigins: [String]
    ) {
        self.clientID = clientID
        self.name = name
        self.clientSecret = clientSecret
        self.appKey = appKey
        self.connectURL = connectURL
        self.userURL = userURL
        self.apiURL = apiURL
        self.allowedOrigins = allowedOrigins
    }
}

extension LedgerStore {
    /// All apps, in order of their `clientId`.
    package func apps() async throws(StoreError) -> [StoredApp] {
        try await directory.apps()
    }

    /// The app with this id.
    package func app(_ id: Identifier) async throws(StoreError) -> StoredApp? {
        try await directory.apps().first { $0.id == id }
    }

    /// The app with this `clientId`.
    package func app(clientID: String) async throws(StoreError) -> StoredApp? {
        try await directory.apps().first { $0.clientID == clientID }
    }

    /// The stored key that a text is, or nil for unknown, revoked and expired ones alike.
    ///
    /// Before the database is asked for a key that was not seen lately, `admit` may refuse by throwing.
    package func authenticate(
        _ text: String,
        admit: () throws -> Void = {}
    ) async throws -> StoredAPIKey? {
        guard let key = APIKey(text),
            let stored = try await directory.key(key.id, now: clock.now(), admit: admit),
            key.hasHash(stored.hash)
        else { return nil }
        return stored
    }

    /// Registers an app; false when its `clientId` is registered already.
    ///
    /// Needs the rights of the schema's owner: whoever has stolen the service's password must not
    /// be able to make keys that read tokens (docs/threats.md#t20).
    package func add(
        _ app: NewApp,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> Bool {
        let id = clock.identifier()
        let place = ValueOwner(logID: Log.facts.id, app: id, subject: id)
        let key = vault.newDataKey()
        var secrets = [(ValueKind.clientSecret, app.clientSecret)]
        if let appKey = app.appKey { secrets.append((.appKey, appKey)) }
        let wrapped: [UInt8]
        var sealed: [AppendCommand.SealedValue] = []
        do {
            wrapped = try vault.wrap(key, for: place)
            for (kind, value) in secrets {
                let bytes = try vault.seal(value, kind, version: 1, for: place, key: key)
                sealed.append(AppendCommand.SealedValue(kind: kind, version: 1, bytes: bytes))
            }
        } catch {
            throw .damaged(.value)
        }
        let record = Record(
            id: clock.identifier(),
            clientID: app.clientID,
            subject: nil,
            time: clock.now(),
            subjectVersion: nil,
            context: context,
            event: .appAdded(name: app.name)
        )
        var command = AppendCommand(administering: id, record)
        command.wrappedKey = wrapped
        command.values = sealed
        return try await administer(
            Statement(
                "add_app",
                "select ledger.add_app($1::ledger.app, $2::ledger.append_command)",
                .row(app.row(id: id)),
                .row(command.row(rootKeyID: vault.rootKeyID))
            ),
            owner
        )
    }

    /// Makes an API key for an app.
    ///
    /// The answer is the only time that the key is seen.
    ///
    /// Needs the rights of the schema's owner, like `add`.
    package func createAPIKey(
        of app: StoredApp,
        scopes: [Scope],
        isTest: Bool,
        context: RecordContext,
        owner: PostgresConfiguration
    ) async throws(StoreError) -> APIKey {
        let key = APIKey(isTest: isTest)
        let names = scopes.map(\.rawValue)
        let record = Record(
            id: clock.identifier(),
            clientID: app.clientID,
            subject: nil,
            time: clock.now(),
            subjectVersion: nil,
            context: context,
            event: .apiKeyCreated(key: key.id, scopes: names)
        )
        let stored = PostgresRow(
            .text(key.id),
            .uuid(app.id.value),
            .bytea(key.hash),
            .textArray(names),
            .timestamptz(microsecondsSince1970: nil),
            .timestamptz(microsecondsSince1970: nil)
        )
        let command = AppendCommand(administering: app.id, record)
        let isStored = try await administer(
            Statement(
                "add_api_key",
                "select ledger.add_api_key($1::ledger.api_key, $2::ledger.append_command)",
                .row(stored),
                .row(command.row(rootKeyID: vault.rootKeyID))
            ),
            owner
        )
        guard isStored else { throw .conflict }
        return key
    }

    /// False when a unique key says that it is there already.
    private func administer(
        _ statement: Statement,
        _ owner: PostgresConfiguration
    ) async throws(StoreError) -> Bool {
        do {
            let connection = try await PostgresConnection.connect(owner)
            try await connection.query(statement) { _ throws(PostgresError) in }
            await connection.close()
            directory.forgetApps()
            return true
        } catch {
            if error.sqlState == .uniqueViolation { return false }
            throw StoreError(error)
        }
    }
}

extension NewApp {
    /// The app as `ledger.app`.
    fileprivate func row(id: Identifier) -> PostgresRow {
        PostgresRow(
            .uuid(id.value),
            .text(clientID),
            .text(name),
            .text(connectURL),
            .text(userURL),
            .text(apiURL),
            .textArray(allowedOrigins)
        )
    }
}

extension AppendCommand {
    /// The one event of an act of administration.
    ///
    /// It is about the app itself and not counted.
    fileprivate init(administering app: Identifier, _ record: Record) {
        self.init(
            app: app,
            subject: app,
            expected: nil,
            time: record.time,
            state: nil,
            events: [Event(record: record, bytes: record.encoded())]
        )
    }
}

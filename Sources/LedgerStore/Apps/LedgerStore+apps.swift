package import Ledger
internal import Postgres
internal import Vault

extension LedgerStore {
    /// All apps, in order of their `clientId`.
    package func apps() async throws(StoreError) -> [StoredApp] {
        let apps = try await directory.apps()
        // Whoever wants all is not shown some.
        guard apps.damaged.isEmpty else { throw .damaged(.value) }
        return apps.opened
    }

    /// The app with this id.
    package func app(_ id: Identifier) async throws(StoreError) -> StoredApp? {
        try await directory.apps().first { appID, _ in appID == id }
    }

    /// The app with this `clientId`.
    package func app(clientID: String) async throws(StoreError) -> StoredApp? {
        // By their bytes: two of them may be the same text in two spellings.
        try await directory.apps().first { _, appClientID in
            appClientID.utf8.elementsEqual(clientID.utf8)
        }
    }

    /// Whether pages of this origin may finish launches of any app at all.
    package func isListed(origin: String) async throws(StoreError) -> Bool {
        try await directory.apps().opened.contains { $0.allowedOrigins.contains(origin) }
    }

    /// Registers an app; false when its `clientId` is registered already.
    ///
    /// Needs the rights of the schema's owner, on all databases.
    package func add(
        _ app: NewApp,
        context: RecordContext,
        owner: DatabaseMap
    ) async throws(StoreError) -> Bool {
        guard try await self.app(clientID: app.clientID) == nil else { return false }
        let stored = StoredApp(app, id: clock.identifier())
        var command = command(
            administering: stored.id,
            clientID: app.clientID,
            Self.events(adding: app),
            at: clock.now(),
            context
        )
        let key = vault.newDataKey()
        do {
            command.wrappedKey = try vault.wrap(key, for: stored.place)
            command.values = try sealedSecrets(of: stored, key)
        } catch {
            throw .damaged(.value)
        }
        do {
            // Before it exists: users of an app that another database does not know could do nothing there.
            try await AppCopies.write([.row(stored.row)], on: owner)
            try await administer(
                Statement(
                    "add_app",
                    "select ledger.add_app($1::ledger.app, $2::ledger.append_command)",
                    .row(stored.row),
                    .row(command.row(.facts, vault))
                ),
                owner.first
            ) { _ throws(PostgresError) in }
            return true
        } catch {
            guard error.sqlState == .uniqueViolation else { throw StoreError(error) }
        }
        // Somebody else was quicker: the other databases may have been told of this one last.
        do {
            if let app = try await self.app(clientID: app.clientID) {
                try await AppCopies.write([.row(app.row)], on: owner)
            }
            return false
        } catch {
            throw StoreError(error)
        }
    }

    /// That it is there, and what it has decided, if it has.
    private static func events(adding app: NewApp) -> [LedgerEvent] {
        var update = LedgerEvent.AppUpdate()
        if !app.policies.isEmpty { update.policies = app.policies.inOrder }
        if app.supersededGraceSeconds != SupersededGrace.usualSeconds {
            update.supersededGraceSeconds = app.supersededGraceSeconds
        }
        if app.accessRecording != .full { update.accessRecording = app.accessRecording }
        let isUsual = update == LedgerEvent.AppUpdate()
        return [.appAdded(name: app.name)] + (isUsual ? [] : [.appUpdated(update)])
    }

    /// Changes what is kept of an app, as it was read.
    ///
    /// Every copy of the service goes by it within 5 s. Needs the rights of the schema's owner, on all databases.
    /// Where one of these could not be told, a repeat tells it.
    package func update(
        _ app: StoredApp,
        _ change: AppChange,
        context: RecordContext,
        owner: DatabaseMap
    ) async throws(StoreError) -> AdministrationOutcome {
        let (changed, update) = change.applied(to: app)
        // A value must not be dropped for want of a longer grace.
        let isLonger = changed.supersededGraceSeconds >= app.supersededGraceSeconds
        do {
            if isLonger { try await AppCopies.write([.row(changed.row)], on: owner) }
            guard update != LedgerEvent.AppUpdate() else { return .unchanged }
            let outcome = try await write(changed, update, of: app, context, owner.first)
            if !isLonger, outcome == .written {
                try await AppCopies.write([.row(changed.row)], on: owner)
            }
            return outcome
        } catch {
            throw StoreError(error)
        }
    }

    private func write(
        _ changed: StoredApp,
        _ update: LedgerEvent.AppUpdate,
        of app: StoredApp,
        _ context: RecordContext,
        _ owner: PostgresConfiguration
    ) async throws(StoreError) -> AdministrationOutcome {
        var command = command(
            administering: app.id,
            clientID: app.clientID,
            [.appUpdated(update)],
            at: clock.now(),
            context
        )
        if update.clientSecretVersion != nil || update.appKeyVersion != nil {
            let key = try await dataKey(of: app)
            do {
                command.values = try sealedSecrets(of: changed, key).filter {
                    $0.kind == .clientSecret
                        ? update.clientSecretVersion != nil : update.appKeyVersion != nil
                }
            } catch {
                throw .damaged(.value)
            }
        }
        return try await administerChange(
            Statement(
                "update_app",
                """
                select ledger.update_app($1::ledger.app, $2::ledger.app, $3::ledger.append_command)
                """,
                .row(app.row),
                .row(changed.row),
                .row(command.row(.facts, vault))
            ),
            owner
        )
    }

    /// An app's secrets as they are kept.
    private func sealedSecrets(
        of app: StoredApp,
        _ key: DataKey
    ) throws(VaultError) -> [AppendCommand.SealedValue] {
        var secrets = [(ValueKind.clientSecret, app.clientSecret, app.clientSecretVersion)]
        if let appKey = app.appKey, let version = app.appKeyVersion {
            secrets.append((.appKey, appKey, version))
        }
        var sealed: [AppendCommand.SealedValue] = []
        for (kind, value, version) in secrets {
            let bytes = try vault.seal(value, kind, version: version, for: app.place, key: key)
            sealed.append(AppendCommand.SealedValue(kind: kind, version: version, bytes: bytes))
        }
        return sealed
    }

    /// The key that an app's secrets are sealed under.
    func dataKey(of app: StoredApp) async throws(StoreError) -> DataKey {
        let wrapped = try await database.administration.firstRow(
            Statement(
                "app_data_key",
                "select wrapped from vault.data_key where log_id = $1 and subject = $2",
                .int4(Log.facts.id),
                .uuid(app.id.value)
            )
        ) { result, row throws(PostgresError) in try result.bytes(row, 0) }
        guard let wrapped, let key = try? vault.unwrap(wrapped, for: app.place) else {
            throw .damaged(.value)
        }
        return key
    }
}

extension StoredApp {
    /// An app that is registered now.
    fileprivate convenience init(_ app: NewApp, id: Identifier) {
        self.init(
            id: id,
            clientID: app.clientID,
            name: app.name,
            connectURL: app.connectURL,
            userURL: app.userURL,
            apiURL: app.apiURL,
            allowedOrigins: app.allowedOrigins,
            clientSecret: app.clientSecret,
            clientSecretVersion: 1,
            appKey: app.appKey,
            appKeyVersion: app.appKey == nil ? nil : 1,
            policies: app.policies,
            supersededGraceSeconds: app.supersededGraceSeconds,
            accessRecording: app.accessRecording
        )
    }

    /// Where its secrets belong.
    var place: ValueOwner {
        ValueOwner(logID: Log.facts.id, app: id, subject: id)
    }

    /// The app as `ledger.app`.
    fileprivate var row: PostgresRow {
        PostgresRow(
            .uuid(id.value),
            .text(clientID),
            .text(name),
            .text(connectURL),
            .text(userURL),
            .text(apiURL),
            .textArray(allowedOrigins),
            .int8(clientSecretVersion),
            .int8(appKeyVersion),
            .textArray(policies.inOrder.map(\.rawValue)),
            .int8(supersededGraceSeconds),
            .text(accessRecording.rawValue)
        )
    }
}

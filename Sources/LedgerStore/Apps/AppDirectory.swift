package import Ledger
internal import Postgres
internal import Synchronization
internal import Vault

/// An API key as stored, without the key.
package struct StoredAPIKey: Sendable {
    /// Names the key in events and lists.
    package let id: String
    /// The app whose users the key may touch.
    package let app: Identifier
    package let scopes: Set<String>
    let hash: [UInt8]
    let expiresAt: Timestamp?
}

/// Apps and API keys, remembered for a moment.
final class AppDirectory: Sendable {
    private struct Entry<Value: Sendable>: Sendable {
        let value: Value
        var until: ContinuousClock.Instant
    }

    private struct Remembered {
        var apps: Entry<[StoredApp]>?
        var keys: [String: Entry<StoredAPIKey>] = [:]
        /// Names of keys that there are not, each until when it is taken for granted.
        var unknownKeys: [String: ContinuousClock.Instant] = [:]

        /// The apps, unless it is time to ask again.
        ///
        /// Whoever is told to ask does so for all: meanwhile the others go on with what is
        /// remembered.
        mutating func freshApps() -> [StoredApp]? {
            guard let entry = apps else { return nil }
            guard entry.until <= .now else { return entry.value }
            apps?.until = .now + StoreLimits.directoryTime
            return nil
        }

        /// The same for one key.
        mutating func find(_ id: String) -> FoundKey {
            guard let entry = keys[id] else {
                return (unknownKeys[id] ?? .now) > .now ? .unknown : .never
            }
            guard entry.until <= .now else { return .fresh(entry.value) }
            keys[id]?.until = .now + StoreLimits.directoryTime
            return .stale
        }
    }

    private enum FoundKey {
        case fresh(StoredAPIKey)
        /// It was there, and is to be asked for again.
        case stale
        /// A moment ago it was not there.
        case unknown
        case never
    }

    /// Beyond this many remembered keys all are forgotten: a bound, not a policy.
    private static let keysMax = 10_000

    private let remembered = Mutex(Remembered())
    private let database: StoreDatabase
    private let vault: Vault

    init(database: StoreDatabase, vault: Vault) {
        self.database = database
        self.vault = vault
    }

    /// All apps.
    func apps() async throws(StoreError) -> [StoredApp] {
        if let apps = remembered.withLock({ $0.freshApps() }) { return apps }
        let rows = try await database.rows(Self.appsStatement, AppRow.init)
        var apps: [StoredApp] = []
        for row in rows { apps.append(try row.opened(by: vault)) }
        let entry = Entry(value: apps, until: .now + StoreLimits.directoryTime)
        remembered.withLock { $0.apps = entry }
        return apps
    }

    /// Makes the next question for apps ask the database.
    func forgetApps() {
        remembered.withLock { $0.apps = nil }
    }

    /// The key with this id, unless it is revoked or expired.
    ///
    /// `admit` is called, and may throw, before the database is asked for one that is not remembered.
    func key(
        _ id: String,
        now: Timestamp,
        admit: () throws -> Void
    ) async throws -> StoredAPIKey? {
        let key: StoredAPIKey?
        switch remembered.withLock({ $0.find(id) }) {
        case .fresh(let known):
            key = known
        case .unknown:
            return nil
        case .stale:
            key = try await askedKey(id)
        case .never:
            try admit()
            key = try await askedKey(id)
        }
        guard let key else { return nil }
        if let expiresAt = key.expiresAt, expiresAt <= now { return nil }
        return key
    }

    /// Asks for a key and remembers the answer, also that there is none.
    private func askedKey(_ id: String) async throws(StoreError) -> StoredAPIKey? {
        let key = try await storedKey(id)
        let until = ContinuousClock.now + StoreLimits.directoryTime
        remembered.withLock { remembered in
            guard let key else {
                remembered.keys[id] = nil
                if remembered.unknownKeys.count >= Self.keysMax { remembered.unknownKeys = [:] }
                remembered.unknownKeys[id] = until
                return
            }
            if remembered.keys.count >= Self.keysMax { remembered.keys = [:] }
            remembered.keys[id] = Entry(value: key, until: until)
        }
        return key
    }

    private func storedKey(_ id: String) async throws(StoreError) -> StoredAPIKey? {
        try await database.firstRow(
            Statement(
                "api_key",
                """
                select app_id, hash, array_to_string(scopes, ' '), expires_at
                from ledger.api_key where key_id = $1 and revoked_at is null
                """,
                .text(id)
            )
        ) { result, row throws(PostgresError) in
            let scopes = try result.text(row, 2).split(separator: " ").map(String.init)
            return StoredAPIKey(
                id: id,
                app: Identifier(value: try result.uuid(row, 0)),
                scopes: Set(scopes),
                hash: try result.bytes(row, 1),
                expiresAt: try result.timestamptzOrNil(row, 3).map {
                    Timestamp(microseconds: $0)
                }
            )
        }
    }

    private static let appsStatement = Statement(
        "apps",
        """
        select a.app_id, a.client_id, a.name, a.connect_url, a.user_url, a.api_url,
            array_to_string(a.allowed_origins, ' '),
            (select k.wrapped from vault.data_key k where k.log_id = 0 and k.subject = a.app_id),
            (select s.sealed from vault.value s where s.log_id = 0 and s.subject = a.app_id
                and s.kind = 'client_secret' and s.version = 1),
            (select p.sealed from vault.value p where p.log_id = 0 and p.subject = a.app_id
                and p.kind = 'app_key' and p.version = 1)
        from ledger.app a
        order by a.client_id
        """
    )
}

/// An app's row, its secrets still sealed.
private struct AppRow: Sendable {
    let id: Identifier
    let texts: [String]
    let origins: [String]
    let wrappedKey: [UInt8]
    let clientSecret: [UInt8]
    let appKey: [UInt8]?

    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        id = Identifier(value: try result.uuid(row, 0))
        var texts: [String] = []
        for column in 1...5 { texts.append(try result.text(row, column)) }
        self.texts = texts
        origins = try result.text(row, 6).split(separator: " ").map(String.init)
        wrappedKey = try result.bytes(row, 7)
        clientSecret = try result.bytes(row, 8)
        appKey = try result.bytesOrNil(row, 9)
    }

    func opened(by vault: Vault) throws(StoreError) -> StoredApp {
        let owner = ValueOwner(logID: Log.facts.id, app: id, subject: id)
        let secret: Secret
        var openedAppKey: Secret?
        do {
            let key = try vault.unwrap(wrappedKey, for: owner)
            secret = try vault.open(clientSecret, .clientSecret, version: 1, for: owner, key: key)
            if let appKey {
                openedAppKey = try vault.open(appKey, .appKey, version: 1, for: owner, key: key)
            }
        } catch {
            throw .damaged(.value)
        }
        return StoredApp(
            id: id,
            clientID: texts[0],
            name: texts[1],
            connectURL: texts[2],
            userURL: texts[3],
            apiURL: texts[4],
            allowedOrigins: origins,
            clientSecret: secret,
            appKey: openedAppKey
        )
    }
}

internal import Ledger
internal import Logging
internal import Postgres
internal import Synchronization
internal import Vault

/// Apps and API keys, remembered for a moment.
final class AppDirectory: Sendable {
    /// An API key, and where its uses are noted.
    struct KnownKey: Sendable {
        let key: StoredAPIKey
        let use: APIKeyUses.Use
    }

    /// All apps: one whose secrets do not open takes none of the others along.
    struct Apps: Sendable {
        var opened: [StoredApp] = []
        /// Ids and `clientId`s of the others.
        var damaged: [(id: Identifier, clientID: String)] = []

        /// The app of this id or `clientId`; throws where it is a damaged one.
        func first(
            where isIt: (_ id: Identifier, _ clientID: String) -> Bool
        ) throws(StoreError) -> StoredApp? {
            guard !damaged.contains(where: { isIt($0.id, $0.clientID) }) else {
                throw .damaged(.value)
            }
            return opened.first { isIt($0.id, $0.clientID) }
        }
    }

    /// What was answered, and when to ask again.
    private struct Entry<Value: Sendable>: Sendable {
        let value: Value
        /// When the question was sent: what changed since is not in the answer.
        let asked: ContinuousClock.Instant
        /// When to ask again.
        var until: ContinuousClock.Instant

        init(_ value: Value, asked: ContinuousClock.Instant) {
            self.value = value
            self.asked = asked
            until = asked + StoreLimits.directoryTime
        }
    }

    private struct Remembered {
        var apps: Entry<Apps>?
        var keys: [String: Entry<KnownKey>] = [:]
        /// Ids that there are not, each until when that is taken for granted.
        var unknownKeys: [String: ContinuousClock.Instant] = [:]

        /// What is remembered, unless it is time to ask again.
        ///
        /// Whoever is told to ask does so for all: meanwhile the others go on with what is
        /// remembered, but not for long, since nobody may come to an answer.
        static func fresh<Value>(_ entry: inout Entry<Value>?) -> Value? {
            guard let known = entry else { return nil }
            let now = ContinuousClock.now
            guard now - known.asked < StoreLimits.directoryTimeMax else { return nil }
            guard known.until <= now else { return known.value }
            entry?.until = now + StoreLimits.directoryTime
            return nil
        }

        /// What is remembered of one key.
        mutating func find(_ id: String) -> Found {
            let isKnown = keys[id] != nil
            if let known = Self.fresh(&keys[id]) { return .fresh(known) }
            if isKnown { return .stale }
            let now = ContinuousClock.now
            return (unknownKeys[id] ?? now) > now ? .unknown : .never
        }

        /// Takes an answer, unless a later one was there before it.
        static func take<Value>(_ entry: inout Entry<Value>?, _ answer: Entry<Value>) {
            if let known = entry, known.asked > answer.asked { return }
            entry = answer
        }
    }

    private enum Found {
        case fresh(KnownKey)
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
    private let uses: APIKeyUses
    private let logger: Logger

    init(database: StoreDatabase, vault: Vault, uses: APIKeyUses, logger: Logger) {
        self.database = database
        self.vault = vault
        self.uses = uses
        self.logger = logger
    }

    /// All apps.
    func apps() async throws(StoreError) -> Apps {
        if let apps = remembered.withLock({ Remembered.fresh(&$0.apps) }) { return apps }
        let asked = ContinuousClock.now
        let rows = try await database.rows(Self.appsStatement, AppRow.init)
        var apps = Apps()
        for row in rows {
            do {
                apps.opened.append(try row.opened(by: vault))
            } catch {
                apps.damaged.append((row.id, row.clientID))
                logger.error("an app's secrets do not open", metadata: ["app": "\(row.id)"])
            }
        }
        let answer = Entry(apps, asked: asked)
        remembered.withLock { Remembered.take(&$0.apps, answer) }
        return apps
    }

    /// Makes the next question for apps and keys ask the database.
    func forget() {
        remembered.withLock { $0 = Remembered() }
    }

    /// The key with this id, whether it is valid or not.
    ///
    /// `admit` is called, and may throw, before the database is asked for one that was not seen lately.
    func key(_ id: String, admit: () throws -> Void) async throws -> KnownKey? {
        switch remembered.withLock({ $0.find(id) }) {
        case .fresh(let known): return known
        case .unknown: return nil
        case .stale: break
        case .never: try admit()
        }
        return try await askedKey(id)
    }

    /// Asks for a key, and remembers also that there is none.
    private func askedKey(_ id: String) async throws(StoreError) -> KnownKey? {
        let asked = ContinuousClock.now
        guard let key = try await storedKey(id) else {
            remembered.withLock { remembered in
                if remembered.unknownKeys.count >= Self.keysMax { remembered.unknownKeys = [:] }
                remembered.unknownKeys[id] = asked + StoreLimits.directoryTime
                remembered.keys[id] = nil
            }
            return nil
        }
        let answer = Entry(KnownKey(key: key, use: uses.use(of: id)), asked: asked)
        remembered.withLock { remembered in
            if remembered.keys.count >= Self.keysMax { remembered.keys = [:] }
            Remembered.take(&remembered.keys[id], answer)
        }
        return answer.value
    }

    /// The key with this id as it is now.
    func storedKey(_ id: String) async throws(StoreError) -> StoredAPIKey? {
        try await database.firstRow(
            Statement(
                "api_key",
                """
                select k.key_id, k.app_id, k.hash, k.is_test, array_to_string(k.scopes, ' '),
                    k.label, array_to_string(k.networks, ' '),
                    array_to_string(k.client_certificates, ' '), k.created_at, k.expires_at,
                    k.revoked_at, k.replaces
                from ledger.api_key k where k.key_id = $1
                """,
                .text(id)
            ),
            StoredAPIKey.init
        )
    }

    private static let appsStatement = Statement(
        "apps",
        """
        select a.app_id, a.client_id, a.name, a.connect_url, a.user_url, a.api_url,
            array_to_string(a.allowed_origins, ' '),
            (select k.wrapped from vault.data_key k where k.log_id = 0 and k.subject = a.app_id),
            (select s.sealed from vault.value s where s.log_id = 0 and s.subject = a.app_id
                and s.kind = 'client_secret' and s.version = a.client_secret_version),
            (select p.sealed from vault.value p where p.log_id = 0 and p.subject = a.app_id
                and p.kind = 'app_key' and p.version = a.app_key_version),
            a.client_secret_version, a.app_key_version, array_to_string(a.policies, ' '),
            a.superseded_grace_seconds, a.access_log
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
    let clientSecretVersion: Int64
    let appKeyVersion: Int64?
    let policies: [Substring]
    let supersededGraceSeconds: Int64
    let accessRecording: AccessRecording?

    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        id = Identifier(value: try result.uuid(row, 0))
        var texts: [String] = []
        for column in 1...5 { texts.append(try result.text(row, column)) }
        self.texts = texts
        origins = try result.text(row, 6).split(separator: " ").map(String.init)
        wrappedKey = try result.bytes(row, 7)
        clientSecret = try result.bytes(row, 8)
        appKey = try result.bytesOrNil(row, 9)
        clientSecretVersion = try result.int8(row, 10)
        appKeyVersion = try result.int8OrNil(row, 11)
        policies = try result.text(row, 12).split(separator: " ")
        supersededGraceSeconds = try result.int8(row, 13)
        accessRecording = AccessRecording(rawValue: try result.text(row, 14))
    }

    var clientID: String { texts[0] }

    func opened(by vault: Vault) throws(StoreError) -> StoredApp {
        let owner = ValueOwner(logID: Log.facts.id, app: id, subject: id)
        // An app whose App Key is gone would go on without, and meet users as if they were new.
        guard (appKey == nil) == (appKeyVersion == nil) else { throw .damaged(.value) }
        // Nor does it go on without something that it has decided.
        let policies = Set(policies.compactMap { AppPolicy(rawValue: String($0)) })
        guard policies.count == self.policies.count, let accessRecording else {
            throw .damaged(.value)
        }
        let secret: Secret
        var openedAppKey: Secret?
        do {
            let key = try vault.unwrap(wrappedKey, for: owner)
            secret = try vault.open(
                clientSecret,
                .clientSecret,
                version: clientSecretVersion,
                for: owner,
                key: key
            )
            if let appKey, let version = appKeyVersion {
                openedAppKey = try vault.open(
                    appKey,
                    .appKey,
                    version: version,
                    for: owner,
                    key: key
                )
            }
        } catch {
            throw .damaged(.value)
        }
        return StoredApp(
            id: id,
            clientID: clientID,
            name: texts[1],
            connectURL: texts[2],
            userURL: texts[3],
            apiURL: texts[4],
            allowedOrigins: origins,
            clientSecret: secret,
            clientSecretVersion: clientSecretVersion,
            appKey: openedAppKey,
            appKeyVersion: appKeyVersion,
            policies: policies,
            supersededGraceSeconds: supersededGraceSeconds,
            accessRecording: accessRecording
        )
    }
}

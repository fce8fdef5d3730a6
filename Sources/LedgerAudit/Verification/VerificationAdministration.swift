internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Synchronization
internal import Vault

/// Compares the rows of apps, API keys and webhook endpoints, by which the service goes, with the events
/// that made them.
///
/// Addresses, origins, labels and networks are not in the log, nor is what an app had beside its name
/// when it was registered: of these it is seen only whether they are what a later event says.
final class VerificationAdministration: Sendable {
    private struct App {
        var name: String
        var clientSecretVersion: Int64 = 1
        /// Nil until an event tells; 0 stands for none.
        var appKeyVersion: Int64?
        var policies: String?
        var graceSeconds = SupersededGrace.usualSeconds
        var accessLog = AccessRecording.full
    }

    private struct Key {
        let clientID: String
        let made: LedgerEvent.NewAPIKey
        let time: Timestamp
        var expiry: Timestamp?
        var revocation: Timestamp?
    }

    private struct AppRow: Sendable {
        let clientID: String
        let name: String
        let clientSecretVersion: Int64
        let appKeyVersion: Int64
        let policies: String
        let graceSeconds: Int64
        let accessLog: String
        /// Without addresses: whoever replays a log knows no more of it, and makes no keys.
        let isReplayed: Bool
    }

    private struct KeyRow: Sendable, Equatable {
        let id: String
        let clientID: String
        let scopes: String
        let networks: Int64
        let clientCertificates: String
        let createdAt: Timestamp
        let expiresAt: Timestamp?
        let revokedAt: Timestamp?
        let replaces: String?
    }

    private let read = Mutex<[Int64: [UInt8]]>([:])
    /// What its log of facts tells, in the order of positions, once the database of apps was checked: the copies
    /// of apps in others are compared with the same.
    private let told = Mutex<[Record]>([])
    /// Tells which records the service wrote; others made nothing.
    private let macs: Vault?
    /// Opens what is sealed.
    private let vault: Vault?
    private let problems: VerificationProblems

    init(_ plan: VerificationPlan, _ vault: Vault?) {
        macs = plan.checks.contains(.macs) ? vault : nil
        self.vault = plan.checks.contains(.vault) ? vault : nil
        problems = VerificationProblems(macs: macs)
    }

    /// Takes a row of the log of facts, if it is about an app, an API key, a webhook endpoint or a problem.
    func take(_ row: VerificationRow) {
        problems.take(row)
        guard let type = row.type,
            type.hasPrefix("app.") || type.hasPrefix("api_key.")
                || VerificationWebhooks.isTold(by: type)
        else { return }
        if let macs, !row.isWritten(by: macs, logID: Log.facts.id) { return }
        read.withLock { $0[row.position] = row.record }
    }

    /// Compares, in one snapshot, with what was appended since the head was read; `logs` are those of facts.
    ///
    /// `size` is where the head of administration's log ends; nil in a database that has users alone. That one is
    /// compared with what the first one told.
    func check(
        _ logs: [Log],
        _ connection: PostgresConnection,
        from size: Int64?,
        isInTransaction: Bool,
        _ report: inout VerificationReport
    ) async throws {
        if !isInTransaction {
            try await connection.script("begin isolation level repeatable read read only")
        }
        try await problems.check(logs, connection, from: size ?? 0, &report)
        let flaws =
            if let size {
                try await flaws(connection, from: size)
            } else {
                Self.flaws(of: try await apps(connection), told.withLock(\.self))
            }
        if !isInTransaction { try await connection.script("commit") }
        for flaw in flaws { report.add(logs.first?.id ?? Log.facts.id, nil, flaw) }
    }

    private func flaws(
        _ connection: PostgresConnection,
        from size: Int64
    ) async throws(PostgresError) -> [VerificationFlaw] {
        let tail = try await tail(connection, from: size)
        let (apps, keys) = (try await apps(connection), try await keys(connection))
        let webhooks = try await VerificationWebhooks(connection, vault)
        let head = read.withLock { $0.sorted { $0.key < $1.key }.map(\.value) }
        let records = (head + tail).compactMap { try? Record(decoding: $0) }
        told.withLock { $0 = records }
        let replayed = Set(apps.filter(\.isReplayed).map { Array($0.clientID.utf8) })
        return Self.flaws(of: apps, records) + Self.flaws(of: keys, records, replayed)
            + webhooks.flaws(records, replayed: replayed)
    }

    private static func flaws(of apps: [AppRow], _ records: [Record]) -> [VerificationFlaw] {
        // By their bytes: two clientIds may be the same text in two spellings.
        var madeApps: [[UInt8]: (clientID: String, app: App)] = [:]
        for record in records { take(record, &madeApps) }
        var flaws: [VerificationFlaw] = []
        for row in apps {
            let id = Array(row.clientID.utf8)
            guard let made = madeApps.removeValue(forKey: id)?.app else {
                if !row.isReplayed { flaws.append(.appRow(row.clientID, .ofNobody)) }
                continue
            }
            let isSame =
                row.name == made.name
                && (row.isReplayed
                    || row.clientSecretVersion == made.clientSecretVersion
                        && row.appKeyVersion == made.appKeyVersion ?? row.appKeyVersion
                        && row.policies == made.policies ?? row.policies)
            if !isSame { flaws.append(.appRow(row.clientID, .differs)) }
            let isDecided =
                row.graceSeconds == made.graceSeconds && row.accessLog == made.accessLog.rawValue
            if !isDecided, !row.isReplayed {
                flaws.append(.app(row.clientID, .decisionDiffers))
            }
        }
        return flaws + madeApps.values.map { .appRow($0.clientID, .missing) }
    }

    private static func flaws(
        of keys: [KeyRow],
        _ records: [Record],
        _ replayed: Set<[UInt8]>
    ) -> [VerificationFlaw] {
        var madeKeys: [String: Key] = [:]
        for record in records { take(record, &madeKeys) }
        var flaws: [VerificationFlaw] = []
        for row in keys {
            guard let made = madeKeys.removeValue(forKey: row.id) else {
                flaws.append(.apiKeyRow(row.id, .ofNobody))
                continue
            }
            let expected = KeyRow(
                id: row.id,
                clientID: made.clientID,
                scopes: made.made.scopes.joined(separator: " "),
                networks: made.made.networks,
                clientCertificates: made.made.clientCertificates.joined(separator: " "),
                createdAt: made.time,
                expiresAt: made.expiry,
                revokedAt: made.revocation,
                replaces: made.made.replaces
            )
            if row != expected { flaws.append(.apiKeyRow(row.id, .differs)) }
        }
        return flaws
            + madeKeys.filter { !replayed.contains(Array($0.value.clientID.utf8)) }
            .map { .apiKeyRow($0.key, .missing) }
    }

    private static func take(
        _ record: Record,
        _ apps: inout [[UInt8]: (clientID: String, app: App)]
    ) {
        let app = Array(record.clientID.utf8)
        switch record.event {
        case .appAdded(let name): apps[app] = (record.clientID, App(name: name))
        case .appUpdated(let update):
            if let version = update.clientSecretVersion {
                apps[app]?.app.clientSecretVersion = version
            }
            if let version = update.appKeyVersion { apps[app]?.app.appKeyVersion = version }
            if let policies = update.policies {
                apps[app]?.app.policies = policies.map(\.rawValue).joined(separator: " ")
            }
            if let seconds = update.supersededGraceSeconds { apps[app]?.app.graceSeconds = seconds }
            if let recording = update.accessRecording { apps[app]?.app.accessLog = recording }
        default: break
        }
    }

    private static func take(_ record: Record, _ keys: inout [String: Key]) {
        switch record.event {
        case .apiKeyCreated(let key):
            keys[key.key] = Key(
                clientID: record.clientID,
                made: key,
                time: record.time,
                expiry: key.expiry
            )
        case .apiKeyExpirySet(let key, let expiry): keys[key]?.expiry = expiry
        case .apiKeyRevoked(let key): keys[key]?.revocation = record.time
        default: break
        }
    }

    // MARK: Reading

    private func tail(
        _ connection: PostgresConnection,
        from size: Int64
    ) async throws(PostgresError) -> [[UInt8]] {
        try await connection.rows(
            Statement(
                "verify_administration",
                """
                select record, mac, event_id, app_id, subject, subject_version from ledger.event
                where log_id = 0 and position >= $1 and (type like 'app.%' or type like 'api\\_key.%'
                    or type like 'webhook.%' and type not in ('webhook.tested', 'webhook.replayed'))
                order by position
                """,
                .int8(size)
            )
        ) { result, row throws(PostgresError) -> [UInt8]? in
            let isOurs = macs?.hasWritten(result, row, from: 0, logID: Log.facts.id) ?? true
            return isOurs ? try result.bytes(row, 0) : nil
        }.compactMap { $0 }
    }

    private func apps(_ connection: PostgresConnection) async throws(PostgresError) -> [AppRow] {
        try await connection.rows(
            Statement(
                "verify_app_rows",
                """
                select client_id, name, client_secret_version, coalesce(app_key_version, 0),
                    array_to_string(policies, ' '), superseded_grace_seconds, access_log,
                    connect_url = ''
                from ledger.app order by client_id
                """
            )
        ) { result, row throws(PostgresError) in
            AppRow(
                clientID: try result.text(row, 0),
                name: try result.text(row, 1),
                clientSecretVersion: try result.int8(row, 2),
                appKeyVersion: try result.int8(row, 3),
                policies: try result.text(row, 4),
                graceSeconds: try result.int8(row, 5),
                accessLog: try result.text(row, 6),
                isReplayed: try result.bool(row, 7)
            )
        }
    }

    private func keys(_ connection: PostgresConnection) async throws(PostgresError) -> [KeyRow] {
        try await connection.rows(
            Statement(
                "verify_api_key_rows",
                """
                select k.key_id, a.client_id, array_to_string(k.scopes, ' '),
                    cardinality(k.networks)::bigint,
                    array_to_string(k.client_certificates, ' '), k.created_at, k.expires_at,
                    k.revoked_at, k.replaces
                from ledger.api_key k join ledger.app a on a.app_id = k.app_id order by k.key_id
                """
            )
        ) { result, row throws(PostgresError) in
            KeyRow(
                id: try result.text(row, 0),
                clientID: try result.text(row, 1),
                scopes: try result.text(row, 2),
                networks: try result.int8(row, 3),
                clientCertificates: try result.text(row, 4),
                createdAt: Timestamp(microseconds: try result.timestamptz(row, 5)),
                expiresAt: try result.timestamptzOrNil(row, 6).map {
                    Timestamp(microseconds: $0)
                },
                revokedAt: try result.timestamptzOrNil(row, 7).map {
                    Timestamp(microseconds: $0)
                },
                replaces: try result.textOrNil(row, 8)
            )
        }
    }
}

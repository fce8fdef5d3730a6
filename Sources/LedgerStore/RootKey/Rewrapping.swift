internal import Ledger
internal import Postgres
internal import Vault

/// Reads keys that are under another root key than the current one, and writes them under that.
struct Rewrapping: Sendable {
    /// A wrapped key as it is stored, and whose it is.
    struct StoredKey: Sendable {
        let app: Identifier?
        let subject: Identifier?
        let purpose: String?
        let rootKeyID: String
        let wrapped: [UInt8]
    }

    enum Kind: String {
        case user, app, master
    }

    static let pageMax = 500
    /// How often users are gone over whose rows are held.
    static let roundsMax = 8
    /// Before a further round: what held a row has ended by then.
    static let pause: Duration = .milliseconds(200)

    let vault: Vault
    let connection: PostgresConnection
    /// Whose users' keys; apps and the deployment's own keys are with the first.
    let log: Log

    /// Wraps keys anew and writes those that are still as they were read.
    func rewrap(
        _ keys: [StoredKey],
        _ kind: Kind,
        _ rotation: inout RootKeyRotation
    ) async throws(PostgresError) {
        var rows: [PostgresRow] = []
        for key in keys {
            guard let wrapped = try? rewrapped(key) else {
                rotation.unopened += 1
                continue
            }
            rows.append(
                PostgresRow(
                    .uuid(key.app?.value),
                    .uuid(key.subject?.value),
                    .text(key.purpose),
                    .bytea(key.wrapped),
                    .bytea(wrapped)
                )
            )
        }
        guard !rows.isEmpty else { return }
        rotation.rewrapped += try await connection.query(
            Statement(
                "rewrap_keys",
                "select vault.rewrap_keys($1, $2, $3, $4::vault.rewrapped_key[])",
                .text(kind.rawValue),
                .int4(log.id),
                .text(vault.rootKeyID),
                .rowArray(rows)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    private func rewrapped(_ key: StoredKey) throws(VaultError) -> [UInt8] {
        if let purpose = key.purpose {
            guard let purpose = MasterKeyPurpose(rawValue: purpose) else { throw .openingFailed }
            return try vault.rewrapMasterKey(key.wrapped, purpose)
        }
        guard let subject = key.subject else { throw .openingFailed }
        let owner = ValueOwner(logID: log.id, app: key.app ?? subject, subject: subject)
        return try vault.wrap(try vault.unwrap(key.wrapped, for: owner), for: owner)
    }

    /// The next users whose key is under another root key.
    func users(after: StoredKey?) async throws(PostgresError) -> [StoredKey] {
        try await connection.rows(
            Statement(
                "rewrap_users",
                """
                select app_id, subject, null::text, root_key_id, wrapped_key from vault.user_state
                where log_id = $1 and (app_id, subject) > ($2, $3)
                    and wrapped_key is not null and root_key_id is distinct from $4
                order by app_id, subject limit $5
                """,
                .int4(log.id),
                .uuid(after?.app?.value ?? 0),
                .uuid(after?.subject?.value ?? 0),
                .text(vault.rootKeyID),
                .int8(Int64(Self.pageMax))
            ),
            Self.read
        )
    }

    /// The apps whose key is.
    func apps() async throws(PostgresError) -> [StoredKey] {
        try await connection.rows(
            Statement(
                "rewrap_apps",
                """
                select null::uuid, subject, null::text, root_key_id, wrapped from vault.data_key
                where log_id = $1 and root_key_id <> $2
                    -- A rebuild leaves keys of nobody here, which open nothing.
                    and subject in (select app_id from ledger.app)
                order by subject
                """,
                .int4(log.id),
                .text(vault.rootKeyID)
            ),
            Self.read
        )
    }

    /// Waits until every append to the log has ended that may not have seen what was written before this.
    func waitForAppends() async throws(PostgresError) {
        try await connection.query(
            Statement(
                "wait_for_appends",
                "select from ledger.log where log_id = $1 for update",
                .int4(log.id)
            )
        ) { _ throws(PostgresError) in }
    }

    /// Which root key the current one has replaced, and a word that only this change has; nil where
    /// it was never changed.
    func change() async throws(PostgresError) -> (replaced: String, turn: String)? {
        try await connection.rows(
            Statement(
                "root_key_change",
                """
                select old.root_key_id, encode(sha256(own.wrapped), 'hex')
                from vault.master_key own, vault.retired_root_key old
                where own.purpose = $1 order by old.retired_at desc limit 1
                """,
                .text(MasterKeyPurpose.fingerprint.rawValue)
            )
        ) { result, row throws(PostgresError) in
            (replaced: try result.text(row, 0), turn: try result.text(row, 1))
        }.first
    }

    /// Appends a command with the owner's rights; one that is there already stays the only one.
    func record(_ command: AppendCommand) async throws(PostgresError) {
        try await connection.query(
            Statement(
                "record_root_key",
                "select from ledger.append_events(0, array[$1::ledger.append_command])",
                .row(command.row(.facts, vault))
            )
        ) { _ throws(PostgresError) in }
    }

    /// The deployment's own keys that are.
    func masterKeys() async throws(PostgresError) -> [StoredKey] {
        try await connection.rows(
            Statement(
                "rewrap_master_keys",
                """
                select null::uuid, null::uuid, purpose, root_key_id, wrapped from vault.master_key
                where root_key_id <> $1 order by purpose
                """,
                .text(vault.rootKeyID)
            ),
            Self.read
        )
    }

    /// How many users' keys each app has in the log.
    func userCounts() async throws(PostgresError) -> [Identifier: Int64] {
        let rows = try await connection.rows(
            Statement(
                "rewrapped_users",
                """
                select app_id, count(*) from vault.user_state
                where log_id = $1 and wrapped_key is not null group by app_id
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in
            (Identifier(value: try result.uuid(row, 0)), try result.int8(row, 1))
        }
        return Dictionary(rows) { $0 + $1 }
    }

    private static let read: RowDecoder<StoredKey> = { result, row throws(PostgresError) in
        StoredKey(
            app: try result.uuidOrNil(row, 0).map { Identifier(value: $0) },
            subject: try result.uuidOrNil(row, 1).map { Identifier(value: $0) },
            purpose: try result.textOrNil(row, 2),
            rootKeyID: try result.textOrNil(row, 3) ?? "",
            wrapped: try result.bytes(row, 4)
        )
    }
}

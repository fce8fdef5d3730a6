package import Postgres
package import Vault

/// The deployment's own keys as they are stored, wrapped.
private struct StoredKeys: Sendable {
    let wrapped: [String: [UInt8]]
    let hasRecords: Bool

    /// One row even where there are no keys; all of it is of one moment.
    static let statement = Statement(
        "master_keys",
        """
        select k.purpose, k.wrapped, exists (select from ledger.log where size > 0)
        from (select) as always left join vault.master_key k on true
        """
    )

    init(_ result: borrowing PostgresResult) throws(PostgresError) {
        var wrapped: [String: [UInt8]] = [:]
        for row in 0..<result.rowCount {
            guard let purpose = try result.textOrNil(row, 0) else { continue }
            wrapped[purpose] = try result.bytes(row, 1)
        }
        self.wrapped = wrapped
        hasRecords = try result.bool(0, 2)
    }
}

extension Vault {
    /// Opens the deployment's own keys with the root key.
    ///
    /// Throws `StoreOpeningError.vault(.wrongRootKey)` when they were wrapped by another root key,
    /// `.recordsWithoutKeys` when there are records and no keys (docs/threats.md#t23), and
    /// `.keysNotMade` when there is neither: the service must not start then.
    convenience init(
        rootKeys: RootKeys,
        pool: PostgresPool
    ) async throws(StoreOpeningError) {
        let stored: StoredKeys
        do {
            stored = try await pool.query(StoredKeys.statement) {
                result throws(PostgresError) in try StoredKeys(result)
            }
        } catch {
            throw .opening(error)
        }
        try self.init(rootKeys, stored)
    }

    fileprivate convenience init(
        _ rootKeys: RootKeys,
        _ stored: StoredKeys
    ) throws(StoreOpeningError) {
        func key(_ purpose: MasterKeyPurpose) throws(StoreOpeningError) -> MasterKey {
            guard let wrapped = stored.wrapped[purpose.rawValue] else {
                throw stored.hasRecords ? .recordsWithoutKeys : .keysNotMade
            }
            do {
                return try rootKeys.openMasterKey(wrapped, purpose)
            } catch {
                throw .vault(error)
            }
        }
        self.init(
            rootKeys: rootKeys,
            fingerprint: try key(.fingerprint),
            launch: try key(.launch),
            checkpoint: try key(.checkpoint)
        )
    }
}

extension Migrator {
    /// Makes the deployment's own keys where there are none yet, and answers whether it did.
    ///
    /// Needs the rights of the schema's owner and the root key: whoever has the service's password
    /// alone cannot put a bad key in their place (docs/threats.md#t20). May be repeated.
    package static func makeKeys(
        _ rootKeys: RootKeys,
        on owner: PostgresConfiguration
    ) async throws(StoreOpeningError) -> Bool {
        do {
            // Who installs waits: a busy server is no reason to stop half-way.
            let connection = try await PostgresConnection.connect(owner.withLongLimits)
            var stored = try await storedKeys(connection)
            // Where there are records, keys that are missing were lost.
            let isNew = !stored.hasRecords && stored.wrapped.count < MasterKeyPurpose.allCases.count
            if isNew {
                // All of them, or none: another root key's would not fit beside some.
                try await connection.script("begin; lock table vault.master_key")
                try await storeKeys(rootKeys, connection)
                try await connection.script("commit")
                stored = try await storedKeys(connection)
            }
            let vault = try Vault(rootKeys, stored)
            // Whoever opens the keys knows the secret, and nobody else does.
            try await connection.execute(
                Statement(
                    "set_publisher",
                    """
                    update ledger.publisher set secret_hash = sha256($1)
                    where secret_hash is distinct from sha256($1)
                    """,
                    .bytea(vault.databaseSecret)
                )
            )
            try await connection.execute(
                Statement(
                    "set_appender",
                    """
                    with gone as (delete from ledger.appender where secret_hash <> sha256($1))
                    insert into ledger.appender (secret_hash) values (sha256($1))
                    on conflict do nothing
                    """,
                    .bytea(vault.databaseSecret)
                )
            )
            await connection.close()
            return isNew
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as PostgresError {
            throw error.sqlState == .insufficientPrivilege ? .notTheOwner : .opening(error)
        } catch {
            preconditionFailure("Only the store and the database throw here: \(error)")
        }
    }

    private static func storedKeys(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> StoredKeys {
        try await connection.query(StoredKeys.statement) {
            result throws(PostgresError) in try StoredKeys(result)
        }
    }

    /// Stores a new key for each purpose that has none; another program may have been faster.
    private static func storeKeys(
        _ rootKeys: RootKeys,
        _ connection: PostgresConnection
    ) async throws {
        for purpose in MasterKeyPurpose.allCases {
            let wrapped: [UInt8]
            do {
                wrapped = try rootKeys.current.makeMasterKey(purpose)
            } catch {
                throw StoreOpeningError.vault(error)
            }
            try await connection.execute(
                Statement(
                    "make_master_key",
                    """
                    insert into vault.master_key (purpose, root_key_id, wrapped)
                    values ($1, $2, $3) on conflict do nothing
                    """,
                    .text(purpose.rawValue),
                    .text(rootKeys.current.id),
                    .bytea(wrapped)
                )
            )
        }
    }
}

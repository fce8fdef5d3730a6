internal import Postgres
internal import Vault

extension Vault {
    /// Opens the deployment's own keys with the root key, or makes them on the very first start.
    ///
    /// Throws `StoreOpeningError.vault(.wrongRootKey)` when they were wrapped by another root key,
    /// and `.recordsWithoutKeys` when there are records and no keys: the service must not start then
    /// (docs/threats.md#t23).
    init(rootKey: RootKey, pool: PostgresPool) async throws(StoreOpeningError) {
        self.init(
            rootKey: rootKey,
            fingerprint: try await Self.masterKey(.fingerprint, rootKey, pool),
            launch: try await Self.masterKey(.launch, rootKey, pool),
            checkpoint: try await Self.masterKey(.checkpoint, rootKey, pool)
        )
    }

    private static func masterKey(
        _ purpose: MasterKeyPurpose,
        _ rootKey: RootKey,
        _ pool: PostgresPool
    ) async throws(StoreOpeningError) -> MasterKey {
        do {
            if let stored = try await storedKey(purpose, pool) {
                return try rootKey.openMasterKey(stored, purpose)
            }
            // Another copy of the service may have made the keys and written since.
            if try await hasRecords(pool), try await storedKey(purpose, pool) == nil {
                throw StoreOpeningError.recordsWithoutKeys
            }
            let offered = try rootKey.makeMasterKey(purpose)
            try await pool.query(
                Statement(
                    "offer_master_key",
                    "select vault.offer_master_key($1, $2, $3)",
                    .text(purpose.rawValue),
                    .text(rootKey.id),
                    .bytea(offered)
                )
            ) { _ throws(PostgresError) in }
            // Another copy of the service may have been first; what is stored now is what counts.
            guard let stored = try await storedKey(purpose, pool) else {
                throw StoreOpeningError.keyMissing
            }
            return try rootKey.openMasterKey(stored, purpose)
        } catch let error as StoreOpeningError {
            throw error
        } catch let error as VaultError {
            throw .vault(error)
        } catch let error as PostgresError {
            throw .database(error)
        } catch {
            preconditionFailure("Only the vault and the database throw here: \(error)")
        }
    }

    private static func hasRecords(_ pool: PostgresPool) async throws(PostgresError) -> Bool {
        try await pool.query(
            Statement("has_records", "select exists (select from ledger.log where size > 0)")
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }

    private static func storedKey(
        _ purpose: MasterKeyPurpose,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [UInt8]? {
        try await pool.query(
            Statement(
                "master_key",
                "select wrapped from vault.master_key where purpose = $1",
                .text(purpose.rawValue)
            )
        ) { result throws(PostgresError) in
            result.rowCount == 0 ? nil : try result.bytes(0, 0)
        }
    }
}

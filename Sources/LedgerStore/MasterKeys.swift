internal import Crypto
internal import Ledger
package import Postgres

/// What each of the deployment's own keys is for; the names stand in `vault.master_key`.
enum MasterKeyPurpose: String, CaseIterable, Sendable {
    case fingerprint, launch, checkpoint

    var associatedData: [UInt8] { Array("token-ledger/1 master key \(rawValue)".utf8) }
}

extension Vault {
    /// Opens the deployment's own keys with the root key, or makes them on the very first start.
    ///
    /// Throws `VaultError.wrongRootKey` when they were wrapped by another root key: the service
    /// must not start then (threats, T23).
    package init(rootKey: RootKey, pool: PostgresPool) async throws(VaultError) {
        self.init(
            rootKey: rootKey,
            fingerprintKey: try await Self.masterKey(.fingerprint, rootKey, pool),
            launchKey: try await Self.masterKey(.launch, rootKey, pool),
            checkpointKey: try await Self.masterKey(.checkpoint, rootKey, pool)
        )
    }

    private static func masterKey(
        _ purpose: MasterKeyPurpose,
        _ rootKey: RootKey,
        _ pool: PostgresPool
    ) async throws(VaultError) -> SymmetricKey {
        do {
            if let stored = try await storedKey(purpose, pool) {
                return try rootKey.unwrap(stored, purpose: purpose.associatedData)
            }
            let offered = try rootKey.wrap(
                SymmetricKey(size: .bits256),
                purpose: purpose.associatedData
            )
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
                throw VaultError.database(.damaged(.answer))
            }
            return try rootKey.unwrap(stored, purpose: purpose.associatedData)
        } catch let error as VaultError {
            throw error
        } catch let error as PostgresError {
            throw .database(StoreError(error))
        } catch {
            throw .database(.unavailable)
        }
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

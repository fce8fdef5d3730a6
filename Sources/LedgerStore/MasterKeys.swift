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
        select k.purpose, k.wrapped, exists (select 1 from ledger.log where size > 0)
        from (values (true)) as always (holds) left join vault.master_key k on always.holds
        """
    )

    init(_ pool: PostgresPool) async throws(StoreOpeningError) {
        do {
            self = try await pool.query(Self.statement) { result throws(PostgresError) in
                try StoredKeys(result)
            }
        } catch {
            throw .opening(error)
        }
    }

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
    /// `.recordsWithoutKeys` when there are records and no keys (docs/threats.md#t23),
    /// `.keysNotMade` when there is neither, and `.otherDeployment` when a further database has other keys: the
    /// service must not start then.
    convenience init(
        rootKeys: RootKeys,
        pools: LogPools
    ) async throws(StoreOpeningError) {
        let first = try await StoredKeys(pools.administration)
        try self.init(rootKeys, first)
        for (part, pool) in zip(pools.map.parts, pools.pools).dropFirst() {
            let own = try Vault(rootKeys, try await StoredKeys(pool))
            guard own.databaseSecret == databaseSecret else {
                throw .otherDeployment(part: part.name)
            }
        }
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
    /// alone cannot put a bad key in their place (docs/threats.md#t20). May be repeated. Where there are several
    /// databases, all have the keys of the first one; throws `.otherDeployment` where one has others.
    package static func makeKeys(
        _ rootKeys: RootKeys,
        on owner: DatabaseMap
    ) async throws(StoreOpeningError) -> Bool {
        let isNew = try await makeKeys(rootKeys, on: owner.first)
        for part in owner.parts.dropFirst() {
            try await copyKeys(rootKeys, from: owner.first, to: part)
        }
        return isNew
    }

    /// The same on one database.
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
            try await setSecret(of: try Vault(rootKeys, stored), connection)
            await connection.close()
            return isNew
        } catch {
            throw sorted(error)
        }
    }

    /// Gives a database that has no records yet the keys of another one, and has it know the secret.
    private static func copyKeys(
        _ rootKeys: RootKeys,
        from first: PostgresConfiguration,
        to part: DatabaseMap.Part
    ) async throws(StoreOpeningError) {
        do {
            let source = try await PostgresConnection.connect(first.withLongLimits)
            let vault = try Vault(rootKeys, try await storedKeys(source))
            let keys = try await source.rows(
                Statement(
                    "kept_keys",
                    "select purpose, root_key_id, wrapped from vault.master_key"
                )
            ) { result, row throws(PostgresError) in
                (try result.text(row, 0), try result.text(row, 1), try result.bytes(row, 2))
            }
            await source.close()
            let target = try await PostgresConnection.connect(part.database.withLongLimits)
            if try await !storedKeys(target).hasRecords {
                for (purpose, rootKeyID, wrapped) in keys {
                    try await store(wrapped, purpose, rootKeyID, target)
                }
            }
            let own = try Vault(rootKeys, try await storedKeys(target))
            guard own.databaseSecret == vault.databaseSecret else {
                throw StoreOpeningError.otherDeployment(part: part.name)
            }
            try await setSecret(of: vault, target)
            await target.close()
        } catch {
            throw sorted(error)
        }
    }

    /// Whoever opens the keys knows the secret, and nobody else does.
    private static func setSecret(
        of vault: Vault,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
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
    }

    private static func sorted(_ error: any Error) -> StoreOpeningError {
        switch error {
        case let error as StoreOpeningError: error
        case let error as PostgresError where error.sqlState == .insufficientPrivilege:
            .notTheOwner
        case let error as PostgresError: .opening(error)
        default: preconditionFailure("Only the store and the database throw here: \(error)")
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
            try await store(wrapped, purpose.rawValue, rootKeys.current.id, connection)
        }
    }

    private static func store(
        _ wrapped: [UInt8],
        _ purpose: String,
        _ rootKeyID: String,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "make_master_key",
                """
                insert into vault.master_key (purpose, root_key_id, wrapped)
                values ($1, $2, $3) on conflict do nothing
                """,
                .text(purpose),
                .text(rootKeyID),
                .bytea(wrapped)
            )
        )
    }
}

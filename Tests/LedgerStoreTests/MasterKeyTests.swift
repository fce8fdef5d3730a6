import Ledger
import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing
import Vault

@Suite("The deployment's own keys", .timeLimit(.minutes(5)))
struct MasterKeyTests {
    @Test("a database does not open under another root key")
    func wrongKey() async throws {
        try await TestStore.run { test in
            let wrong = RootKey(bytes: [UInt8](repeating: 9, count: 32))
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let error = await #expect(throws: StoreOpeningError.self) {
                _ = try await LedgerStore(
                    pools: test.store.pools,
                    rootKeys: RootKeys(wrong),
                    logger: logger
                )
            }
            guard case .vault(.wrongRootKey(wrong.id)) = error else {
                Issue.record("expected a wrong root key, got \(String(describing: error))")
                return
            }
            _ = try await LedgerStore(
                pools: test.store.pools,
                rootKeys: RootKeys(test.rootKey),
                logger: logger
            )
        }
    }

    @Test("records without their keys are not served under new ones, and no key is made for them")
    func recordsWithoutKeys() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            try await owner.script("truncate vault.master_key")
            await owner.close()
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let error = await #expect(throws: StoreOpeningError.self) {
                _ = try await LedgerStore(
                    pools: test.store.pools,
                    rootKeys: RootKeys(test.rootKey),
                    logger: logger
                )
            }
            guard case .recordsWithoutKeys = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            // Nor are any made by who may make them.
            await #expect(throws: StoreOpeningError.self) {
                try await Migrator.makeKeys(RootKeys(test.rootKey), on: test.owner)
            }
            let keys = try await test.count(
                Statement("keys", "select count(*) from vault.master_key")
            )
            #expect(keys == 0)
        }
    }

    @Test("without keys the store does not open, and makes none: only the owner does, once")
    func firstStart() async throws {
        let database = try await TestPostgres.freshDatabase()
        let owner = PostgresConfiguration(url: database.url)
        _ = try await TestStore.migrate(owner)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let url = try await TestPostgres.url(database: database.name, user: TestStore.serviceRole)
        let pools = LogPools(DatabaseMap(PostgresConfiguration(url: url)), logger: logger)
        defer { pools.close() }
        let keys = RootKeys(RootKey(bytes: [UInt8](repeating: 9, count: 32)))
        let error = await #expect(throws: StoreOpeningError.self) {
            _ = try await LedgerStore(pools: pools, rootKeys: keys, logger: logger)
        }
        guard case .keysNotMade = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // Programs that make them at once agree.
        let made = try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<8 { group.addTask { try await Migrator.makeKeys(keys, on: owner) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(made.contains(true))
        let stored = try await keyRows(owner)
        #expect(stored.count == MasterKeyPurpose.allCases.count)
        #expect(try await !Migrator.makeKeys(keys, on: owner))
        #expect(try await keyRows(owner) == stored)
        _ = try await LedgerStore(pools: pools, rootKeys: keys, logger: logger)
        let wrong = RootKeys(RootKey(bytes: [UInt8](repeating: 8, count: 32)))
        await #expect(throws: StoreOpeningError.self) {
            try await Migrator.makeKeys(wrong, on: owner)
        }
        #expect(try await keyRows(owner) == stored)
    }

    private func keyRows(_ owner: PostgresConfiguration) async throws -> [[UInt8]] {
        let connection = try await PostgresConnection.connect(owner)
        return try await connection.rows(
            Statement("key_rows", "select wrapped from vault.master_key order by purpose")
        ) { result, row throws(PostgresError) in try result.bytes(row, 0) }
    }
}

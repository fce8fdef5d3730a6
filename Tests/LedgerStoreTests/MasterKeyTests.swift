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
                _ = try await LedgerStore(pool: test.pool, rootKey: wrong, logger: logger)
            }
            guard case .vault(.wrongRootKey(wrong.id)) = error else {
                Issue.record("expected a wrong root key, got \(String(describing: error))")
                return
            }
            _ = try await LedgerStore(pool: test.pool, rootKey: test.rootKey, logger: logger)
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
                _ = try await LedgerStore(pool: test.pool, rootKey: test.rootKey, logger: logger)
            }
            guard case .recordsWithoutKeys = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            let keys = try await test.count(
                Statement("keys", "select count(*) from vault.master_key")
            )
            #expect(keys == 0)
        }
    }

    @Test("copies that start together on a new database agree on its keys")
    func firstStart() async throws {
        let database = try await TestPostgres.freshDatabase()
        let configuration = PostgresConfiguration(url: database.url)
        _ = try await Migrator.migrate(configuration)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let pool = PostgresPool(configuration: configuration, logger: logger)
        defer { pool.close() }
        let key = RootKey(bytes: [UInt8](repeating: 9, count: 32))
        let fingerprints = try await withThrowingTaskGroup(of: Fingerprint.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let store = try await LedgerStore(pool: pool, rootKey: key, logger: logger)
                    return store.vault.fingerprint(
                        .user,
                        of: Secret("alice"),
                        app: Identifier(value: 1)
                    )
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(fingerprints.count == 1)
    }
}

import LedgerAudit
import LedgerSchema
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing
import Vault

@Suite("The schema", .timeLimit(.minutes(5)))
struct SchemaTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private let rootKey = RootKey(bytes: [UInt8](repeating: 7, count: 32))

    private func emptyDatabase() async throws -> PostgresConfiguration {
        PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
    }

    @Test("psql and the program make the same schema and leave the same trace")
    func psql() async throws {
        let byProgram = try await emptyDatabase()
        #expect(try await Migrator.migrate(byProgram) == Migration.all.map(\.number))
        let byPsql = try await emptyDatabase()
        for migration in Migration.all {
            try await PostgresTools.psql(byPsql.url, script: migration.text)
        }
        let schemas = try await (
            PostgresTools.schema(byProgram.url), PostgresTools.schema(byPsql.url)
        )
        #expect(schemas.0.contains("CREATE FUNCTION ledger.append_events"))
        #expect(schemas.0 == schemas.1)
        #expect(try await trace(byProgram) == trace(byPsql))
        #expect(try await Migrator.migrate(byPsql) == [], "nothing is left to apply")
    }

    @Test("a second run of a file stops at once and changes nothing")
    func secondRun() async throws {
        let database = try await emptyDatabase()
        _ = try await Migrator.migrate(database)
        let before = try await (
            PostgresTools.schema(database.url), PostgresTools.data(database.url)
        )
        for migration in Migration.all {
            await #expect(throws: PostgresTools.Failure.self, "\(migration.number)") {
                try await PostgresTools.psql(database.url, script: migration.text)
            }
        }
        let after = try await (
            PostgresTools.schema(database.url), PostgresTools.data(database.url)
        )
        #expect(before.0 == after.0)
        #expect(before.1 == after.1)
    }

    @Test("a database at any earlier number is brought to the same schema")
    func everyEarlierNumber() async throws {
        let whole = try await emptyDatabase()
        _ = try await Migrator.migrate(whole)
        let schema = try await PostgresTools.schema(whole.url)
        for number in 1..<SchemaCheck.known {
            let database = try await emptyDatabase()
            #expect(try await Migrator.migrate(database, upTo: number) == Array(1...number))
            #expect(
                try await Migrator.migrate(database) == Array(number + 1...SchemaCheck.known)
            )
            #expect(try await PostgresTools.schema(database.url) == schema, "from \(number)")
        }
    }

    @Test("two programs that migrate at once apply each file once")
    func concurrently() async throws {
        let database = try await emptyDatabase()
        async let first = Migrator.migrate(database)
        async let second = Migrator.migrate(database)
        let numbers = try await first + second
        #expect(numbers.sorted() == Migration.all.map(\.number))
    }

    @Test("no lock that everybody may take keeps a database from being migrated")
    func advisoryLocks() async throws {
        let database = try await emptyDatabase()
        let stranger = try await PostgresConnection.connect(database.withoutTimeLimits)
        // Every one that this server knows by the names that the program once had.
        for name in ["token-ledger migrate", "token-ledger projection rebuild"] {
            try await stranger.script("select pg_advisory_lock(hashtext('\(name)'))")
        }
        #expect(try await Migrator.migrate(database) == Migration.all.map(\.number))
        #expect(try await ProjectionRebuild.run(database, rootKeys: nil).users == 0)
        let owner = try await PostgresConnection.connect(database)
        let users = try await owner.query(
            Statement(
                "advisory",
                """
                select count(*) from pg_proc where prosrc like '%advisory%'
                    and pronamespace in ('ledger'::regnamespace, 'vault'::regnamespace)
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        #expect(users == 0)
    }

    @Test("a table that somebody keeps locked ends a migration, and does not hang it")
    func lockedTable() async throws {
        let database = try await emptyDatabase()
        _ = try await Migrator.migrate(database, upTo: 34)
        let holder = try await PostgresConnection.connect(database.withoutTimeLimits)
        try await holder.script("begin; lock table ledger.checkpoint in row exclusive mode")
        let error = await #expect(throws: StoreOpeningError.self) {
            try await Migrator.migrate(database)
        }
        guard case .tablesLocked = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        try await holder.script("rollback")
        #expect(try await Migrator.migrate(database).first == 35)
    }

    @Test("the store opens at exactly its own migration")
    func refusal() async throws {
        let database = try await emptyDatabase()
        guard case .notMigrated = await openingError(database) else {
            Issue.record("an empty database holds no ledger")
            return
        }
        let known = SchemaCheck.known
        for number in 1..<known {
            _ = try await Migrator.migrate(database, upTo: number)
            guard case .outdated(number, known) = await openingError(database) else {
                Issue.record("the database stands at \(number)")
                return
            }
        }
        _ = try await Migrator.migrate(database)
        guard case .keysNotMade = await openingError(database) else {
            Issue.record("only the owner makes the deployment's own keys")
            return
        }
        #expect(try await Migrator.makeKeys(RootKeys(rootKey), on: database))
        #expect(try await !Migrator.makeKeys(RootKeys(rootKey), on: database))
        #expect(await openingError(database) == nil)
        let owner = try await PostgresConnection.connect(database)
        try await owner.script("insert into ledger.migration (number, name) values (9999, 'x')")
        await owner.close()
        guard case .superseded(9999, known) = await openingError(database) else {
            Issue.record("the database is newer than the program")
            return
        }
        await #expect(throws: StoreOpeningError.self) { try await Migrator.migrate(database) }
    }

    @Test("a database that is away is no reason to call it empty")
    func away() async throws {
        let error = await openingError(PostgresConfiguration(url: "postgresql:///x?host=/nowhere"))
        guard case .database = error else {
            Issue.record(
                "expected an error of the connection, got \(String(describing: error))"
            )
            return
        }
    }

    @Test("an owner of the database alone can migrate, where an administrator has made the role")
    func withoutCreateRole() async throws {
        try await TestCluster.run { cluster in
            let administrator = try await PostgresConnection.connect(
                PostgresConfiguration(url: cluster.url())
            )
            for script in [
                "create role owner login nosuperuser nocreaterole nocreatedb",
                "create role service login", "create database ledger owner owner",
            ] {
                try await administrator.script(script)
            }
            let owner = PostgresConfiguration(
                url: try await cluster.url(database: "ledger", user: "owner")
            )
            // Nothing was made before, so it can be tried again.
            for _ in 0..<2 {
                let error = await #expect(throws: StoreOpeningError.self) {
                    try await Migrator.migrate(owner)
                }
                guard case .roleMissing = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect("\(error!)".contains("create role token_ledger_service nologin"))
            }
            try await administrator.script("create role token_ledger_service nologin")
            await #expect(throws: StoreOpeningError.self) { try await Migrator.migrate(owner) }
            try await administrator.script("create role token_ledger_auditor nologin")
            #expect(try await Migrator.migrate(owner) == Migration.all.map(\.number))
            let refused = await #expect(throws: StoreOpeningError.self) {
                try await Migrator.grantService(to: "service", on: owner)
            }
            #expect(refused?.description.contains("grant token_ledger_service to service") == true)
            let unknown = await #expect(throws: StoreOpeningError.self) {
                try await Migrator.grantService(to: "nobody", on: owner)
            }
            #expect(unknown?.description == StoreOpeningError.noSuchRole("nobody").description)
            try await administrator.script("grant token_ledger_service to service")
            try await Migrator.grantService(to: "service", on: owner)
            await administrator.close()
            _ = try await Migrator.makeKeys(RootKeys(rootKey), on: owner)
            // The database and its schema are the owner's; functions of the server are not.
            let open = try await Migrator.openToEverybody(on: owner)
            #expect(open.count == 1)
            #expect(open.first?.hasPrefix("revoke execute on function") == true)
            let inside = try await PostgresConnection.connect(
                PostgresConfiguration(url: try await cluster.url(database: "ledger"))
            )
            for statement in open { try await inside.script(statement) }
            await inside.close()
            #expect(try await Migrator.openToEverybody(on: owner) == [])
            let service = try await cluster.url(database: "ledger", user: "service")
            #expect(await openingError(PostgresConfiguration(url: service)) == nil)
        }
    }

    private func openingError(_ database: PostgresConfiguration) async -> StoreOpeningError? {
        let pools = LogPools(DatabaseMap(database), logger: quiet)
        defer { pools.close() }
        do {
            _ = try await LedgerStore(pools: pools, rootKeys: RootKeys(rootKey), logger: quiet)
            return nil
        } catch {
            return error
        }
    }

    private func trace(_ database: PostgresConfiguration) async throws -> [String] {
        let connection = try await PostgresConnection.connect(database)
        let trace = try await connection.query(
            Statement(
                "trace",
                "select number || ' ' || name from ledger.migration order by number"
            )
        ) { result throws(PostgresError) in
            var trace: [String] = []
            for row in 0..<result.rowCount { trace.append(try result.text(row, 0)) }
            return trace
        }
        await connection.close()
        return trace
    }
}

import Ledger
import LedgerAudit
import Logging
import Postgres
import TestSupport
import Testing
import Vault

@testable import LedgerStore

@Suite("A map from pairs of logs to databases", .timeLimit(.minutes(5)))
struct DatabaseMapTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let nowhere = PostgresConfiguration(url: "postgresql://127.0.0.1:1/x")

    private static func map(_ ends: [(Int, Int)]) throws -> DatabaseMap {
        try DatabaseMap(
            ends.map { try DatabaseMap.Part(first: $0.0, last: $0.1, database: nowhere) }
        )
    }

    @Test("the parts are in order, whatever the map's order, and each pair is in one")
    func order() throws {
        let map = try Self.map([(4, 7), (0, 0), (1, 3)])
        #expect(map.parts.map(\.pairs) == [0..<1, 1..<4, 4..<8])
        #expect(map.pairs == 8)
        #expect(map.parts.map(\.name) == ["pair 0", "pairs 1 to 3", "pairs 4 to 7"])
        let names = map.parts.map(\.database.applicationName)
        #expect(names == map.parts.map { "token-ledger \($0.name)" })
        let pools = LogPools(map, logger: Self.quiet)
        for log in Logs(pairs: 8).all {
            #expect(pools.place(of: log) == (log.pair == 0 ? 0 : log.pair < 4 ? 1 : 2))
        }
        // What a damaged row names is nowhere, and nothing to end for.
        #expect(pools.place(of: Log(.facts, pair: 8)) == 0)
        #expect(DatabaseMap(Self.nowhere).pairs == nil)
    }

    @Test("what leaves a pair out, has one twice, or names one that cannot be, is no map")
    func refused() {
        let cases: [([(Int, Int)], DatabaseMapError)] = [
            ([], .empty),
            ([(1, 3)], .gap(before: 1)),
            ([(0, 3), (5, 6)], .gap(before: 5)),
            ([(0, 3), (3, 6)], .overlap(pair: 3)),
            ([(0, 3), (0, 3)], .overlap(pair: 0)),
            ([(3, 0)], .noPairs(first: 3, last: 0)),
            ([(-1, 3)], .noPairs(first: -1, last: 3)),
            ([(0, 512)], .noPairs(first: 0, last: 512)),
        ]
        for (ends, error) in cases {
            #expect(throws: error, "\(ends)") { try Self.map(ends) }
        }
    }

    /// Why a store does not open on databases of a test.
    private static func refusal(
        _ test: TestStore,
        _ parts: [DatabaseMap.Part]? = nil,
        rootKey: RootKey? = nil
    ) async throws -> StoreOpeningError? {
        let map = try parts.map { try DatabaseMap($0) } ?? DatabaseMap(test.service)
        let pools = LogPools(map, logger: quiet)
        defer { pools.close() }
        do {
            _ = try await LedgerStore(
                pools: pools,
                rootKeys: RootKeys(rootKey ?? test.rootKey),
                logger: quiet
            )
            return nil
        } catch {
            return error
        }
    }

    @Test("a store opens on all databases of one deployment, and on nothing else")
    func opening() async throws {
        try await TestStore.run(pairs: 3, databases: 2) { test in
            let parts = test.store.pools.map.parts
            #expect(try await Self.refusal(test, parts) == nil)
            // One of them alone has users whose log another one has.
            guard case .otherPart(0..<2, of: 3, isMapped: false)? = try await Self.refusal(test)
            else {
                Issue.record("a part was opened as a whole")
                return
            }
            // The same database twice, and the right ones in the wrong places.
            let (first, second) = (parts[0].database, parts[1].database)
            let twice = try [
                DatabaseMap.Part(first: 0, last: 1, database: first),
                DatabaseMap.Part(first: 2, last: 2, database: first),
            ]
            let swapped = try [
                DatabaseMap.Part(first: 0, last: 1, database: second),
                DatabaseMap.Part(first: 2, last: 2, database: first),
            ]
            let fewer = try [DatabaseMap.Part(first: 0, last: 1, database: first)]
            for wrong in [twice, swapped, fewer] {
                guard case .otherPart? = try await Self.refusal(test, wrong) else {
                    Issue.record("\(wrong.map(\.name)) was opened")
                    continue
                }
            }
        }
    }

    @Test("a database of another deployment is none of the map's, whatever pairs it has")
    func otherDeployment() async throws {
        try await TestStore.run(pairs: 2, databases: 2) { test in
            let database = try await TestPostgres.freshDatabase()
            let owner = PostgresConfiguration(url: database.url)
            _ = try await TestStore.migrate(owner)
            try await Migrator.makeLogs(1..<2, of: Logs(pairs: 2), on: owner)
            // The same root key, so it opens, and other keys.
            _ = try await Migrator.makeKeys(RootKeys(test.rootKey), on: owner)
            let mixed = try [
                test.store.pools.map.parts[0],
                DatabaseMap.Part(first: 1, last: 1, database: owner),
            ]
            guard case .otherDeployment("pair 1")? = try await Self.refusal(test, mixed) else {
                Issue.record("it was opened")
                return
            }
            let owners = try DatabaseMap([test.owners.parts[0], mixed[1]])
            let error = await #expect(throws: StoreOpeningError.self) {
                try await Migrator.makeKeys(RootKeys(test.rootKey), on: owners)
            }
            guard case .otherDeployment("pair 1")? = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("what is due where a database is not away is done, and noted who read it")
    func away() async throws {
        try await TestStore.run(pairs: 2, databases: 2) { test in
            var users: [StoredUser] = []
            for number in 0..<12 { users.append(try await test.connectedUser("user \(number)")) }
            for number in users.indices { try await test.rotate("user \(number)", "2") }
            try await test.setGrace(0)
            var change = AppChange()
            change.accessRecording = .metadata
            try await test.update(change)
            let here = try #require(users.first { $0.log.pair == 0 })
            try #require(users.contains { $0.log.pair == 1 })
            for number in users.indices {
                try await test.tell(.connectionBroken(reason: "x"), of: "user \(number)")
            }
            try await Self.close(test.owners.parts[1].database, by: test)
            await test.drop()
            let found = try await test.store.user(subject: here.subject, of: test.app)
            let user = try #require(found)
            #expect(await test.store.absence(of: .accessToken, version: 1, of: user) == .dropped)
            await test.foldProblems()
            let progress = try await test.store.problemProgress(.facts)
            #expect(progress.next == progress.size)
            let app = try #require(try await test.store.app(clientID: "demo"))
            for _ in 0..<20 {
                try await test.store.recordView(of: here, app, context: TestStore.context)
            }
            #expect(try await test.store.size(log: .access) == 20)
            _ = try await test.store.unsettledUsers(
                by: test.store.clock.now(),
                after: nil,
                limit: 10
            )
        }
    }

    /// Ends the sessions of a database, and lets nobody connect any more.
    private static func close(_ database: PostgresConfiguration, by test: TestStore) async throws {
        let connection = try await PostgresConnection.connect(database)
        let name = try await connection.query(
            Statement("database_name", "select current_database()")
        ) { result throws(PostgresError) in try result.text(0, 0) }
        await connection.close()
        let owner = try await test.ownerConnection()
        try await owner.script(
            """
            alter database "\(name)" with allow_connections false;
            select pg_terminate_backend(pid) from pg_stat_activity where datname = '\(name)';
            """
        )
        await owner.close()
    }

    @Test("apps are known in all databases, and what differs is named and made good")
    func apps() async throws {
        try await TestStore.run(pairs: 2, databases: 2) { test in
            let other = NewApp(
                clientID: "other",
                name: "Other",
                clientSecret: Secret("secret"),
                appKey: nil,
                connectURL: "http://127.0.0.1:1",
                userURL: "http://127.0.0.1:1",
                apiURL: "http://127.0.0.1:1",
                allowedOrigins: []
            )
            for isNew in [true, false] {
                let isAdded = try await test.store.add(
                    other,
                    context: TestStore.context,
                    owner: test.owners
                )
                #expect(isAdded == isNew)
                #expect(try await AppCopies.differing(test.store.pools) == [])
            }
            for seconds in [10, 1_000_000, 0] as [Int64] {
                try await test.setGrace(seconds)
                #expect(try await AppCopies.differing(test.store.pools) == [])
            }
            let owner = try await PostgresConnection.connect(test.owners.parts[1].database)
            try await owner.script("update ledger.app set superseded_grace_seconds = 5")
            await owner.close()
            #expect(try await AppCopies.differing(test.store.pools) == ["pair 1"])
            let found = try await SteppedIntegrator(test).verify().findings
            #expect(found.map(\.kind.rawValue) == ["app_decision_differs", "app_decision_differs"])
            #expect(Set(found.map(\.logID)) == [2])
            try await AppCopies.write(on: test.owners)
            #expect(try await AppCopies.differing(test.store.pools) == [])
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }
}

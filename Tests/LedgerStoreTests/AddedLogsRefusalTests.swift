import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

/// When logs are not added, and what becomes of a copy of the service that knows fewer.
@Suite("Logs that are not added", .timeLimit(.minutes(5)))
struct AddedLogsRefusalTests {
    @Test(
        "no log is added while a copy of the service is connected, and one that knows fewer does not come back"
    )
    func connected() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("a")
            // Commands open the store, too.
            await #expect(throws: StoreOpeningError.self) {
                try await Migrator.makeLogs(Logs(pairs: 2, closedPairs: 1), on: test.owners)
            }
            #expect(try await test.user("a").log == .facts)

            // Its connections are gone, as after a restart of the server, and logs are added meanwhile.
            let owner = try await test.ownerConnection()
            let end = """
                select pg_terminate_backend(pid, 5000) from pg_stat_activity
                where datname = current_database() and usename = '\(TestStore.serviceRole)'
                """
            try await owner.script(end)
            try await Migrator.makeLogs(Logs(pairs: 2, closedPairs: 1), on: test.owners)
            await owner.close()
            await #expect(throws: StoreError.unavailable) { _ = try await test.user("a") }
            #expect(await test.store.probe(0) == [.logsAdded])
            try await test.another { store in
                let log = try await store.user(Secret("a"), of: test.app)?.log
                #expect(log == .facts)
            }
        }
    }

    @Test("what does not fit is refused, and changes nothing")
    func refused() async throws {
        try await TestStore.run(pairs: 2) { test in
            _ = try await test.connectedUser("a")
            test.store.pools.close()
            for logs in [
                Logs(pairs: 1), Logs(pairs: 3), Logs(pairs: 3, closedPairs: 1),
                Logs(pairs: 2, closedPairs: 1),
            ] {
                await #expect(throws: StoreOpeningError.self) {
                    try await Migrator.makeLogs(logs, on: test.owners)
                }
            }
            // Of the pairs that there are none goes to another database.
            await #expect(throws: StoreOpeningError.self) {
                try await Migrator.makeLogs(
                    0..<1,
                    of: Logs(pairs: 3, closedPairs: 2),
                    on: test.owner
                )
            }
            let owner = try await test.ownerConnection()
            for script in [
                "update ledger.log set closed_pairs = 1, closed_at = size",
                "update ledger.log set pairs = 3",
                "update ledger.log set pairs = 3, closed_pairs = 2, closed_at = 0",
                "insert into ledger.log (log_id, kind, pairs, closed_pairs) values (2, 'fact', 3, 2)",
                "insert into ledger.log (log_id, kind, pairs, closed_pairs) values (4, 'fact', 2, 0)",
                "insert into ledger.log (log_id, kind, size, pairs, closed_pairs) values (4, 'fact', 9, 3, 2)",
            ] {
                await #expect(throws: PostgresError.self) { try await owner.script(script) }
            }
            await owner.close()
        }
    }

    @Test(
        "databases that say different numbers are not opened, and the addition goes on where it ended"
    )
    func unfinished() async throws {
        try await TestStore.run(pairs: 2, databases: 2) { test in
            _ = try await test.connectedUser("a")
            test.store.pools.close()
            let logs = Logs(pairs: 4, closedPairs: 2)
            let parts = [
                try DatabaseMap.Part(first: 0, last: 1, database: test.owners.parts[0].database),
                try DatabaseMap.Part(first: 2, last: 3, database: test.owners.parts[1].database),
            ]
            // No pair goes from one database to another.
            let moved = try DatabaseMap(parts)
            await #expect(throws: StoreOpeningError.self) {
                try await Migrator.makeLogs(logs, on: moved)
            }
        }
        try await TestStore.run { test in
            _ = try await test.connectedUser("a")
            try await test.added(pairs: 2, inFurtherDatabase: true) { added in
                added.store.pools.close()
                let owner = try await PostgresConnection.connect(added.owners.parts[1].database)
                try await owner.script(
                    """
                    alter table ledger.log disable trigger log_never_shrinks;
                    update ledger.log set pairs = 1, closed_pairs = 0
                    """
                )
                await owner.close()
                await #expect(throws: StoreOpeningError.self) {
                    try await added.another { _ in }
                }
            }
        }
    }
}

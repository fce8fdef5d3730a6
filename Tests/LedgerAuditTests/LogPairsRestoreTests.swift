import Foundation
import Ledger
@testable import LedgerAudit
@testable import LedgerStore
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

/// Three pairs of logs, in another database: as a backup brings them there, and as their records alone do.
@Suite("Several pairs of logs in another database", .timeLimit(.minutes(5)))
struct LogPairsRestoreTests {
    private static let pairs = 3

    /// Users who are connected: some of any log, of whom every fourth is erased, and one of each log.
    private static let userCount = 16 + pairs

    /// Connects them, and reads of each; so something is in each log of events.
    private func connect(_ test: TestStore) async throws {
        for number in 0..<16 {
            try await connect("user \(number)", test)
            if number % 4 == 0 { try await test.erase("user \(number)") }
        }
        for log in test.store.logs.list(.facts) { try await connect(id(in: log, test), test) }
    }

    private func connect(_ id: String, _ test: TestStore) async throws {
        let user = try await test.connectedUser(id)
        try await test.store.recordView(of: user, test.app, context: TestStore.context)
    }

    /// The `clientUserId` of the user of whom each log has one in any case.
    private func id(in log: Log, _ test: TestStore) throws -> String {
        let ids = (0...).lazy.map { "\(log.name) \($0)" }
        return try #require(ids.first { test.store.home(of: Secret($0), in: test.app) == log })
    }

    /// The newest checkpoint of each log, as it is served.
    private func checkpoints(_ store: LedgerStore) async throws -> [Log: String] {
        var checkpoints: [Log: String] = [:]
        for log in store.logs.all {
            checkpoints[log] = try await store.latestCheckpoint(log: log)?.note
        }
        return checkpoints
    }

    /// A database that pg_restore makes of what pg_dump has written.
    private func restored(_ test: TestStore, _ folder: String) async throws -> TestDatabase {
        let file = "\(folder)/\(UUID().uuidString).dump"
        try await PostgresTools.dump(test.owner.url, to: file)
        let database = try await TestPostgres.freshDatabase()
        try await PostgresTools.restore(file, into: database.url)
        var service = test.service
        service.url = try await TestPostgres.url(
            database: database.name,
            user: TestStore.serviceRole
        )
        return TestDatabase(owner: PostgresConfiguration(url: database.url), service: service)
    }

    private struct TestDatabase {
        let owner: PostgresConfiguration
        let service: PostgresConfiguration
    }

    private func verify(
        _ database: TestDatabase,
        _ test: TestStore,
        _ folder: String
    ) async throws -> VerificationReport {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        plan.checkpointFolder = folder
        return try await Verification.run(database.owner, plan: plan)
    }

    @Test("a backup has the roots of all nine logs, and an older one is missed log by log")
    func restore() async throws {
        let folder = try SteppedIntegrator.temporaryFolder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await TestStore.run(pairs: Self.pairs) { test in
            try await connect(test)
            let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
            let watcher = SteppedIntegrator(test, folder: folder, maps: maps)
            try await watcher.look()
            let early = try await checkpoints(test.store)
            #expect(early.count == 3 * Self.pairs)
            let backup = try await restored(test, folder)
            #expect(try await verify(backup, test, folder).findings == [])
            // The service goes on with it: every root that was signed is met, and there is no alarm.
            try await test.another(service: backup.service) { store in
                let kept = try await checkpoints(store)
                #expect(kept == early)
                let copies = try await SteppedIntegrator.loadedMaps(of: store)
                for (own, copy) in zip(maps, copies) {
                    let (made, restored) = (await own.made, await copy.made)
                    #expect(made.states == restored.states)
                    #expect(made.names == restored.names)
                }
                let again = SteppedIntegrator(test, store: store, folder: folder, maps: copies)
                try await again.look()
                let signed = try await checkpoints(store)
                #expect(signed == early)
            }
            // A user of the last pair goes on here, and the backup misses what that log and its maps have.
            let last = Log(.facts, pair: Self.pairs - 1)
            let name = try id(in: last, test)
            try await test.rotate(name, "2")
            try await watcher.look()
            let found = try await verify(backup, test, folder).findings
            #expect(Set(found.map(\.kind)) == [.logSetBack])
            // Maps may have been stated once more meanwhile.
            let missed = found.compactMap { Log(id: $0.logID) }
            #expect(missed.filter { $0.kind != .map } == [last])
            #expect(missed.contains(last.map))
            // And names the user, pair by pair.
            try await test.another(service: backup.service) { store in
                for log in store.logs.list(.facts) {
                    let own = MapKeeper(store: test.store, facts: log, logger: store.logger)
                    let other = MapKeeper(store: store, facts: log, logger: store.logger)
                    let compared = try await own.compare(with: other, max: 10)
                    let subject = try await test.user(name).subject
                    #expect(compared.differences.map(\.subject) == (log == last ? [subject] : []))
                    #expect((compared.own.states == compared.other.states) == (log != last))
                    #expect(compared.own.log == log)
                }
            }
        }
    }

    @Test("records of another log than the one that is replayed into are refused")
    func otherLog() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            try await connect(test)
            let target = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
            _ = try await Migrator.migrate(target)
            try await Migrator.makeLogs(Logs(pairs: Self.pairs), on: target)
            let second = Log(.facts, pair: 1)
            let records = try await test.store.page(log: second, from: 0, limit: 3).map(\.bytes)
            var replay = try await LogReplay(into: target, log: .facts, checkpoints: [])
            let error = await #expect(throws: ReplayError.self) { try await replay.append(records) }
            #expect(error == .otherLog(position: 0, second))
            await replay.cancel()
            replay = try await LogReplay(into: target, log: second, checkpoints: [])
            try await replay.append(records)
            let report = try await replay.finish()
            #expect(report.size == 3)
        }
    }

    @Test("the records of all logs of events, replayed, have the roots that were signed")
    func replay() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            try await connect(test)
            try await SteppedIntegrator(test).look()
            let target = PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
            _ = try await Migrator.migrate(target)
            try await Migrator.makeLogs(Logs(pairs: Self.pairs), on: target)
            var plan = VerificationPlan()
            for log in test.store.logs.ofEvents {
                let key = test.store.vault.checkpointSigner(logID: log.id).key
                plan.keys.append(key)
                let latest = try await test.store.latestCheckpoint(log: log)
                let checkpoint = try #require(latest)
                let records = try await test.store.page(log: log, from: 0, limit: 10_000)
                // By the log's own origin.
                let origin = try Checkpoint(SignedNote(Array(checkpoint.note.utf8)).text).origin
                #expect(origin == key.name)
                let named = try #require(Log(origin: origin))
                var replay = try await LogReplay(
                    into: target,
                    log: named,
                    checkpoints: [checkpoint]
                )
                try await replay.append(records.map(\.bytes))
                let report = try await replay.finish()
                #expect(report.root == checkpoint.root)
                #expect(report.signedSize == checkpoint.size)
            }
            let report = try await Verification.run(target, plan: plan)
            #expect(report.findings == [])
            #expect(report.users == Int64(Self.userCount))
            for log in report.logs where Log(id: log.logID)?.kind != .map {
                #expect(log.provedSize == log.size)
                #expect(log.size > 0)
                #expect(log.keySource == .pinned)
            }
        }
    }
}

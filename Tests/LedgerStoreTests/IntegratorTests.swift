import Foundation
import Ledger
@testable import LedgerAudit
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

@Suite("The integrator", .timeLimit(.minutes(5)))
struct IntegratorTests {
    @Test("the first checkpoint is of the log as it is, and the next one continues it")
    func grows() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            let first = try await watcher.latest()
            #expect(first.size == 1, "the app's own event")
            _ = try await test.connectedUser("alice")
            try await watcher.look()
            let second = try await watcher.latest()
            #expect(second.size == 7)
            let leaves = try await test.log().map { MerkleHash(leaf: $0.bytes) }
            #expect(second.root == VerificationPage.Unit.root(leaves))
            #expect(first.root == VerificationPage.Unit.root(Array(leaves.prefix(1))))
            let key = test.store.vault.checkpointSigner(logID: 0).key
            let note = try SignedNote(Array(second.note.utf8))
            let signed = try Checkpoint(verifying: note, origin: key.name, keys: [key])
            #expect(signed.size == 7)
            try await watcher.look()
            #expect(try await watcher.latest().size == 7, "nothing new, nothing published")
        }
    }

    @Test("full tiles are stored once, and are those of the records")
    func tiles() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            for round in 0..<4 {
                try await watcher.append(200, round: round)
                try await watcher.look()
            }
            let leaves = try await test.log().map { MerkleHash(leaf: $0.bytes) }
            let connection = try await test.ownerConnection()
            let stored = try await connection.query(
                Statement(
                    "test_tiles",
                    "select number, hashes, root from ledger.tile where level = 0 and log_id = 0 order by number"
                )
            ) { result throws(PostgresError) in
                var tiles: [([UInt8], [UInt8])] = []
                for row in 0..<result.rowCount {
                    tiles.append((try result.bytes(row, 1), try result.bytes(row, 2)))
                }
                return tiles
            }
            #expect(stored.count == leaves.count / 256)
            #expect(stored.count == 3)
            for (number, tile) in stored.enumerated() {
                let expected = Array(leaves[number * 256..<(number + 1) * 256])
                #expect(tile.0 == expected.flatMap(\.bytes))
                #expect(tile.1 == VerificationPage.Unit.root(expected).bytes)
            }
            #expect(try await watcher.verify().findings == [])
        }
    }

    @Test("two integrators and many appends: both go on, one history", .timeLimit(.minutes(5)))
    func copies() async throws {
        try await TestStore.run { test in
            try await test.another { other in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for store in [test.store, other] {
                        group.addTask {
                            var watcher = SteppedIntegrator(test, store: store)
                            for round in 0..<30 {
                                // One of the two dies now and then, and starts anew.
                                if round % 10 == 9 {
                                    watcher = SteppedIntegrator(test, store: store)
                                }
                                try await watcher.look()
                            }
                        }
                    }
                    for round in 0..<4 {
                        try await SteppedIntegrator(test).append(150, round: round)
                    }
                    try await group.waitForAll()
                }
            }
            let last = SteppedIntegrator(test)
            try await last.look()
            #expect(try await last.latest().size == 601)
            let report = try await last.verify()
            #expect(report.findings == [])
            #expect(report.logs.allSatisfy { $0.provedSize == $0.size })
        }
    }

    @Test(
        "an integrator that is cancelled anywhere leaves nothing half done",
        .timeLimit(.minutes(5))
    )
    func cancelled() async throws {
        try await TestStore.run { test in
            for round in 0..<20 {
                try await SteppedIntegrator(test).append(30, round: round)
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await SteppedIntegrator(test).look() }
                    // The sooner, the earlier in its work it is stopped.
                    for _ in 0..<round * 20 { await Task.yield() }
                    group.cancelAll()
                }
            }
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            #expect(try await watcher.latest().size == 601)
            #expect(try await watcher.verify().findings == [])
        }
    }

    /// What is done to the database, behind its triggers, while no integrator works.
    struct Damage: Sendable, CustomTestStringConvertible {
        let name: String
        let sql: String
        let alarm: IntegrationAlarm
        var testDescription: String { name }
    }

    static let damages = [
        Damage(
            name: "rows and head cut",
            sql: """
                delete from ledger.event where log_id = 0 and position >= 3;
                update ledger.log set size = 3 where log_id = 0;
                """,
            alarm: .behind(size: 3, checkpoint: 7, source: "the last checkpoint")
        ),
        Damage(
            name: "a record changed",
            sql: """
                update ledger.event set record = set_byte(record, 60, get_byte(record, 60) # 1)
                where log_id = 0 and position = 2;
                """,
            alarm: .differentRoot(size: 7, source: "the last checkpoint")
        ),
        Damage(
            name: "a row deleted",
            sql: "delete from ledger.event where log_id = 0 and position = 4;",
            alarm: .missingRecords(from: 4)
        ),
    ]

    @Test("what contradicts the last checkpoint is an alarm at the start", arguments: damages)
    func contradicted(damage: Damage) async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await SteppedIntegrator(test).look()
            try await SteppedIntegrator.damage(test, damage.sql)
            let watcher = SteppedIntegrator(test)
            #expect(await watcher.alarm() == damage.alarm)
            // More events do not heal it.
            if case .behind = damage.alarm {
                for name in ["b", "c", "d", "e"] { _ = try? await test.launchNew(name) }
                #expect(await watcher.alarm() != nil)
            }
            #expect(try await watcher.latest().size == 7, "nothing was signed")
        }
    }

    @Test("a database that is set back under a working integrator is an alarm")
    func setBack() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            _ = try await test.connectedUser("alice")
            try await watcher.look()
            try await SteppedIntegrator.damage(
                test,
                """
                delete from ledger.event where log_id = 0 and position >= 1;
                delete from ledger.checkpoint where log_id = 0 and size > 1;
                update ledger.log set size = 1 where log_id = 0;
                delete from vault.user_state;
                delete from vault.lookup;
                delete from vault.value where subject <> '\(test.app.id)';
                """
            )
            #expect(
                await watcher.alarm()
                    == .behind(size: 1, checkpoint: 7, source: "the last checkpoint")
            )
            for name in ["b", "c", "d", "e", "f", "g", "h"] { _ = try await test.launchNew(name) }
            #expect(await watcher.alarm() == .lostCheckpoint(size: 7))
        }
    }

    @Test("an older backup is refused by the checkpoint folder, also once the log has grown again")
    func restored() async throws {
        try await TestStore.run { test in
            let folder = try SteppedIntegrator.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try await SteppedIntegrator(test, folder: folder).look()
            let cut = """
                delete from ledger.event where log_id = 0 and position >= 1;
                delete from ledger.checkpoint where log_id = 0 and size > 1;
                update ledger.log set size = 1 where log_id = 0;
                delete from vault.user_state;
                delete from vault.lookup;
                delete from vault.value where subject <> '\(test.app.id)';
                """
            _ = try await test.connectedUser("alice")
            try await SteppedIntegrator(test, folder: folder).look()
            try await SteppedIntegrator.damage(test, cut)
            let source = "the checkpoint folder"
            #expect(
                await SteppedIntegrator(test, folder: folder).alarm()
                    == .behind(size: 1, checkpoint: 7, source: source)
            )
            for name in ["b", "c", "d", "e", "f", "g", "h"] { _ = try await test.launchNew(name) }
            #expect(
                await SteppedIntegrator(test, folder: folder).alarm()
                    == .differentRoot(size: 7, source: source)
            )
            #expect(try await SteppedIntegrator(test).latest().size == 1, "nothing was signed")
            let report = try await SteppedIntegrator(test, folder: folder).verify()
            #expect(report.findings.map(\.position) == [1], "\(report.findings)")
        }
    }

    @Test("a kept checkpoint of the same history, older than the log's, is no reason to stop")
    func older() async throws {
        try await TestStore.run { test in
            let folder = try SteppedIntegrator.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            _ = try await test.launchNew("a")
            try await SteppedIntegrator(test, folder: folder).look()
            _ = try await test.connectedUser("alice")
            try await SteppedIntegrator(test).look()
            _ = try await test.launchNew("b")
            let watcher = SteppedIntegrator(test, folder: folder)
            try await watcher.look()
            #expect(try await watcher.latest().size == 9)
            let kept = try CheckpointFolder(path: folder).read(logID: 0)
            let published = try SignedNote(Array(try await watcher.latest().note.utf8))
            #expect(kept?.text == published.text)
            let report = try await watcher.verify()
            #expect(report.findings == [])
            #expect(report.logs.allSatisfy { $0.isKeptOutside && $0.provedSize == $0.size })
        }
    }

    @Test(
        "a foreign or unreadable file in the checkpoint folder is an alarm",
        arguments: ["foreign", "garbage"]
    )
    func foreign(kind: String) async throws {
        try await TestStore.run { test in
            let folder = try SteppedIntegrator.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let name = test.store.vault.checkpointSigner(logID: 0).key.name
            let stranger = try NoteSigner(name: name, seed: [UInt8](repeating: 7, count: 32))
            let note = try stranger.sign(Checkpoint(origin: name, size: 0, root: .emptyTree))
            let bytes = kind == "foreign" ? note.bytes : Array("garbage".utf8)
            try Data(bytes).write(to: URL(fileURLWithPath: folder + "/checkpoint-0"))
            let watcher = SteppedIntegrator(test, folder: folder)
            #expect(await watcher.alarm() == .foreignCheckpoint(source: "the checkpoint folder"))
            #expect(try await test.store.latestCheckpoint(log: .facts) == nil, "nothing was signed")
        }
    }

    @Test("as a service it publishes by itself, and tells its alarm", .timeLimit(.minutes(5)))
    func service() async throws {
        try await TestStore.run { test in
            let integrator = SteppedIntegrator.integrator(test.store, test.store.pools, nil)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await integrator.run() }
                while try await test.store.latestCheckpoint(log: .facts) == nil {
                    await Task.yield()
                }
                #expect(integrator.conditions == [])
                try await SteppedIntegrator.damage(
                    test,
                    "update ledger.log set size = 0 where log_id = 0"
                )
                while integrator.conditions.isEmpty { await Task.yield() }
                let told = try #require(integrator.conditions.first)
                #expect(told.code == "history_mismatch")
                #expect(told.sentence.contains("the log of facts"))
                #expect(told.sentence.contains("an older database was restored"))
                group.cancelAll()
            }
        }
    }
}

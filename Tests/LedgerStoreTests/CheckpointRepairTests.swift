import Foundation
import Ledger
@testable import LedgerAudit
@testable import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing

@Suite("Evidence that nobody signed", .timeLimit(.minutes(5)))
struct CheckpointRepairTests {
    /// What somebody with the owner's rights stores as evidence.
    private static let forgery = """
        insert into ledger.checkpoint (log_id, size, root, note) values
            (0, 301, sha256('x'), 'forged'), (0, 1000000, sha256('x'), 'forged');
        insert into ledger.tile (log_id, level, number, hashes, root)
        select 0, 0, 1, hashes, root from ledger.tile where log_id = 0 and number = 0;
        """

    @Test("with the service's password alone nobody publishes, and nobody keeps others from it")
    func service() async throws {
        try await TestStore.run { test in
            try await test.fill(upTo: 256)
            let watcher = SteppedIntegrator(test)
            let thief = try await test.serviceConnection()
            let tile =
                "array[0], array[0], array[decode(repeat('00', 8192), 'hex')], "
                + "array[sha256('x')]"
            for secret in ["''", "null", "sha256('x')", "'\\x00'"] {
                for tiles in ["'{}', '{}', '{}', '{}'", tile] {
                    // In a transaction that stays open, so that whatever it had locked would stay so.
                    try await thief.script("begin")
                    let error = await #expect(throws: PostgresError.self) {
                        try await thief.script(
                            "select ledger.publish_checkpoint(\(secret), 0, null, 1, sha256('x'), "
                                + "'forged', \(tiles))"
                        )
                    }
                    #expect(error?.sqlState?.rawValue == "LG011")
                    try await watcher.look()
                    try await thief.script("rollback")
                }
            }
            #expect(try await watcher.latest().size == 256)
            // What fills the log here are no records, and no service wrote them.
            let findings = try await watcher.verify().findings
            #expect(findings.allSatisfy { [.recordUnreadable, .recordForged].contains($0.kind) })
            let rows = try await test.count(
                Statement("rows", "select count(*) from ledger.checkpoint where log_id = 0")
            )
            #expect(rows == 1)
        }
    }

    @Test("a checkpoint that nobody signed is passed over, named, and set aside")
    func passedOver() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.append(299, round: 0)
            try await watcher.look()
            _ = try await test.launchNew("bob")
            let owner = try await test.ownerConnection()
            try await owner.script(Self.forgery)
            #expect(try await watcher.latest().size == 300, "the last one that was signed")
            // A copy that starts now, and one that is at work.
            for copy in [watcher, SteppedIntegrator(test)] {
                await #expect(throws: EvidenceInTheWay.self) { try await copy.look() }
            }
            _ = try await test.launchNew("carol")
            try await SteppedIntegrator(test).look()
            #expect(try await watcher.latest().size == 302, "the next size is free")
            let kinds = try await watcher.verify().findings.map(\.kind)
            #expect(kinds.filter { $0 == .checkpointUnsound }.count == 2)
            #expect(kinds.contains(.tilesNotCovered))
            let repair = try await test.store.repairCheckpoints(of: .facts, owner: test.owners)
            #expect(repair.checkpoints == [301, 1_000_000])
            #expect(repair.tilesRemoved == 1)
            #expect(repair.tilesStored == 0)
            #expect(try await watcher.verify().findings == [])
            try await watcher.look()
            #expect(try await Self.removed(test) == [2, 1])
            let again = try await test.store.repairCheckpoints(of: .facts, owner: test.owners)
            #expect(!again.isNeeded)
            #expect(try await Self.removed(test) == [2, 1])
        }
    }

    @Test("a tile that is not that of the records is named, and stored anew")
    func tile() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.append(600, round: 0)
            try await watcher.look()
            let right = try await Self.tiles(test)
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.tile disable trigger all;
                update ledger.tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1)
                where log_id = 0 and number = 0;
                delete from ledger.tile where log_id = 0 and number = 1;
                alter table ledger.tile enable always trigger tile_is_immutable;
                alter table ledger.tile enable always trigger tile_is_not_truncated;
                """
            )
            let kinds = Set(try await watcher.verify().findings.map(\.kind))
            #expect(kinds == [.tileMissing, .tileDiffers, .tileRootDiffers])
            let repair = try await test.store.repairCheckpoints(of: .facts, owner: test.owners)
            #expect(repair.checkpoints == [])
            #expect((repair.tilesRemoved, repair.tilesStored) == (1, 2))
            #expect(try await watcher.verify().findings == [])
            #expect(try await Self.removed(test) == [0, 1])
            #expect(try await Self.tiles(test) == right)
        }
    }

    @Test("where the records are not those that were signed, nothing is changed")
    func otherRecords() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.append(299, round: 0)
            try await watcher.look()
            _ = try await test.launchNew("bob")
            let owner = try await test.ownerConnection()
            try await owner.script(Self.forgery)
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                update ledger.event set record = set_byte(record, 60, get_byte(record, 60) # 1)
                where log_id = 0 and position = 2
                """
            )
            let before = try await PostgresTools.data(test.owner.url)
            let alarm = await #expect(throws: IntegrationAlarm.self) {
                try await test.store.repairCheckpoints(of: .facts, owner: test.owners)
            }
            #expect(alarm == .differentRoot(size: 300, source: "the last checkpoint"))
            #expect(try await PostgresTools.data(test.owner.url) == before)
        }
    }

    @Test("what is not on record as removed is not removed, not by the owner either")
    func onRecord() async throws {
        try await TestStore.run { test in
            try await SteppedIntegrator(test).look()
            let owner = try await test.ownerConnection()
            try await owner.script(
                "insert into ledger.checkpoint (log_id, size, root, note) "
                    + "values (0, 9, sha256('x'), 'forged')"
            )
            for change in [
                "delete from ledger.checkpoint where size = 9",
                "delete from ledger.checkpoint", "update ledger.checkpoint set note = note",
                "delete from ledger.removed_checkpoint", "truncate ledger.removed_checkpoint",
                "update ledger.removed_tile set level = 1", "truncate ledger.removed_tile",
            ] {
                let error = await #expect(throws: PostgresError.self, "\(change)") {
                    try await owner.script(change)
                }
                #expect(error?.sqlState?.rawValue == "LG001", "\(change)")
            }
        }
    }

    private static func tiles(_ test: TestStore) async throws -> [[UInt8]] {
        let owner = try await test.ownerConnection()
        return try await owner.rows(
            Statement(
                "tiles",
                "select hashes || root from ledger.tile order by log_id, level, number"
            )
        ) { result, row throws(PostgresError) in try result.bytes(row, 0) }
    }

    /// How many checkpoints and tiles are kept that were removed.
    private static func removed(_ test: TestStore) async throws -> [Int64] {
        [
            try await test.count(
                Statement("removed_1", "select count(*) from ledger.removed_checkpoint")
            ),
            try await test.count(
                Statement("removed_2", "select count(*) from ledger.removed_tile")
            ),
        ]
    }
}

import Ledger
import LedgerAudit
@testable import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing

@Suite("Cold history", .timeLimit(.minutes(5)))
struct ColdTests {
    private static let log = ColdScene.log

    @Test("what was moved out is gone, says where it is, and all of the tree is there")
    func detach() async throws {
        try await ColdScene.run { scene in
            let (test, store) = (scene.test, scene.test.store)
            let checkpoint = try await scene.checkpoint()
            let partial = try #require(TileAddress(.hashes(level: 0), index: 1, width: 100))
            let tile = try await store.tile(partial, log: Self.log)
            try await scene.detach(before: 512)
            #expect(try await scene.rows(before: 512) == 0)
            #expect(try await scene.rows() == 88)
            let cold = StoreError.cold(
                ColdPlace(log: Self.log, before: 512, export: Identifier(value: 1))
            )
            let query = EventQuery()
            await #expect(throws: cold) { _ = try await store.event(at: 511, log: Self.log) }
            await #expect(throws: cold) {
                _ = try await store.events(query, log: Self.log, from: 511, limit: 9)
            }
            await #expect(throws: cold) {
                _ = try await store.passed(query, log: Self.log, positions: 0..<600)
            }
            await #expect(throws: cold) { _ = try await store.end(of: Self.log, from: 511) }
            await #expect(throws: cold) {
                _ = try await store.accesses(of: scene.user, from: 0, limit: 9)
            }
            let request = ExportRequest(
                log: Self.log,
                query: query,
                apps: [],
                positions: 0..<600
            )
            await #expect(throws: cold) { _ = try await store.exportPage(request, from: 0) }
            let bundle = try #require(TileAddress(.entries, index: 1))
            await #expect(throws: cold) { _ = try await store.entryBundle(bundle, log: Self.log) }
            #expect(
                try await store.entryBundle(
                    try #require(TileAddress(.entries, index: 2, width: 9)),
                    log: Self.log
                ) != nil
            )
            // What is there is told from the line on, and the newest first down to it.
            let rest = try await store.events(query, log: Self.log, from: 512, limit: 99)
            #expect(rest.events.count == 88)
            let latest = try await store.latestEvents(query, log: Self.log, before: 600, limit: 99)
            #expect(latest.events.map(\.position) == rest.events.map(\.position).reversed())
            #expect(latest.next == nil)
            #expect(
                try await store.latestAccesses(of: scene.user, before: .max, limit: 99).count == 88
            )
            #expect(try await store.position(of: Self.log, at: Timestamp(microseconds: 0)) == 512)
            // Another copy of the service has no tile in memory.
            try await test.another { copy in
                #expect(try await copy.tile(partial, log: Self.log) == tile)
                var tree = TreeReader(copy, size: 600, log: Self.log)
                #expect(try await !tree.inclusion(of: 3).isEmpty)
                #expect(try await tree.root(of: 600) == checkpoint.root)
                let begin = try await copy.beginning(of: [Self.log])
                #expect(try await copy.has(begin, in: [Self.log]))
                #expect(begin.reached.first?.next == 512)
            }
            // One that starts now makes the tree anew, and goes on.
            try await scene.read(300)
            try await SteppedIntegrator(test).look()
            #expect(try await scene.checkpoint().size == 900)
        }
    }

    @Test("nothing is moved that cannot be, and the reason is a sentence")
    func refusals() async throws {
        try await ColdScene.run { scene in
            let (test, whole) = (scene.test, try await scene.bundle(0..<600))
            let outside = try await scene.outside()
            await #expect(throws: ColdRefusal.neverCold(.map)) {
                _ = try await ColdMove.open(test.store, .map, owner: test.owners)
            }
            let move = try await scene.open()
            func refusal(
                _ line: Int64?,
                _ bundle: ColdBundle,
                _ outside: [OutsideCheckpoint],
                ageSecondsMin: Int64 = 0
            ) async -> ColdRefusal? {
                do {
                    _ = try await move.plan(
                        before: line,
                        bundle,
                        outside,
                        ageSecondsMin: ageSecondsMin
                    )
                    return nil
                } catch {
                    return error as? ColdRefusal
                }
            }
            for line: Int64 in [0, 255, 768] {
                #expect(
                    await refusal(line, whole, [outside])
                        == .noSuchLine(line, from: 0, to: 512)
                )
            }
            #expect(
                await refusal(512, try await scene.bundle(0..<511), [outside])
                    == .notInBundle(0..<512)
            )
            #expect(
                await refusal(512, try await scene.bundle(1..<600), [outside])
                    == .notInBundle(0..<512)
            )
            #expect(await refusal(512, whole, []) == .notCovered(512, largest: nil))
            let other = OutsideCheckpoint(size: 600, root: .emptyTree, source: "x")
            #expect(await refusal(512, whole, [other]) == .otherHistory(size: 600, source: "x"))
            let larger = OutsideCheckpoint(size: 601, root: outside.root, source: "x")
            #expect(await refusal(512, whole, [larger]) == .otherHistory(size: 601, source: "x"))
            #expect(
                await refusal(512, whole, [outside], ageSecondsMin: 60)
                    == .tooYoung(position: 511)
            )
            #expect(await refusal(nil, whole, [outside]) == nil)
            var records = Array(try await scene.records().prefix(512))
            try await move.compare(records, at: 0)
            records.swapAt(3, 4)
            await #expect(throws: ColdRefusal.otherRecord(position: 3)) {
                try await move.compare(records, at: 0)
            }
            await #expect(throws: ColdRefusal.nothingCold) { _ = try await move.stretch(in: whole) }
            await move.close()
            #expect(try await scene.rows() == 600)
        }
    }

    @Test("only what is noted as cold goes, and the note stays")
    func triggers() async throws {
        try await ColdScene.run { scene in
            let owner = try await scene.test.ownerConnection()
            func refused(_ sql: String) async {
                let error = await #expect(throws: PostgresError.self, "\(sql)") {
                    try await owner.script(sql)
                }
                #expect(["LG001", "23514"].contains(error?.sqlState?.rawValue), "\(sql)")
            }
            await refused("delete from ledger.event where log_id = 1 and position = 0")
            let note = """
                insert into ledger.cold (log_id, number, first_position, before_position, export_id,
                    manifest_hash, checkpoint_size, checkpoint_root)
                values (%, 1, 0, 512, gen_random_uuid(), sha256(''), 600, sha256(''))
                """
            await refused(note.replacing("%", with: "1024"))
            await refused(note.replacing("%", with: "1").replacing("512", with: "511"))
            try await owner.script(note.replacing("%", with: "1"))
            for sql in [
                "delete from ledger.cold", "truncate ledger.cold",
                "update ledger.cold set number = 2",
                "update ledger.cold set attached_at = now(), before_position = 256",
                "delete from ledger.event where log_id = 1 and position = 512",
                "delete from ledger.event where log_id = 0 and position = 0",
                "update ledger.event set type = 'x' where log_id = 1 and position = 0",
            ] { await refused(sql) }
            try await owner.script("delete from ledger.event where log_id = 1 and position = 511")
            try await owner.script("update ledger.cold set attached_at = now()")
            await refused("update ledger.cold set attached_at = null")
            await refused("delete from ledger.event where log_id = 1 and position = 510")
        }
    }

    @Test("a row that is not what was signed, or that the service did not write, stays as evidence")
    func evidence() async throws {
        try await ColdScene.run { scene in
            try await SteppedIntegrator.damage(
                scene.test,
                """
                update ledger.event set record = record || ' ' where log_id = 1 and position = 7;
                update ledger.event set mac = null where log_id = 1 and position = 8;
                update ledger.event set recorded_at = now() where log_id = 1 and position = 9;
                alter table ledger.event enable trigger all;
                alter table ledger.event enable always trigger event_is_immutable;
                """
            )
            let move = try await scene.open()
            let plan = try await move.plan(
                before: 512,
                try await scene.bundle(0..<600),
                [try await scene.outside()],
                ageSecondsMin: 0
            )
            try await move.note(plan)
            _ = try await move.remove(plan, from: 0)
            #expect(try await move.rowsLeft() == 3)
            #expect(try await scene.rows(before: 512) == 3)
            await move.close()
        }
    }

    @Test("a run that was stopped is gone on with, and from its note on the records count as cold")
    func stopped() async throws {
        try await ColdScene.run { scene in
            let bundle = try await scene.bundle(0..<600)
            let outside = [try await scene.outside()]
            let first = try await scene.open()
            let plan = try await first.plan(before: 512, bundle, outside, ageSecondsMin: 0)
            #expect(!plan.isNoted)
            let before = try await scene.test.store.coldHistory(of: Self.log)
            try await scene.test.store.requireUnchanged(before, Self.log)
            try await first.note(plan)
            // Whoever has begun to read before is not told of a part as though it were all.
            await #expect(throws: StoreError.unavailable) {
                try await scene.test.store.requireUnchanged(before, Self.log)
            }
            await first.close()
            await #expect(throws: StoreError.self) {
                _ = try await scene.test.store.events(
                    EventQuery(),
                    log: Self.log,
                    from: 0,
                    limit: 9
                )
            }
            let second = try await scene.open()
            let again = try await second.plan(before: nil, bundle, outside)
            #expect(again.isNoted)
            #expect(again.positions == 0..<512)
            try await second.note(again)
            #expect(try await second.remove(again, from: 0) == 512)
            #expect(try await scene.rows(before: 512) == 0)
            #expect(try await second.history().stretches.count == 1)
            await second.close()
        }
    }

    @Test("what is put back is byte for byte what there was, the last stretch first")
    func attach() async throws {
        try await ColdScene.run(reads: 1_100) { scene in
            let store = scene.test.store
            let all = try await scene.records()
            let dump = try await scene.test.dump(of: Self.log)
            try await scene.detach(before: 512, manifest: "one")
            try await scene.detach(before: 1_024, manifest: "two")
            #expect(try await scene.rows() == 76)
            let move = try await scene.open()
            let (one, two) = (
                try await scene.bundle(0..<512, manifest: "one"),
                try await scene.bundle(512..<1_024, manifest: "two")
            )
            await #expect(throws: ColdRefusal.notInBundle(512..<1_024)) {
                _ = try await move.stretch(in: one)
            }
            for (bundle, positions) in [(two, 512..<1_024), (one, 0..<512)] {
                let stretch = try await move.stretch(in: bundle)
                #expect(
                    stretch.positions == Int64(positions.lowerBound)..<Int64(positions.upperBound)
                )
                let records = Array(all[positions])
                var others = records
                others[3].append(0)
                await #expect(
                    throws: ColdRefusal.otherRecord(position: stretch.positions.lowerBound + 3)
                ) {
                    try await move.putBack(
                        others,
                        at: stretch.positions.lowerBound,
                        [scene.test.app]
                    )
                }
                try await move.putBack(
                    Array(records.prefix(300)),
                    at: stretch.positions.lowerBound,
                    [scene.test.app]
                )
                await #expect(throws: ColdRefusal.notWhole(rows: 300, of: 512)) {
                    try await move.finish(stretch)
                }
                await move.rollback()
                // Once more from the beginning: what is there stays.
                try await move.putBack(records, at: stretch.positions.lowerBound, [scene.test.app])
                await #expect(throws: StoreError.self) {
                    _ = try await store.event(at: -1, log: Self.log)
                }
                try await move.finish(stretch)
            }
            await move.close()
            #expect(try await scene.test.dump(of: Self.log) == dump)
            #expect(
                try await store.events(EventQuery(), log: Self.log, from: 0, limit: 9).events.count
                    == 9
            )
            #expect(try await scene.integrator.verify().findings == [])
            try await SteppedIntegrator(scene.test).look()
        }
    }

    @Test("of several logs in several databases each has its own line")
    func severalLogs() async throws {
        try await TestStore.run(pairs: 2, databases: 2) { test in
            let store = test.store
            var users: [StoredUser] = []
            while !users.contains(where: { $0.log.pair == 1 }) {
                users.append(try await test.connectedUser("user \(users.count)"))
            }
            let user = try #require(users.last)
            try await TestCold.read(300, of: user, test.app, store)
            let integrator = SteppedIntegrator(test)
            try await integrator.look()
            try await TestCold.detach(before: 256, log: user.log.access, store, test.owners)
            let logs = store.logs.list(.access)
            let beginning = try await store.beginning(of: logs)
            #expect(beginning.reached.map(\.next) == [0, 256])
            let page = try await store.events(EventQuery(), logs: logs, from: beginning, limit: 99)
            #expect(page.events.map(\.position) == Array(256..<300))
            await #expect(throws: StoreError.self) {
                _ = try await store.events(
                    EventQuery(),
                    logs: logs,
                    from: .beginning(count: 2),
                    limit: 99
                )
            }
            #expect(try await integrator.verify().findings == [])
            try await SteppedIntegrator(test).look()
        }
    }

    @Test("table and indexes use again what was removed")
    func growth() async throws {
        try await ColdScene.run(reads: 2_100) { scene in
            var sizes: [Int64] = []
            for round in 0..<5 {
                let size = try await scene.checkpoint().size
                try await scene.detach(before: size / 256 * 256, manifest: "\(round)")
                try await scene.test.ownerConnection().script("vacuum ledger.event")
                sizes.append(try await scene.bytes())
                try await scene.read(2_048)
            }
            // What nobody used again would make it five times; whoever looks at the table while it is vacuumed, such as
            // the server's own statistics, keeps one round's rows for one more.
            #expect(sizes[4] < 3 * sizes[0], "\(sizes)")
        }
    }
}

extension ColdScene {
    /// What table and indexes take.
    fileprivate func bytes() async throws -> Int64 {
        try await test.count(
            Statement("cold_bytes", "select pg_total_relation_size('ledger.event')")
        )
    }
}

extension ColdMove {
    /// Ends what a refusal left open.
    fileprivate func rollback() async {
        try? await connection.script("rollback")
    }
}

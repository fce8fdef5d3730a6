import Ledger
@testable import LedgerStore
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

@Suite("The maps of what is current", .timeLimit(.minutes(5)))
struct MapKeeperTests {
    @Test(
        "what is current is proved at a checkpoint of the facts: somebody, nobody, and who was erased"
    )
    func proofs() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            try await log.look()
            let statement = try await log.statement()
            let facts = try await test.store.latestCheckpoint(log: .facts)
            #expect(statement.facts.size == Int(facts?.size ?? 0))
            #expect(statement.facts.root == facts?.root)
            #expect(statement.states.count == 1)
            let root = try await log.foldedRoot(before: Int64(statement.facts.size))
            #expect(statement.states.root == root)

            let verified = try await log.verified("alice")
            let (proof, verdict) = (verified.proof, verified.verdict)
            #expect(verdict.subject == alice.subject)
            #expect(verdict.state == alice.state)
            #expect(proof.statement == statement)
            let nobody = try await log.verified("bob").verdict
            #expect(nobody.subject == nil)

            try await test.erase("alice")
            try await log.look()
            let gone = try await log.verified("alice").verdict
            #expect(gone.subject == nil, "nothing leads from the name to anybody")
            let left = try await log.maps.proof(of: nil, subject: alice.subject, in: test.app)
            let held = try #require(left?.proof.states?.state)
            #expect(try SubjectState(decoding: held.state).status == .erased)
            let only = "{\"version\":\(held.version),\"status\":\"erased\"}"
            #expect(held.state.elementsEqual(only.utf8))
            #expect(try await log.statement().names?.count == 0)
        }
    }

    @Test("maps that followed the log, and those made anew, are those of the log")
    func following() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            for round in 0..<6 {
                for number in 0..<7 { _ = try await test.connectedUser("user \(round) \(number)") }
                _ = try await test.store.write(
                    test.launch(try await test.user("user 0 \(round)")),
                    to: try await test.user("user 0 \(round)")
                )
                if round > 2 { try await test.erase("user \(round - 1) 3") }
                try await log.look()
                let statement = try await log.statement()
                let root = try await log.foldedRoot(before: Int64(statement.facts.size))
                #expect(statement.states.root == root)
                #expect(statement.facts.size == Int(try await test.store.size(log: .facts)))
                #expect(statement.names?.count == 7 * (round + 1) - max(0, round - 2))
                let anew = try await MappedLog(test)
                let made = await anew.maps.made
                #expect(made.states == statement.states)
                #expect(made.names == statement.names)
            }
        }
    }

    @Test("after a start nothing is stated twice, and proofs go on")
    func restart() async throws {
        try await TestStore.run { test in
            let first = try await MappedLog(test)
            _ = try await test.connectedUser("alice")
            try await first.look()
            let size = try await test.store.size(log: .map)
            let second = try await MappedLog(test)
            let none = try await second.maps.proof(of: Secret("alice"), subject: nil, in: test.app)
            #expect(none == nil)
            try await second.look()
            let proofs = (try await first.verified("alice"), try await second.verified("alice"))
            #expect(proofs.0.proof == proofs.1.proof)
            try await second.look()
            let sizeNow = try await test.store.size(log: .map)
            #expect(sizeNow == size, "nothing new, nothing stated")
        }
    }

    @Test("who was told of events that are lost makes the maps anew")
    func loss() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            _ = try await test.launchedUser("alice")
            try await log.look()
            _ = try await test.launchedUser("bob")
            _ = await log.maps.advanceOrTell()
            try await SteppedIntegrator.damage(
                test,
                """
                delete from vault.user_state where subject_version = 1
                    and subject = (select subject from ledger.event where position = 2 and log_id = 0);
                delete from ledger.event where position = 2 and log_id = 0;
                update ledger.log set size = 2 where log_id = 0;
                """
            )
            _ = try await test.launchedUser("carol")
            #expect(await log.maps.advanceOrTell() == nil)
            try await log.maps.load()
            try await log.look()
            #expect(try await log.verified("bob").verdict.subject == nil)
            #expect(try await log.verified("carol").verdict.subject != nil)
        }
    }

    @Test(
        "a statement that the log has lost is not waited for, nor proved by one that stands there now"
    )
    func lostStatement() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            for name in ["alice", "bob"] {
                _ = try await test.connectedUser(name)
                try await log.look()
            }
            // Both start anew, and take the second statement for their own.
            let copies = [try await MappedLog(test), try await MappedLog(test)]
            let size = try await test.store.size(log: .facts)
            for copy in copies { #expect(await copy.maps.state(upTo: size)) }
            try await SteppedIntegrator.damage(
                test,
                """
                delete from ledger.event where log_id = 1024 and position = 1;
                delete from ledger.checkpoint where log_id = 1024 and size = 2;
                update ledger.log set size = 1 where log_id = 1024;
                """
            )
            await copies[0].maps.cover(upTo: 1)
            #expect(await copies[0].maps.flight == nil)
            _ = try await test.connectedUser("carol")
            let third = try await MappedLog(test)
            try await third.look()
            await copies[1].maps.cover(upTo: 2)
            #expect(await copies[1].maps.flight == nil)
            #expect(await copies[1].maps.served == nil)
            for copy in copies {
                try await copy.look()
                let verdict = try await copy.verified("carol").verdict
                #expect(verdict.state?.status == .connected)
            }
        }
    }

    @Test("maps that wait for the database keep nobody from a checkpoint of the facts")
    func bounded() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            _ = try await test.connectedUser("alice")
            let size = try await test.store.size(log: .facts)
            let owner = try await test.ownerConnection()
            try await owner.script("begin; lock table vault.user_state in access exclusive mode")
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    do { try await Task.sleep(for: .seconds(20)) } catch { return }
                    try await owner.script("rollback")
                }
                try await log.look()
                let locks = try await owner.query(
                    Statement(
                        "test_locks",
                        """
                        select count(*) from pg_locks where granted
                            and relation = 'vault.user_state'::regclass
                            and mode = 'AccessExclusiveLock'
                        """
                    )
                ) { result throws(PostgresError) in try result.int8(0, 0) }
                #expect(locks == 1, "nobody waited until the maps went on")
                let published = try await test.store.latestCheckpoint(log: .facts)
                #expect(published?.size == size)
                group.cancelAll()
                try await group.waitForAll()
            }
            await owner.close()
            try await log.look()
            let verdict = try await log.verified("alice").verdict
            #expect(verdict.state?.status == .connected)
        }
    }

    @Test("two copies state in turn, and each proves by the last of its own")
    func copies() async throws {
        try await TestStore.run { test in
            try await test.another { other in
                let logs = [try await MappedLog(test), try await MappedLog(test, store: other)]
                for round in 0..<6 {
                    _ = try await test.connectedUser("user \(round)")
                    try await logs[round % 2].look()
                    let verdict = try await logs[round % 2].verified("user \(round)").verdict
                    #expect(verdict.state?.status == .connected)
                }
                // The other one has nothing to add.
                let size = try await test.store.size(log: .map)
                try await logs[0].look()
                let sizeNow = try await test.store.size(log: .map)
                #expect(sizeNow == size)
                let verdict = try await logs[0].verified("user 5").verdict
                #expect(verdict.state?.status == .connected)
            }
        }
    }

    @Test("a proof outlives what happens after it, until the next statement")
    func olderState() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            try await log.look()
            _ = try await test.store.write(test.launch(alice), to: alice)
            let verdict = try await log.verified("alice").verdict
            #expect(
                verdict.state == alice.state,
                "the state at the checkpoint, folded from the log"
            )
            try await log.look()
            let next = try await log.verified("alice").verdict
            #expect(next.state?.version == alice.state.version + 1)
        }
    }

    @Test("where a newer state is needed than the map holds, its own is not folded")
    func newerNeeded() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            try await log.look()
            _ = try await test.store.write(test.launch(alice), to: alice)
            let version = alice.state.version
            func held(from version: Int64) async throws -> Int64? {
                try await log.maps.proof(
                    of: Secret("alice"),
                    subject: alice.subject,
                    in: test.app,
                    from: version
                )?.proof.states?.state?.version
            }
            let needed = try await held(from: version)
            #expect(needed == version)
            let newer = try await held(from: version + 1)
            #expect(newer == nil)
            // What a row says that the service did not write, says nothing of the map.
            let owner = try await test.ownerConnection()
            try await owner.script("update vault.user_state set state_mac = null")
            await owner.close()
            let folded = try await held(from: version + 1)
            #expect(folded == version)
        }
    }

    @Test("a name that does not open leaves nobody out: the maps are not made")
    func damagedName() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            try await log.look()
            let alice = try await test.connectedUser("alice")
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update vault.user_state set client_user_id = 'x' where subject = '\(alice.subject)'"
            )
            await owner.close()
            for _ in 0..<2 {
                let size = await log.maps.advanceOrTell()
                #expect(size == nil)
            }
            await #expect(throws: StoreError.damaged(.value)) { try await log.maps.load() }
        }
    }
}

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
            let held = try #require(left?.states?.state)
            #expect(try SubjectState(decoding: held.state).status == .erased)
            #expect(
                held == .erased(version: held.version, position: held.position, record: held.record)
            )
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

    @Test("a row that somebody changed changes no map: the log tells what is current")
    func tampering() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            _ = try await test.connectedUser("bob")
            try await log.look()
            let owner = try await test.ownerConnection()
            // An older version, then what nobody of ours wrote.
            for change in [
                "subject_version = subject_version - 1", "state_mac = null",
                "state = (select state from vault.user_state o where o.subject <> s.subject)",
            ] {
                try await owner.script(
                    "update vault.user_state s set \(change) where subject = '\(alice.subject)'"
                )
                let anew = try await MappedLog(test)
                let statement = try await log.statement()
                let made = await anew.maps.made
                #expect(made.states == statement.states, "\(change)")
            }
            await owner.close()
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

import Ledger
@testable import LedgerAudit
@testable import LedgerStore
import Logging
import MerkleLog
import StateMap
import TestSupport
import Testing
import Vault

@Suite("Verifying the map of what is current", .timeLimit(.minutes(5)))
struct MapEvidenceTests {
    private func maps(_ test: TestStore) async throws -> (MapKeeper, SteppedIntegrator) {
        let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
        return (maps[0], SteppedIntegrator(test, maps: maps))
    }

    @Test("the map is made anew as it was when it was stated, whatever came since")
    func clean() async throws {
        try await TestStore.run { test in
            let (_, watcher) = try await maps(test)
            for number in 0..<5 { _ = try await test.connectedUser("user \(number)") }
            try await test.erase("user 3")
            try await watcher.look()
            let size = try await test.store.size(log: .facts)
            var report = try await watcher.verify()
            #expect(report.findings == [])
            #expect(report.mapped == [Log.facts.id: size])
            // These are not in it: one who is new, one who was there, one who is gone.
            _ = try await test.connectedUser("user 5")
            let known = try await test.user("user 0")
            _ = try await test.store.write(test.launch(known), to: known)
            try await test.erase("user 1")
            report = try await watcher.verify()
            #expect(report.findings == [])
            #expect(report.mapped == [Log.facts.id: size])
        }
    }

    @Test("a rebuild gives the root that was stated, and another one for rows that were changed")
    func rebuild() async throws {
        try await TestStore.run { test in
            let (keeper, watcher) = try await maps(test)
            for name in ["alice", "bob", "carol"] { _ = try await test.connectedUser(name) }
            try await test.erase("carol")
            try await watcher.look()
            let made = await keeper.made
            let clean = try #require(try await test.rebuild().maps.first)
            #expect(clean.size == made.size)
            #expect(clean.rebuilt == made.states)
            #expect(clean.live == made.states)
            #expect(clean.stated == .same)

            // Each changes the map of the live rows in its way; the last one is not in the map.
            let alice = try await test.user("alice").subject
            let damage = [
                (
                    "update vault.user_state set state = replace(state::text, '1', '2')::json", 3,
                    true
                ),
                ("delete from vault.user_state", 2, true),
                ("update vault.user_state set subject = gen_random_uuid()", 3, true),
                ("update vault.user_state set changed_at = now()", 3, false),
            ]
            for (text, count, isInMap) in damage {
                try await SteppedIntegrator.damage(test, "\(text) where subject = '\(alice)'")
                let report = try await test.rebuild()
                let map = try #require(report.maps.first)
                #expect(report.differences > 0)
                #expect(map.rebuilt == made.states, "\(text)")
                #expect(map.live.count == count, "\(text)")
                #expect((map.live.root != made.states.root) == isInMap, "\(text)")
                #expect(map.stated == .same)
                #expect(try await test.rebuild().found(nothingWith: 3))
            }
            _ = try await test.launchedUser("dave")
            #expect(
                try await test.rebuild().maps.first?.stated == ProjectionMapReport.Statement.none
            )
        }
    }

    @Test("a rebuild says where the log of maps states something else")
    func rebuildBesideALie() async throws {
        try await TestStore.run { test in
            let (_, watcher) = try await maps(test)
            _ = try await test.connectedUser("alice")
            try await watcher.look()
            let stored = try await test.store.lastStatement(log: .map)
            let last = try #require(stored).statement
            let lie = try last.lying(states: MapStatement.Map(count: 1, root: .emptyTree))
            let position = try await test.store.size(log: .map)
            #expect(try await test.store.append(lie, at: position, log: .map, test.pool))
            #expect(try await test.rebuild().maps.first?.stated == .different)
        }
    }

    @Test(
        "a statement that is not what the log gives is named, though the service's own key is on it"
    )
    func lies() async throws {
        try await TestStore.run { test in
            let (_, watcher) = try await maps(test)
            _ = try await test.connectedUser("alice")
            try await watcher.look()
            let stored = try await test.store.lastStatement(log: .map)
            let last = try #require(stored).statement
            let facts = last.facts
            let lies = [
                try last.lying(states: MapStatement.Map(count: 1, root: .emptyTree)),
                try last.lying(
                    facts: Checkpoint(origin: facts.origin, size: facts.size, root: .emptyTree)
                ),
            ]
            let kinds: [VerificationReport.Finding.Kind] = [.mapDiffers, .statementUnfounded]
            for (lie, kind) in zip(lies, kinds) {
                let position = try await test.store.size(log: .map)
                #expect(try await test.store.append(lie, at: position, log: .map, test.pool))
                let report = try await watcher.verify()
                #expect(report.findings.map(\.kind) == [kind])
                #expect(report.findings.first?.position == position)
                #expect(try await test.store.append(last, at: position + 1, log: .map, test.pool))
            }
        }
    }

    @Test("a statement about another deployment's facts is named, though all else fits")
    func otherOrigin() async throws {
        try await TestStore.run { test in
            let (_, watcher) = try await maps(test)
            try await watcher.look()
            let position = try await test.store.size(log: .map)
            let stored = try await test.store.lastStatement(log: .map)
            let last = try #require(stored).statement
            let lie = try last.lying(
                facts: Checkpoint(
                    origin: "token-ledger/0000000000000000/0",
                    size: last.facts.size,
                    root: last.facts.root
                )
            )
            #expect(try await test.store.append(lie, at: position, log: .map, test.pool))
            let report = try await watcher.verify()
            #expect(report.findings.map(\.kind) == [.statementUnfounded])
            #expect(report.findings.first?.position == position)
        }
    }
}

extension MapStatement {
    /// The same, but for what it says of the facts, of the pairs of logs or of the states.
    func lying(
        facts: Checkpoint? = nil,
        logs: Logs? = nil,
        states: Map? = nil
    ) throws -> MapStatement {
        try MapStatement(
            facts: facts ?? self.facts,
            logs: logs ?? self.logs,
            time: time,
            states: states ?? self.states,
            names: names
        )
    }
}

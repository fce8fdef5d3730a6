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
        let maps = MapKeeper(
            store: test.store,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        try await maps.load()
        return (maps, SteppedIntegrator(test, maps: maps))
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
            #expect(report.mappedSize == size)
            // These are not in it: one who is new, one who was there, one who is gone.
            _ = try await test.connectedUser("user 5")
            let known = try await test.user("user 0")
            _ = try await test.store.write(test.launch(known), to: known)
            try await test.erase("user 1")
            report = try await watcher.verify()
            #expect(report.findings == [])
            #expect(report.mappedSize == size)
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
            let stated = try await test.store.size(log: .map)
            let last = try #require(try await test.store.statement(before: stated))
            let lies = [
                try MapStatement(
                    facts: last.facts,
                    time: last.time,
                    states: MapStatement.Map(count: 1, root: .emptyTree),
                    names: last.names
                ),
                try MapStatement(
                    facts: Checkpoint(
                        origin: last.facts.origin,
                        size: last.facts.size,
                        root: .emptyTree
                    ),
                    time: last.time,
                    states: last.states,
                    names: last.names
                ),
            ]
            let kinds: [VerificationReport.Finding.Kind] = [.mapDiffers, .statementUnfounded]
            for (lie, kind) in zip(lies, kinds) {
                let position = try await test.store.size(log: .map)
                #expect(try await test.store.append(lie, at: position, test.pool))
                let report = try await watcher.verify()
                #expect(report.findings.map(\.kind) == [kind])
                #expect(report.findings.first?.position == position)
                #expect(try await test.store.append(last, at: position + 1, test.pool))
            }
        }
    }

    @Test("a statement about another deployment's facts is named, though all else fits")
    func otherOrigin() async throws {
        try await TestStore.run { test in
            let (_, watcher) = try await maps(test)
            try await watcher.look()
            let position = try await test.store.size(log: .map)
            let last = try #require(try await test.store.statement(before: position))
            let lie = try MapStatement(
                facts: Checkpoint(
                    origin: "token-ledger/0000000000000000/0",
                    size: last.facts.size,
                    root: last.facts.root
                ),
                time: last.time,
                states: last.states,
                names: last.names
            )
            #expect(try await test.store.append(lie, at: position, test.pool))
            let report = try await watcher.verify()
            #expect(report.findings.map(\.kind) == [.statementUnfounded])
            #expect(report.findings.first?.position == position)
        }
    }
}

import Foundation
import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

@Suite("The integrator with witnesses", .timeLimit(.minutes(5)))
struct WitnessedTests {
    /// The keys that have signed the last checkpoint of the log of facts.
    static func signers(
        _ store: LedgerStore,
        _ witnesses: [TestWitness]
    ) async throws -> [VerifierKey] {
        guard let latest = try await store.latestCheckpoint(log: .facts) else { return [] }
        let note = try SignedNote(Array(latest.note.utf8))
        return try note.verify(
            [store.vault.checkpointSigner(logID: 0).key] + witnesses.map(\.key)
        ).map(\.key)
    }

    @Test("a checkpoint is published with its cosignature, at all sizes, after restarts too")
    func cosigned() async throws {
        try await TestStore.run { test in
            try await TestWitness.one(of: test) { witness, cosign in
                let key = test.store.vault.checkpointSigner(logID: 0).key
                var watcher = SteppedIntegrator(test, cosign: cosign)
                // A fill stops right below, at and above what tiles hold, two levels of them.
                for size: Int64 in [1, 2, 255, 256, 257, 511, 700, 65_535, 65_537, 66_100] {
                    try await test.fill(upTo: size)
                    if size % 2 == 1 { watcher = SteppedIntegrator(test, cosign: cosign) }
                    try await watcher.look()
                    #expect(try await watcher.latest().size == size)
                    #expect(
                        try await Self.signers(test.store, [witness]) == [key, witness.key],
                        "\(size)"
                    )
                }
                // Both logs are shown.
                let access = try #require(try await test.store.latestCheckpoint(log: .access))
                let note = try SignedNote(Array(access.note.utf8))
                #expect(try note.verify([witness.key]).count == 1)
            }
        }
    }

    @Test("of several pairs of logs each is cosigned under its own origin")
    func pairs() async throws {
        try await TestStore.run(pairs: 3) { test in
            try await TestWitness.one(of: test) { witness, cosign in
                let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
                let watcher = SteppedIntegrator(test, cosign: cosign, maps: maps)
                for round in 0..<2 {
                    for number in 0..<9 {
                        _ = try await test.connectedUser("user \(round) \(number)")
                    }
                    try await watcher.look()
                    for log in test.store.logs.all {
                        let latest = try await test.store.latestCheckpoint(log: log)
                        let note = try SignedNote(Array(try #require(latest).note.utf8))
                        let key = test.store.vault.checkpointSigner(logID: log.id).key
                        let signers = try note.verify([key, witness.key]).map(\.key)
                        #expect(signers == [key, witness.key])
                        #expect(try Checkpoint(note.text).origin.hasSuffix("/\(log.id)"))
                    }
                }
            }
        }
    }

    @Test("a log that got its witness later is shown as a whole")
    func later() async throws {
        try await TestStore.run { test in
            try await test.fill(upTo: 300)
            try await SteppedIntegrator(test).look()
            try await TestWitness.one(of: test) { witness, cosign in
                let watcher = SteppedIntegrator(test, cosign: cosign)
                try await watcher.look()
                #expect(try await Self.signers(test.store, [witness]).count == 1)
                try await test.fill(upTo: 301)
                try await watcher.look()
                #expect(try await Self.signers(test.store, [witness]).count == 2)
            }
        }
    }

    @Test("while a witness is away the log goes on, that is told, and it catches up")
    func outage() async throws {
        try await TestStore.run { test in
            let folder = try SteppedIntegrator.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let witness = try await TestWitness.run("w1", of: test, in: folder) { witness in
                try await TestWitness.asking(witness.line + "quorum w1\n", of: test) { cosign in
                    try await SteppedIntegrator(test, cosign: cosign).look()
                }
                return witness
            }
            try await TestWitness.asking(witness.line + "quorum w1\n", of: test) { cosign in
                let integrator = SteppedIntegrator.integrator(
                    test.store,
                    test.store.pools,
                    nil,
                    cosign
                )
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await integrator.run() }
                    _ = try await test.connectedUser("alice")
                    while integrator.conditions.isEmpty { await Task.yield() }
                    for condition in integrator.conditions {
                        #expect(condition.code == "witnesses_away")
                        #expect(condition.severity(acceptsUnsafeServer: false) == .warning)
                        #expect(condition.sentence.contains("w1: it cannot be reached"))
                    }
                    _ = try await test.launchNew("bob")
                    #expect(try await test.store.latestCheckpoint(log: .facts)?.size == 1)
                    try await TestWitness.run("w1", of: test, in: folder, port: witness.port) { _ in
                        while try await test.store.latestCheckpoint(log: .facts)?.size != 8 {
                            await Task.yield()
                        }
                        while !integrator.conditions.isEmpty { await Task.yield() }
                    }
                    #expect(try await Self.signers(test.store, [witness]).count == 2)
                    group.cancelAll()
                }
            }
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }

    @Test("what was grown while witnesses were away is not read again, and not published")
    func candidate() async throws {
        try await TestStore.run { test in
            let answer = CosignAnswer(note: nil, failures: ["w1: it cannot be reached"])
            let integrator = SteppedIntegrator.integrator(test.store, test.store.pools, nil) { _ in
                answer
            }
            var log: WatchedLog?
            for size: Int64 in [300, 700] {
                try await test.fill(upTo: size)
                await #expect(throws: WitnessOutage.self) {
                    try await integrator.look(at: .facts, &log)
                }
                #expect(log?.tree.size == 0)
                #expect(log?.candidate?.size == size)
                // Whoever read these once more would not find them.
                try await SteppedIntegrator.damage(
                    test,
                    "delete from ledger.event where log_id = 0 and position < 300"
                )
            }
            #expect(try await test.store.latestCheckpoint(log: .facts) == nil)
        }
    }

    @Test("one of two is enough where the policy says so")
    func quorum() async throws {
        try await TestStore.run { test in
            let folder = try SteppedIntegrator.temporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let away = try await TestWitness.run("w2", of: test, in: folder) { $0 }
            try await TestWitness.run("w1", of: test, in: folder) { witness in
                let lines = witness.line + away.line
                try await TestWitness.asking(
                    lines + "group g any w1 w2\nquorum g\n",
                    of: test
                ) { cosign in
                    try await SteppedIntegrator(test, cosign: cosign).look()
                    #expect(try await Self.signers(test.store, [witness, away]).count == 2)
                }
                _ = try await test.launchNew("a")
                try await TestWitness.asking(
                    lines + "group g all w1 w2\nquorum g\n",
                    of: test
                ) { cosign in
                    await #expect(throws: WitnessOutage.self) {
                        try await SteppedIntegrator(test, cosign: cosign).look()
                    }
                    let size = try await test.store.latestCheckpoint(log: .facts)?.size
                    #expect(size == 1)
                }
            }
        }
    }

    @Test("two copies of the service with the same witness both go on, one history")
    func copies() async throws {
        try await TestStore.run { test in
            try await TestWitness.one(of: test) { witness, cosign in
                try await test.another { other in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for store in [test.store, other] {
                            group.addTask {
                                var watcher = SteppedIntegrator(test, store: store, cosign: cosign)
                                for round in 0..<30 {
                                    if round % 10 == 9 {
                                        watcher = SteppedIntegrator(
                                            test,
                                            store: store,
                                            cosign: cosign
                                        )
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
                let last = SteppedIntegrator(test, cosign: cosign)
                // The first look may find that another copy's checkpoint was signed last.
                for _ in 0..<3 { try await last.look() }
                #expect(try await last.latest().size == 601)
                #expect(try await Self.signers(test.store, [witness]).count == 2)
                #expect(try await last.verify().findings == [])
            }
        }
    }

    @Test("two ledgers with one key and different records: one is signed, the other alarmed")
    func forked() async throws {
        try await TestStore.run { test in
            try await TestWitness.one(of: test) { witness, cosign in
                _ = try await test.launchNew("common")
                try await SteppedIntegrator(test, cosign: cosign).look()
                let fork = try await ForkedDatabase(of: test)
                try await test.another(service: fork.service) { other in
                    let watchers = [
                        SteppedIntegrator(test, cosign: cosign),
                        SteppedIntegrator(test, store: other, cosign: cosign),
                    ]
                    // Both know the last checkpoint before they part.
                    for watcher in watchers { try await watcher.look() }
                    for number in 0..<3 {
                        _ = try await test.launchNew("mine \(number)")
                        _ = try await test.launchNew("theirs \(number)", with: other)
                    }
                    _ = try await test.launchNew("theirs, one more", with: other)
                    #expect(await watchers[0].alarm() == nil)
                    guard case .witnessRefused(_, "w1", let why) = await watchers[1].alarm() else {
                        Issue.record("no alarm")
                        return
                    }
                    #expect(why.contains("are not those that it was signed over"))
                    #expect(try await test.store.latestCheckpoint(log: .facts)?.size == 5)
                    #expect(try await Self.signers(test.store, [witness]).count == 2)
                    #expect(try await other.latestCheckpoint(log: .facts)?.size == 2)
                    // The right one goes on.
                    _ = try await test.launchNew("mine again")
                    #expect(await watchers[0].alarm() == nil)
                    #expect(try await test.store.latestCheckpoint(log: .facts)?.size == 6)
                }
            }
        }
    }

    @Test("an older backup is noticed at the start, without any folder, before anything is written")
    func restored() async throws {
        try await TestStore.run { test in
            try await TestWitness.one(of: test) { witness, cosign in
                try await SteppedIntegrator(test, cosign: cosign).look()
                let backup = try await ForkedDatabase(of: test)
                _ = try await test.connectedUser("alice")
                try await SteppedIntegrator(test, cosign: cosign).look()
                try await test.another(service: backup.service) { other in
                    let alarm = await SteppedIntegrator(test, store: other, cosign: cosign).alarm()
                    guard case .witnessRefused(_, "w1", let why) = alarm else {
                        Issue.record("\(String(describing: alarm))")
                        return
                    }
                    #expect(why.contains("it has signed a checkpoint of 7 records"))
                    #expect(why.contains("an older database was restored"))
                    // Also once it has grown beyond what was signed.
                    for number in 0..<9 { _ = try await test.launchNew("\(number)", with: other) }
                    let later = await SteppedIntegrator(test, store: other, cosign: cosign).alarm()
                    guard case .witnessRefused(_, "w1", let why) = later else {
                        Issue.record("\(String(describing: later))")
                        return
                    }
                    #expect(why.contains("are not those that it was signed over"))
                    #expect(try await other.latestCheckpoint(log: .facts)?.size == 1)
                }
            }
        }
    }

    @Test("stored tiles that were changed are noticed before a wrong proof is given away")
    func damagedTiles() async throws {
        try await TestStore.run { test in
            try await TestWitness.one(of: test) { _, cosign in
                try await test.fill(upTo: 300)
                try await SteppedIntegrator(test, cosign: cosign).look()
                // The witness was left out for a while, so its proof begins among stored tiles.
                try await test.fill(upTo: 900)
                try await SteppedIntegrator(test).look()
                try await SteppedIntegrator.damage(
                    test,
                    """
                    update ledger.tile set hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)
                    where log_id = 0 and level = 0 and number = 1
                    """
                )
                #expect(
                    await SteppedIntegrator(test, cosign: cosign).alarm()
                        == .damagedTiles(size: 300)
                )
            }
        }
    }
}

import Ledger
@testable import LedgerAudit
import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

/// What a verification proves with checkpoints, tiles and the vault, and what it says it does not.
@Suite("Evidence", .timeLimit(.minutes(5)))
struct EvidenceTests {
    // MARK: The tree

    /// 601 records, with checkpoints of 1, 201, 401 and 601, and two full tiles.
    private static func run(
        _ sql: String = "",
        _ body: (TestStore) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            for round in 0..<3 {
                try await watcher.append(200, round: round)
                try await watcher.look()
            }
            try await SteppedIntegrator.damage(test, sql)
            try await body(test)
        }
    }

    private static func actor(at position: Int64) -> String {
        """
        update ledger.event set record = convert_to(
            replace(convert_from(record, 'UTF8'), '"service"', '"servicf"'), 'UTF8')
        where log_id = 0 and position = \(position);
        """
    }

    private typealias Finding = VerificationReport.Finding

    /// What is done, and the findings.
    struct Case: Sendable, CustomTestStringConvertible {
        let sql: String
        let findings: [VerificationReport.Finding]
        /// Which records whoever has the root key sees at once to be no longer the service's.
        var forged: [Int64] = []
        var testDescription: String { findings.map(\.description).joined(separator: "; ") }
    }

    static let cases = [
        Case(
            sql: actor(at: 100),
            findings: [Finding(0, 100, .recordNotSigned)],
            forged: [100]
        ),
        Case(
            sql: actor(at: 100) + actor(at: 255) + actor(at: 256),
            findings: [100, 255, 256].map { Finding(0, $0, .recordNotSigned) },
            forged: [100, 255, 256]
        ),
        Case(
            sql: actor(at: 550),
            findings: [Finding(0, 401, end: 601, .rootDiffers(.stored, size: 601))],
            forged: [550]
        ),
        Case(
            sql: """
                update ledger.tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1)
                where log_id = 0 and number = 1;
                """,
            findings: [
                Finding(0, nil, .tile(level: 0, number: 1, .rootDiffers)),
                Finding(0, nil, .tile(level: 0, number: 1, .differs)),
            ]
        ),
        Case(
            sql: "update ledger.tile set root = sha256('x') where log_id = 0 and number = 0;",
            findings: [Finding(0, nil, .tile(level: 0, number: 0, .rootDiffers))]
        ),
        Case(
            sql: "delete from ledger.tile where log_id = 0 and number = 1;",
            findings: [Finding(0, nil, .tile(level: 0, number: 1, .missing))]
        ),
        Case(
            sql: """
                insert into ledger.tile select 0, 0, 2, hashes, root from ledger.tile
                where log_id = 0 and number = 0;
                """,
            findings: [Finding(0, nil, .tilesNotCovered(level: 0))]
        ),
        Case(
            sql: "update ledger.checkpoint set root = sha256('x') where log_id = 0 and size = 401;",
            findings: [Finding(0, nil, .checkpointColumnsDiffer(size: 401))]
        ),
        Case(
            sql: """
                insert into ledger.removed_checkpoint (log_id, size, root, note, published_at)
                select log_id, size, root, note, published_at from ledger.checkpoint
                where log_id = 0 and size = 401;
                alter table ledger.checkpoint enable trigger all;
                delete from ledger.checkpoint where log_id = 0 and size = 401;
                """,
            findings: [Finding(0, nil, .checkpointRemoved(size: 401))]
        ),
        Case(
            sql: "update ledger.checkpoint set size = 602 where log_id = 0 and size = 601;",
            findings: [
                Finding(0, nil, .checkpointColumnsDiffer(size: 602)),
                Finding(0, nil, .tilesNotCovered(level: 0)),
            ]
        ),
    ]

    @Test("what is done to records, tiles and checkpoints is told apart", arguments: cases)
    func told(damage: Case) async throws {
        try await Self.run(damage.sql) { test in
            var plan = VerificationPlan()
            plan.rootKeys = RootKeys(test.rootKey)
            let named = try await Verification.run(test.owner, plan: plan).findings
            #expect(named.filter { $0.kind == .recordForged }.map(\.position) == damage.forged)
            plan.checks.remove(.macs)
            #expect(try await Verification.run(test.owner, plan: plan).findings == damage.findings)
        }
    }

    @Test("a checkpoint whose text was changed is not what the key has signed")
    func changedCheckpoint() async throws {
        try await Self.run(
            """
            update ledger.checkpoint set note = replace(note, E'\\n401\\n', E'\\n402\\n')
            where log_id = 0 and size = 401;
            """
        ) { test in
            let name = test.store.vault.checkpointSigner(logID: 0).key.name
            let flaw = VerificationFlaw.checkpointUnsound(size: 401, .badSignature(name: name))
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings == [Finding(0, nil, flaw)])
        }
    }

    @Test("without the comparison of tiles a changed record is only known by its checkpoint")
    func withoutTiles() async throws {
        try await Self.run(Self.actor(at: 100)) { test in
            var plan = VerificationPlan()
            plan.checks.remove(.tiles)
            let report = try await Verification.run(test.owner, plan: plan)
            let flaw = VerificationFlaw.rootDiffers(.stored, size: 201)
            #expect(report.findings == [Finding(0, 1, end: 201, flaw)])
        }
    }

    // MARK: Resuming

    @Test("a resumed verification proves what came after, and says what it did not read")
    func since() async throws {
        try await Self.run(Self.actor(at: 100)) { test in
            var plan = VerificationPlan()
            plan.since[0] = 401
            let report = try await Verification.run(test.owner, plan: plan)
            #expect(report.findings == [], "what lies before is not read again")
            let log = try #require(report.logs.first { $0.logID == 0 })
            #expect(log.provedSize == 601)
            #expect(report.events == 601 - 256, "from the last full tile before on")
            #expect(
                report.sentences.contains { $0.hasPrefix("Not read again: the records of log") }
            )
            try await SteppedIntegrator.damage(test, Self.actor(at: 600))
            let found = try await Verification.run(test.owner, plan: plan)
            let flaw = VerificationFlaw.rootDiffers(.stored, size: 601)
            #expect(found.findings == [Finding(0, 401, end: 601, flaw)])
            // With two wrong places no checkpoint tells for the tile, but it still names the
            // record.
            try await SteppedIntegrator.damage(test, Self.actor(at: 410))
            let both = try await Verification.run(test.owner, plan: plan)
            #expect(both.findings.map(\.position) == [410, 401], "\(both.findings)")
            #expect(both.findings.map(\.kind) == [.recordNotInTile, .rootDiffers])
            plan.since[0] = 400
            await #expect(throws: VerificationFailure.noCheckpoint(logID: 0, size: 400)) {
                try await Verification.run(test.owner, plan: plan)
            }
        }
    }

    @Test("a resumed verification does not trust tiles that lead elsewhere")
    func sinceTiles() async throws {
        try await Self.run(
            "update ledger.tile set root = sha256('x') where log_id = 0 and number = 0;"
        ) { test in
            var plan = VerificationPlan()
            plan.since[0] = 401
            let report = try await Verification.run(test.owner, plan: plan)
            #expect(report.findings.contains { $0.kind == .rootDiffers }, "\(report.findings)")
        }
    }

    // MARK: What left

    @Test("the events of exports and searches are verified like all others")
    func accesses() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.store.recordExport(
                [
                    ExportRequest(
                        log: .facts,
                        query: EventQuery(
                            subject: user.subject,
                            types: ["connect.finalized"],
                            since: Timestamp(microseconds: 0),
                            before: test.store.clock.now()
                        ),
                        apps: [test.app],
                        positions: 0..<5
                    )
                ],
                id: test.store.clock.identifier(),
                format: .csv,
                identities: true,
                context: TestStore.context
            )
            _ = try await test.store.search(
                Secret("access alice"),
                of: test.app,
                context: TestStore.context
            )
            try await SteppedIntegrator(test).look()
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings == [])
            let log = try #require(report.logs.first { $0.logID == Log.access.id })
            #expect(log.provedSize == 2)
            try await SteppedIntegrator.damage(
                test,
                """
                update ledger.event set record = convert_to(
                    replace(convert_from(record, 'UTF8'), 'actor":"s', 'actor":"S'), 'UTF8')
                where log_id = 1 and position = 1;
                update ledger.event set type = 'token.read'
                where log_id = 1 and position = 0;
                """
            )
            #expect(
                try await SteppedIntegrator(test).verify().findings == [
                    Finding(1, 0, .columnDiffers(.type)),
                    Finding(1, 1, .recordForged),
                    Finding(1, 0, end: 2, .rootDiffers(.stored, size: 2)),
                ]
            )
        }
    }

    // MARK: Keys and words

    @Test("the verdict says under which key, and what was not checked")
    func words() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            _ = try await test.launchNew("bob")
            let plain = try await Verification.run(test.owner)
            #expect(plain.findings == [])
            #expect(plain.logs.allSatisfy { $0.keySource == .none })
            #expect(plain.values == nil)
            let words = plain.sentences.joined(separator: "\n")
            #expect(words.contains("Not checked: the vault."))
            #expect(words.contains("Not checked: who signed the checkpoints"))
            #expect(words.contains("from position 7 on; no checkpoint covers them yet"))
            let own = try await watcher.verify()
            #expect(own.values == 7, "alice's tokens, humanId and id, bob's id, the app's secrets")
            #expect(own.sentences.contains { $0.hasPrefix("The secrets of 1 apps open.") })
            #expect(own.sentences.contains { $0.contains("under the deployment's own key") })
            // Once, however many logs there are.
            #expect(own.sentences.count { $0.hasPrefix("You named no key:") } == 1)
            #expect(own.sentences.count { $0.contains("the whole database was not set back") } == 1)
            var plan = VerificationPlan()
            for log in Logs.one.all {
                plan.keys.append(test.store.vault.checkpointSigner(logID: log.id).key)
            }
            let pinned = try await Verification.run(test.owner, plan: plan)
            #expect(pinned.findings == [])
            #expect(pinned.logs.allSatisfy { $0.keySource == .pinned })
            #expect(pinned.sentences.contains { $0.contains("under the key you named") })
        }
    }

    @Test("under another key than the signer's nothing is proved")
    func otherKey() async throws {
        try await TestStore.run { test in
            try await SteppedIntegrator(test).look()
            let name = test.store.vault.checkpointSigner(logID: 0).key.name
            let stranger = try NoteSigner(name: name, seed: [UInt8](repeating: 7, count: 32))
            var plan = VerificationPlan()
            plan.keys = [stranger.key]
            let report = try await Verification.run(test.owner, plan: plan)
            let flaw = VerificationFlaw.checkpointUnsound(size: 1, .notSignedByKnownKey)
            #expect(report.findings == [Finding(0, nil, flaw)])
            #expect(report.logs.first { $0.logID == 0 }?.provedSize == 0)
        }
    }

    // MARK: Beside a live service

    @Test("beside a busy service nothing is wrong", .timeLimit(.minutes(5)))
    func live() async throws {
        try await TestStore.run { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for round in 0..<20 {
                        for name in 0..<10 {
                            let name = "user \(name)"
                            if round == 0 { _ = try await test.launchNew(name) }
                            let user = try await test.user(name)
                            _ = try await test.store.write(
                                test.connection(
                                    of: user,
                                    human: "human \(name)",
                                    accessToken: "access \(name) \(round)",
                                    publicToken: "public \(name) \(round)"
                                ),
                                to: user
                            )
                        }
                    }
                }
                group.addTask {
                    let watcher = SteppedIntegrator(test)
                    for _ in 0..<40 { try await watcher.look() }
                }
                for _ in 0..<15 {
                    #expect(try await SteppedIntegrator(test).verify().findings == [])
                }
                try await group.waitForAll()
            }
            try await SteppedIntegrator(test).look()
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings == [])
            #expect(report.users == 10)
        }
    }
}

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

    /// What is done, and the findings.
    struct Case: Sendable, CustomTestStringConvertible {
        let sql: String
        let findings: [String]
        var testDescription: String { findings.joined(separator: "; ") }
    }

    static let cases = [
        Case(
            sql: actor(at: 100),
            findings: ["log 0, position 100: the record is not the one that was signed"]
        ),
        Case(
            sql: actor(at: 100) + actor(at: 255) + actor(at: 256),
            findings: [100, 255, 256].map {
                "log 0, position \($0): the record is not the one that was signed"
            }
        ),
        Case(
            sql: actor(at: 550),
            findings: [
                "log 0, positions 401 to 600: the records are not those that the stored checkpoint "
                    + "of size 601 was signed over"
            ]
        ),
        Case(
            sql: """
                update ledger.tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1)
                where log_id = 0 and number = 1;
                """,
            findings: [
                "log 0: the stored root of the tile of level 0 and number 1 is not its own",
                "log 0: the tile of level 0 and number 1 is not that of the signed records",
            ]
        ),
        Case(
            sql: "update ledger.tile set root = sha256('x') where log_id = 0 and number = 0;",
            findings: [
                "log 0: the stored root of the tile of level 0 and number 0 is not its own"
            ]
        ),
        Case(
            sql: "delete from ledger.tile where log_id = 0 and number = 1;",
            findings: ["log 0: the tile of level 0 and number 1 is not stored"]
        ),
        Case(
            sql: """
                insert into ledger.tile select 0, 0, 2, hashes, root from ledger.tile
                where log_id = 0 and number = 0;
                """,
            findings: ["log 0: tiles of level 0 are stored that no checkpoint covers"]
        ),
        Case(
            sql: "update ledger.checkpoint set root = sha256('x') where log_id = 0 and size = 401;",
            findings: [
                "log 0: the stored checkpoint of size 401: its columns differ from its signed text"
            ]
        ),
        Case(
            sql: """
                update ledger.checkpoint set note = replace(note, E'\\n401\\n', E'\\n402\\n')
                where log_id = 0 and size = 401;
                """,
            findings: ["log 0: the stored checkpoint of size 401: the signature of "]
        ),
        Case(
            sql: "update ledger.checkpoint set size = 602 where log_id = 0 and size = 601;",
            findings: [
                "log 0, position 601: the log ends here, but a checkpoint of size 602 is stored"
            ]
        ),
    ]

    @Test("what is done to records, tiles and checkpoints is told apart", arguments: cases)
    func told(damage: Case) async throws {
        try await Self.run(damage.sql) { test in
            let report = try await SteppedIntegrator(test).verify()
            let texts = report.findings.map(\.description)
            #expect(texts.count == damage.findings.count, "\(texts)")
            for (text, expected) in zip(texts, damage.findings) {
                #expect(text.hasPrefix(expected), "\(texts)")
            }
        }
    }

    @Test("without the comparison of tiles a changed record is only known by its checkpoint")
    func withoutTiles() async throws {
        try await Self.run(Self.actor(at: 100)) { test in
            var plan = VerificationPlan()
            plan.checks.remove(.tiles)
            let report = try await Verification.run(test.owner, plan: plan)
            #expect(report.findings.count == 1)
            #expect(report.findings.first?.position == 1)
            #expect(report.findings.first?.positionsEnd == 201)
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
                report.sentences.contains { $0.hasPrefix("Not read again: the records of log 0") }
            )
            try await SteppedIntegrator.damage(test, Self.actor(at: 600))
            let found = try await Verification.run(test.owner, plan: plan)
            #expect(found.findings.map(\.position) == [401], "\(found.findings)")
            #expect(found.findings.map(\.positionsEnd) == [601])
            // With two wrong places no checkpoint tells for the tile, but it still names the
            // record.
            try await SteppedIntegrator.damage(test, Self.actor(at: 410))
            let both = try await Verification.run(test.owner, plan: plan)
            #expect(both.findings.map(\.position) == [410, 401], "\(both.findings)")
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
            #expect(!report.findings.isEmpty)
        }
    }

    // MARK: What left

    @Test("the events of exports and searches are verified like all others")
    func accesses() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.store.recordExport(
                LedgerEvent.Export(
                    export: test.store.clock.identifier(),
                    log: 0,
                    format: .csv,
                    from: 0,
                    until: 5,
                    types: ["connect.finalized"],
                    since: Timestamp(microseconds: 0),
                    before: test.store.clock.now(),
                    identities: true
                ),
                of: [test.app],
                subject: user.subject,
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
            let log = try #require(report.logs.first { $0.logID == test.store.accessLog })
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
            let places = try await SteppedIntegrator(test).verify().findings.map {
                [Int64($0.logID), $0.position, $0.positionsEnd]
            }
            #expect(
                places == [[1, 0, nil], [1, 0, 2]],
                "the column, and the checkpoint's records"
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
            #expect(words.contains("Not checked: who signed them"))
            #expect(words.contains("from position 7 on; no checkpoint covers them yet"))
            let own = try await watcher.verify()
            #expect(own.values == 7, "alice's tokens, humanId and id, bob's id, the app's secrets")
            #expect(own.sentences.contains { $0.hasPrefix("The secrets of 1 apps open.") })
            #expect(own.sentences.contains { $0.contains("under the deployment's own key") })
            var plan = VerificationPlan()
            for logID in test.store.logIDs {
                plan.keys.append(test.store.vault.checkpointSigner(logID: logID).key)
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
            #expect(
                report.findings.map(\.problem)
                    == ["the stored checkpoint of size 1: no known key has signed"]
            )
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

    @Test("a rebuild keeps the owner and the grants of the projection")
    func rights() async throws {
        try await TestStore.run { test in
            _ = try await test.launchNew("alice")
            try await SteppedIntegrator.damage(
                test,
                """
                alter table ledger.user_state owner to token_ledger_service;
                grant select, insert on ledger.user_state to token_ledger_test with grant option;
                grant references on ledger.user_state to public;
                """
            )
            let before = try await Self.rights(test)
            let report = try await ProjectionRebuild.run(test.owner)
            #expect(report == ProjectionRebuildReport(users: 1, differences: 0))
            #expect(try await Self.rights(test) == before)
        }
    }

    private static func rights(_ test: TestStore) async throws -> String {
        let connection = try await test.ownerConnection()
        let rights = try await connection.query(
            Statement(
                "test_rights",
                """
                select pg_get_userbyid(relowner)::text || ' ' || string_agg(a::text, ' ' order by a::text)
                from pg_class, aclexplode(relacl) a
                where oid = 'ledger.user_state'::regclass group by relowner
                """
            )
        ) { result throws(PostgresError) in try result.text(0, 0) }
        await connection.close()
        return rights
    }
}

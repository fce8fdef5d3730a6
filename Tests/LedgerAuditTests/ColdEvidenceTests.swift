import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Evidence of cold history", .timeLimit(.minutes(5)))
struct ColdEvidenceTests {
    /// Lends a log of accesses of 600 records, the first 512 of which are cold, and those.
    private func run(
        _ body: (TestStore, SteppedIntegrator, [[UInt8]]) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            let integrator = SteppedIntegrator(test)
            let user = try await test.connectedUser("alice")
            try await TestCold.read(600, of: user, test.app, test.store)
            try await integrator.look()
            let records = try await TestCold.detach(before: 512, test.store, test.owners)
            try await body(test, integrator, records)
        }
    }

    @Test("without a bundle the tree is proved whole, and the verdict says what was not read")
    func withoutBundle() async throws {
        try await run { test, integrator, _ in
            for database in [test.owner, test.auditor()] {
                let report = try await Verification.run(database)
                #expect(report.findings == [])
                let log = try #require(report.logs.first { $0.logID == 1 })
                #expect(log.size == 600 && log.provedSize == 600)
                #expect(log.coldUnread.map(\.positions) == [0..<512])
                let text = report.sentences.joined(separator: "\n")
                #expect(text.contains("Log access: 600 records; those from position 512 on"))
                #expect(text.contains("records of log access from position 0 to 511"))
            }
            let report = try await integrator.verify()
            #expect(report.findings == [])
        }
    }

    @Test("with a bundle each record is compared with the tiles, and the verdict says so")
    func withBundle() async throws {
        try await run { test, integrator, records in
            var report = try await integrator.verify()
            let events = report.events
            let verification = try await ColdVerification.open(.access, in: test.owners)
            try await verification.compare(records, at: 0, &report)
            report.hasRead(try #require(report.cold(of: .access).first), of: .access)
            #expect(report.findings == [])
            #expect(report.events == events + 512)
            #expect(
                report.sentences.contains { $0.hasPrefix("Read in a bundle: the records of log") }
            )
            #expect(!report.sentences.contains { $0.hasPrefix("Not read:") })
            var others = records
            others[7].append(0)
            try await verification.compare(others, at: 0, &report)
            #expect(
                report.findings.map(\.description) == [
                    "log access, position 7: the record is not the one that was signed"
                ]
            )
            await verification.close()
        }
    }

    @Test("a changed tile, and a row that is gone without being cold, are found as ever")
    func tampering() async throws {
        try await run { test, integrator, _ in
            try await SteppedIntegrator.damage(
                test,
                "delete from ledger.event where log_id = 1 and position = 520"
            )
            let missing = try await integrator.verify().findings
            #expect(missing.contains { $0.kind == .rowsMissing && $0.position == 520 })
            #expect(missing.filter { $0.kind == .rowsMissing }.count == 1)
        }
        try await run { test, integrator, _ in
            try await SteppedIntegrator.damage(
                test,
                """
                update ledger.tile set hashes = overlay(hashes placing '\\x00' from 1)
                where log_id = 1 and level = 0 and number = 1
                """
            )
            let findings = try await integrator.verify().findings
            #expect(findings.contains { $0.kind == .rootDiffers && $0.logID == 1 })
            // Nor does anybody sign on.
            await #expect(throws: IntegrationAlarm.self) {
                try await SteppedIntegrator(test).look()
            }
        }
        try await run { test, integrator, _ in
            try await SteppedIntegrator.damage(
                test,
                "delete from ledger.tile where log_id = 1 and level = 0 and number = 1"
            )
            let findings = try await integrator.verify().findings
            #expect(findings.contains { $0.kind == .rowsMissing && $0.position == 256 })
        }
    }

    /// Lends a log of facts of somebody who was launched three hundred times, with two access tokens, the first 256
    /// records of which are cold, and those.
    private func facts(
        _ body: (TestStore, SteppedIntegrator, [[UInt8]]) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
            let integrator = SteppedIntegrator(test, maps: maps)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            _ = try await TestCold.launch(300, try await test.user("alice"), test.store)
            try await integrator.look()
            let records = try await TestCold.detach(
                before: 256,
                log: .facts,
                test.store,
                test.owners
            )
            try await body(test, integrator, records)
        }
    }

    /// Where the access token was first issued, which another one has replaced since.
    private static let superseded = """
        (select min(position) from ledger.event where log_id = 0 and type = 'access_token.rotated')
        """

    @Test("of facts only launches can be missing, with a bundle and without one")
    func launches() async throws {
        try await facts { test, integrator, records in
            var report = try await integrator.verify()
            #expect(report.findings == [])
            let text = report.sentences.joined(separator: "\n")
            #expect(text.contains("Not read: launches of log facts from position 0 to 255"))
            let verification = try await ColdVerification.open(.facts, in: test.owners)
            try await verification.compare(records, at: 0, &report)
            #expect(report.findings == [])
            try await SteppedIntegrator.damage(
                test,
                "delete from ledger.event where log_id = 0 and position = \(Self.superseded)"
            )
            try await verification.compare(records, at: 0, &report)
            #expect(report.findings.map(\.kind) == [.rowsMissing])
            await verification.close()
            let missing = try await integrator.verify().findings.filter { $0.kind == .rowsMissing }
            #expect(missing.map(\.position) == report.findings.map(\.position))
        }
    }

    @Test("a note of launches that the service did not make says nothing")
    func forgedNote() async throws {
        try await facts { test, integrator, _ in
            try await SteppedIntegrator.damage(
                test,
                """
                alter table ledger.cold_launches disable trigger all;
                delete from ledger.event where log_id = 0 and position = \(Self.superseded);
                update ledger.cold_launches set bits = decode(repeat('ff', 32), 'hex');
                """
            )
            let missing = try await integrator.verify().findings.filter { $0.kind == .rowsMissing }
            #expect(!missing.isEmpty)
        }
    }

    @Test("a fact before the line that was changed is found, and nobody signs on")
    func changedFact() async throws {
        try await facts { test, integrator, _ in
            try await SteppedIntegrator.damage(
                test,
                """
                update ledger.event set record = record || ' '
                where log_id = 0 and position = \(Self.superseded)
                """
            )
            let findings = try await integrator.verify().findings
            #expect(findings.contains { $0.kind == .recordNotSigned })
            await #expect(throws: IntegrationAlarm.self) {
                try await SteppedIntegrator(test).look()
            }
        }
    }

    @Test("a row of somebody else that leaves versions out is no sign of cold history")
    func forgedJump() async throws {
        try await facts { test, integrator, _ in
            let before = try await test.user("alice")
            try await SteppedIntegrator.damage(
                test,
                """
                insert into ledger.event (log_id, position, event_id, app_id, subject,
                    subject_version, type, recorded_at, record)
                select 0, 100, gen_random_uuid(), app_id, subject, 9000000, type, recorded_at, record
                from ledger.event where log_id = 0 and position = \(Self.superseded)
                """
            )
            _ = try await ProjectionRebuild.run(test.owners, rootKeys: RootKeys(test.rootKey))
            #expect(try await test.user("alice").state == before.state)
            #expect(try await integrator.verify().findings.contains { $0.position == 100 })
        }
    }

    @Test("rows that stayed because they are not those that were signed are named")
    func evidence() async throws {
        try await TestStore.run { test in
            let integrator = SteppedIntegrator(test)
            let user = try await test.connectedUser("alice")
            try await TestCold.read(600, of: user, test.app, test.store)
            try await integrator.look()
            let records = try await TestCold.records(0..<600, test.store)
            try await SteppedIntegrator.damage(
                test,
                """
                update ledger.event set record = record || ' ' where log_id = 1 and position = 7;
                alter table ledger.event enable always trigger event_is_immutable;
                """
            )
            let move = try await ColdMove.open(test.store, .access, owner: test.owners)
            let plan = try await move.plan(
                before: 512,
                try await TestCold.bundle(0..<600, "one", test.store),
                [try await TestCold.outside(test.store)],
                ageSecondsMin: 0
            )
            try await move.compare(Array(records.prefix(512)), at: 0)
            try await move.note(plan)
            _ = try await move.remove(plan, from: 0)
            #expect(try await move.rowsLeft() == 1)
            await move.close()
            let findings = try await integrator.verify().findings
            #expect(findings.contains { $0.position == 7 && $0.kind == .recordNotSigned })
        }
    }
}

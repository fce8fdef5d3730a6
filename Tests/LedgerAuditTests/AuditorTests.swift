import Ledger
@testable import LedgerAudit
import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

@Suite("With the rights of an auditor", .timeLimit(.minutes(5)))
struct AuditorTests {
    @Test("a verification without the root key reads all that it reads as the owner")
    func verify() async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: 49).run(users: 10, steps: 10)
            try await SteppedIntegrator(test).look()
            var plan = VerificationPlan()
            plan.keys = [test.store.vault.checkpointSigner(logID: 0).key]
            let asOwner = try await Verification.run(test.owner, plan: plan)
            let asAuditor = try await Verification.run(test.auditor(), plan: plan)
            #expect(asAuditor.findings == [])
            #expect(asAuditor.sentences == asOwner.sentences)
            #expect(asAuditor.users == 10)
            #expect(asAuditor.logs.first?.provedSize == asAuditor.logs.first?.size)
            try await SteppedIntegrator.damage(
                test,
                """
                update vault.user_state set settle_at = 'infinity';
                insert into ledger.checkpoint (log_id, size, root, note)
                select 0, size - 1, sha256('x'), 'forged' from ledger.log where log_id = 0;
                """
            )
            let found = try await Verification.run(test.auditor(), plan: plan)
            #expect(found.findings == (try await Verification.run(test.owner, plan: plan)).findings)
            let kinds = Set(found.findings.map(\.kind))
            #expect(kinds.isSuperset(of: [.projectionDiffers, .checkpointUnsound]))
        }
    }

    @Test("the vault is not an auditor's: with the root key the verification is refused")
    func vault() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            var plan = VerificationPlan()
            plan.rootKeys = RootKeys(test.rootKey)
            let error = await #expect(throws: PostgresError.self) {
                try await Verification.run(test.auditor(), plan: plan)
            }
            #expect(error?.sqlState == .insufficientPrivilege)
        }
    }

    @Test("the records that an auditor reads with SQL are the log")
    func records() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            let auditor = try await PostgresConnection.connect(test.auditor())
            let records = try await auditor.rows(
                Statement(
                    "auditor_records",
                    """
                    select convert_from(record, 'UTF8') from ledger.event
                    where log_id = 0 order by position
                    """
                )
            ) { result, row throws(PostgresError) in try result.text(row, 0) }
            let page = try await test.store.exportPage(
                ExportRequest(log: .facts, query: EventQuery(), apps: [], positions: 0..<7),
                from: 0
            )
            #expect(
                records.map { $0 + "\n" }.joined() == String(decoding: page.lines, as: UTF8.self)
            )
            #expect(records.count == 7)
        }
    }
}

import Ledger
@testable import LedgerAudit
import LedgerStore
import TestSupport
import Testing
import Vault

/// What a verification says of tokens that were replaced.
@Suite("Evidence of superseded values", .timeLimit(.minutes(5)))
struct SupersededEvidenceTests {
    private func findings(_ test: TestStore) async throws -> [String] {
        try await SteppedIntegrator(test).verify().findings.map {
            "\($0.position.map { "\($0) " } ?? "")\($0.kind.rawValue)"
        }
    }

    @Test("a value may be missing once an event says that it was dropped, and must be then")
    func dropped() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            #expect(try await findings(test) == [])
            try await test.setGrace(0)
            // A value may also be there while nothing drops it: the service may be away.
            #expect(try await findings(test) == [])
            let held = try await test.user("alice").state
            await test.drop()
            #expect(try await test.user("alice").state == held, "the log alone has changed")
            #expect(try await findings(test) == [])
            // Dropped before, whatever the app decides later.
            try await test.setGrace(86_400)
            #expect(try await findings(test) == [])
            try await test.rotate("alice", "3")
            #expect(try await findings(test) == [])
            try await SteppedIntegrator.damage(
                test,
                "delete from vault.value where superseded_at is not null and kind = 'access_token'"
            )
            #expect(try await findings(test) == ["value_lost"])
        }
    }

    @Test("a value that was dropped and is there again is found")
    func back() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            try await test.setGrace(0)
            try await SteppedIntegrator.damage(
                test,
                "create table ledger.kept as select * from vault.value where app_id is not null"
            )
            await test.drop()
            try await SteppedIntegrator.damage(
                test,
                "insert into vault.value select * from ledger.kept"
            )
            #expect(try await findings(test) == ["value_not_dropped", "value_not_dropped"])
            // Without the column, which the log needs no word of.
            try await SteppedIntegrator.damage(
                test,
                "update vault.value set app_id = null, superseded_at = null"
            )
            #expect(try await findings(test) == ["value_not_dropped", "value_not_dropped"])
        }
    }

    @Test("a drop of values within the grace is found, and so is a grace that no event tells")
    func early() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            // Whoever has the owner's rights may drop what is not due, and must tell.
            try await SteppedIntegrator.damage(
                test,
                "update ledger.app set superseded_grace_seconds = 0"
            )
            #expect(try await findings(test) == ["app_decision_differs"])
            await test.drop()
            let size = try await test.store.size(log: .facts)
            try await SteppedIntegrator.damage(
                test,
                "update ledger.app set superseded_grace_seconds = 86400"
            )
            #expect(try await findings(test) == ["\(size - 1) values_dropped_early"])
        }
    }

    @Test("what is there a day after its grace is told in words, and is no finding")
    func overdue() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            // The log's own times count: all of it a day and a bit earlier.
            var claims = SubjectClaims()
            let user = try await test.user("alice")
            for event in try await test.store.wholeHistory(of: user) {
                claims.take(try event.record(), at: event.position)
            }
            #expect(claims.superseded.count == 2)
            let reader = VerificationVault(
                vault: test.store.vault,
                deployment: VerificationDeployment([])
            )
            for (seconds, count) in [(86_000, 0), (87_000, 2)] as [(Int64, Int64)] {
                var opened = VerificationVault.Opened()
                for token in claims.superseded.keys {
                    opened.past[token] = VerificationVault.Value(
                        kind: token.kind.rawValue,
                        version: token.version,
                        sealed: []
                    )
                }
                var judgement = VerificationVault.Judgement()
                reader.judgePast(
                    claims,
                    opened,
                    VerificationVault.Drops(
                        graceSeconds: 0,
                        until: nil,
                        now: test.store.clock.now().adding(seconds: seconds)
                    ),
                    &judgement
                )
                #expect(judgement.flaws == [])
                #expect(judgement.overdue == count, "\(seconds)")
            }
            var report = VerificationReport()
            report.overdueValues = 2
            #expect(report.sentences.contains { $0.hasPrefix("2 values of tokens") })
        }
    }

    @Test("erased users, a rebuild and another root key need no past values")
    func beside() async throws {
        try await TestStore.run { test in
            for name in ["alice", "bob"] {
                _ = try await test.connectedUser(name)
                try await test.rotate(name, "2")
            }
            try await test.setGrace(0)
            try await test.erase("bob")
            await test.drop()
            #expect(try await test.rebuild().found(nothingWith: 2))
            #expect(try await findings(test) == [])
        }
    }
}

import Ledger
@testable import LedgerAudit
import LedgerStore
import TestSupport
import Testing

/// What a verification says of subjects who were erased.
@Suite("Evidence of erasures", .timeLimit(.minutes(5)))
struct ErasureEvidenceTests {
    typealias Damage = (sql: String, kind: VerificationReport.Finding.Kind, problem: String)

    /// Alice is erased, and Bob is not.
    static let damages: [Damage] = [
        (
            """
            insert into vault.value
            select gone.log_id, gone.subject, 'access_token', 1, other.access_token
            from vault.user_state gone, vault.user_state other
            where gone.status = 'erased' and other.status <> 'erased'
            """, .valueLeft, "the access_token of version 1 is still there"
        ),
        (
            "update vault.user_state set client_user_id = '\\x00' where status = 'erased'",
            .valueLeft, "the client_user_id of version 1 is still there"
        ),
        (
            """
            update vault.user_state gone set root_key_id = other.root_key_id,
                wrapped_key = other.wrapped_key
            from vault.user_state other
            where gone.status = 'erased' and other.status <> 'erased'
            """, .dataKeyLeft, "the data key is still there"
        ),
        (
            "update vault.user_state set fingerprint = '0123456789abcdef' where status = 'erased'",
            .lookupLeft, "a lookup of kind user is still there"
        ),
        (
            """
            insert into vault.lookup
            select e.log_id, 'human', decode(
                    substring(encode(e.record, 'escape') from '"human":"([0-9a-f]{32})"'), 'hex'),
                e.subject, e.event_id
            from ledger.event e join vault.user_state s on s.subject = e.subject
            where s.status = 'erased' and e.type = 'connect.finalized'
            """, .lookupLeft, "a lookup of kind human is still there"
        ),
        (
            """
            delete from vault.lookup l using vault.user_state s
            where l.kind = 'session' and l.subject = s.subject and s.status = 'erased'
            """, .lookupMissing, "the lookup of kind session is missing"
        ),
        (
            """
            update vault.user_state set status = 'erased', state = '{"version":7,"status":"erased"}',
                access_token_version = null, public_token_version = null
            where status <> 'erased'
            """, .erasureNotInLog, "was erased, and no event does"
        ),
        (
            """
            update vault.user_state set status = 'launched' where status = 'erased'
            """, .projectionDiffers, "is not what its events give"
        ),
        (
            """
            insert into ledger.event
            select e.log_id, 1000, gen_random_uuid(), e.app_id, e.subject, s.subject_version + 1,
                e.type, e.recorded_at, e.record
            from ledger.event e join vault.user_state s on s.subject = e.subject
            where s.status = 'erased' and e.subject_version = 1
            """, .eventAfterErasure, "a subject who was erased before"
        ),
    ]

    @Test("what is left of a subject, or done in its name, is found", arguments: damages)
    func damage(damage: Damage) async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            _ = try await test.connectedUser("bob")
            try await test.erase("alice")
            #expect(try await SteppedIntegrator(test).verify().findings == [])
            try await SteppedIntegrator.damage(test, damage.sql)
            let findings = try await SteppedIntegrator(test).verify().findings
            #expect(
                findings.contains {
                    $0.kind == damage.kind && $0.problem.contains(damage.problem)
                },
                "\(findings)"
            )
        }
    }

    @Test("a rebuild gives the same row, and one that was changed is mended")
    func rebuild() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            _ = try await test.launchedUser("bob")
            try await test.erase("alice")
            try await test.erase("bob")
            let report = try await test.rebuild()
            #expect(report.found(nothingWith: 2))
            try await SteppedIntegrator.damage(
                test,
                "update vault.user_state set status = 'launched', subject_version = 1"
            )
            #expect(try await test.rebuild().differences == 2)
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }

    @Test("a person is free once the user is erased, and sessions are not")
    func freed() async throws {
        try await TestStore.run { test in
            let first = try await test.connectedUser("alice")
            let human = try #require(first.state.human)
            try await test.erase("alice")
            #expect(try await test.store.lookup(.human, human) == nil)
            let second = try await test.connectedUserAgain("alice")
            #expect(second.subject != first.subject)
            #expect(second.state.human == human)
            #expect(try await test.store.lookup(.human, human)?.subject == second.subject)
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }
}

extension TestStore {
    /// The same person once more, with another session and other tokens.
    fileprivate func connectedUserAgain(_ clientUserID: String) async throws -> StoredUser {
        let user = try await launchedUser(clientUserID)
        let change = connection(
            of: user,
            human: "human \(clientUserID)",
            accessToken: "access again",
            publicToken: "public again"
        )
        guard case .written = try await store.write(change, to: user) else {
            throw StoreError.conflict
        }
        return try await self.user(clientUserID)
    }
}

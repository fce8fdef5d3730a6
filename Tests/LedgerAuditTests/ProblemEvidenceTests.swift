import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Problems as evidence", .timeLimit(.minutes(5)))
struct ProblemEvidenceTests {
    /// Two users with problems, one of them muted, a paused endpoint, and somebody without any.
    private static func withProblems(
        _ body: (TestStore) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            for name in ["alice", "bob", "carol"] { _ = try await test.connectedUser(name) }
            for name in ["alice", "bob"] {
                try await test.tell(.connectionBroken(reason: "provider_401"), of: name)
            }
            let made = try await test.store.add(
                WebhookDefinition(url: "https://hooks.example.com/"),
                of: test.app,
                context: TestStore.context
            )
            _ = try await test.store.pause(
                try #require(made),
                .gone,
                of: test.app,
                context: TestStore.context
            )
            await test.foldProblems()
            for problem in try await test.problems() where problem.name.kind.isOfEndpoint {
                _ = try await test.store.mark(
                    problem,
                    muted: true,
                    of: test.app,
                    context: TestStore.context
                )
            }
            await test.foldProblems()
            try await body(test)
        }
    }

    @Test("rows that are what the log gives are no finding, and a rebuild changes none")
    func sound() async throws {
        try await Self.withProblems { test in
            #expect(try await Verification.run(test.owner).findings == [])
            #expect(try await Verification.run(test.auditor()).findings == [])
            let before = try await test.problems()
            #expect(before.count == 3)
            #expect(try await test.rebuild().problems == 0)
            #expect(try await test.problems() == before)
            // What was not folded yet is missing nowhere.
            try await test.tell(.connectionBroken(reason: "provider_401"), of: "carol")
            #expect(try await Verification.run(test.owner).findings == [])
            #expect(try await test.rebuild().problems == 0)
            await test.foldProblems()
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("all rows are made anew from the log alone")
    func anew() async throws {
        try await Self.withProblems { test in
            let before = try await test.problems()
            let counts = try await test.store.problemCounts(of: test.app)
            try await Self.damage(test, "truncate ledger.problem, ledger.problem_count")
            #expect(try await test.rebuild().problems == 3)
            #expect(try await test.problems() == before)
            #expect(try await test.store.problemCounts(of: test.app) == counts)
        }
    }

    @Test(
        "a row that the log does not give is found, and mended",
        arguments: [
            "delete from ledger.problem where kind = 'needs_reconnect'",
            "delete from ledger.problem where kind = 'endpoint_paused'",
            "update ledger.problem set state = 'resolved', muted_by = null",
            "update ledger.problem set occurrences = 2 where kind = 'needs_reconnect'",
            "update ledger.problem set muted_by = 'operator' where state = 'muted'",
            "update ledger.problem set positions = '{}'",
            "update ledger.problem set last_at = 'infinity' where kind = 'needs_reconnect'",
            "update ledger.problem set kind = 'else' where kind = 'needs_reconnect'",
            """
            insert into ledger.problem
            select 0, app_id, gen_random_uuid(), 'unresolved', 'open', null, 1, 1, 0, now(), 0, now(), 0, now(),
                now(), null, '{}', '{}' from ledger.app
            """,
            """
            insert into ledger.problem
            select 0, app_id, subject, 'unresolved', 'open', null, 1, 1, 0, now(), 0, now(), 0, now(),
                now(), null, '{}', '{}'
            from vault.user_state where status = 'connected'
            """,
            "update ledger.problem_progress set next_position = 1",
        ]
    )
    func damages(damage: String) async throws {
        try await Self.withProblems { test in
            let before = try await test.problems()
            try await Self.damage(test, damage)
            let found = try await Verification.run(test.owner).findings
            #expect(found.contains { $0.kind == .problemsDiffer }, "\(damage) \(found)")
            #expect(try await test.rebuild().problems > 0)
            #expect(try await Verification.run(test.owner).findings == [])
            await test.foldProblems()
            #expect(try await test.problems() == before)
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test(
        "so are numbers that are not those of the rows",
        arguments: [
            "update ledger.problem_count set count = count + 1",
            "delete from ledger.problem_count",
        ]
    )
    func numbers(damage: String) async throws {
        try await Self.withProblems { test in
            let before = try await test.store.problemCounts(of: test.app)
            try await Self.damage(test, damage)
            #expect(
                try await Verification.run(test.owner).findings.map(\.kind)
                    == [.problemCountsDiffer]
            )
            try await test.rebuild()
            #expect(try await Verification.run(test.owner).findings == [])
            #expect(try await test.store.problemCounts(of: test.app) == before)
        }
    }

    private static func damage(_ test: TestStore, _ sql: String) async throws {
        let owner = try await test.ownerConnection()
        try await owner.script(sql)
        await owner.close()
    }
}

import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

@Suite("The projection", .timeLimit(.minutes(5)))
struct ProjectionTests {
    @Test(
        "rebuilt from the log it equals the live one, after any history",
        arguments: UInt64(1)...3
    )
    func rebuild(seed: UInt64) async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: seed).run(users: 20, steps: 15)
            let users = try await test.store.users(of: test.app, after: nil, limit: 100)
            #expect(users.count == 20)
            let schema = try await PostgresTools.schema(test.owner.url)
            let report = try await test.rebuild()
            #expect(report.found(nothingWith: 20), "seed \(seed)")
            let after = try await PostgresTools.schema(test.owner.url)
            let lines = after.split(separator: "\n").difference(from: schema.split(separator: "\n"))
            #expect(lines.isEmpty, "the tables are as they were")
            let again = try await test.store.users(of: test.app, after: nil, limit: 100)
            #expect(try again.map { try $0.get()?.state } == users.map { try $0.get()?.state })
            let verification = try await Verification.run(test.owner)
            #expect(verification.findings == [], "seed \(seed)")
            #expect(verification.users == 20)
        }
    }

    @Test("any page size folds the same", arguments: [1, 2, 3, 7, 10_000])
    func pages(size: Int) async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: 9).run(users: 5, steps: 7)
            var users: [Identifier] = []
            var after: Identifier?
            while true {
                let page = try await test.store.users(of: test.app, after: after, limit: size)
                users += page.map(\.subject)
                after = page.last?.subject
                if page.count < size { break }
            }
            #expect(users.count == 5)
            #expect(users == users.sorted())
            let user = try await test.user("user 9 0")
            var versions: [Int64] = []
            while true {
                let page = try await test.store.history(
                    of: user,
                    after: versions.last ?? 0,
                    limit: size
                )
                versions += try page.compactMap { try $0.record().subjectVersion }
                if page.count < size { break }
            }
            #expect(versions == Array(1...user.state.version))
        }
    }

    @Test("appends go on during rebuilds, and none is missing afterwards", .timeLimit(.minutes(5)))
    func concurrently() async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: 4).run(users: 10, steps: 10)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await RandomHistory(test: test, seed: 5).run(users: 20, steps: 20)
                }
                for _ in 0..<5 {
                    let report = try await test.rebuild()
                    #expect(report.differences == 0)
                }
                try await group.waitForAll()
            }
            #expect(try await test.rebuild().found(nothingWith: 30))
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("two rebuilds at once do not disturb each other")
    func twice() async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: 6).run(users: 10, steps: 5)
            let reports = try await withThrowingTaskGroup(of: ProjectionRebuildReport.self) {
                group in
                for _ in 0..<3 { group.addTask { try await test.rebuild() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(reports.count == 3)
            #expect(reports.allSatisfy { $0.found(nothingWith: 10) })
        }
    }

    @Test(
        "a row that was tampered with is counted and repaired",
        arguments: [
            "update vault.user_state "
                + "set state = replace(state::text, 'launched', 'broken')::json",
            "update vault.user_state set status = 'connected'",
            "update vault.user_state set subject_version = 9",
            "update vault.user_state set changed_at = changed_at + interval '1 microsecond'",
            "update vault.user_state set access_token_version = 1",
            "update vault.user_state set public_token_version = 1",
            "update vault.user_state set settle_at = 'infinity'",
            "update vault.user_state set subject = gen_random_uuid()",
            "delete from vault.user_state",
            """
            insert into vault.user_state
            select log_id, app_id, gen_random_uuid(), 1, changed_at, status,
                access_token_version, public_token_version, settle_at, state
            from vault.user_state
            """,
        ]
    )
    func tampered(damage: String) async throws {
        try await TestStore.run { test in
            for name in ["alice", "bob"] { _ = try await test.launchedUser(name) }
            let bob = try await test.user("bob")
            let owner = try await test.ownerConnection()
            try await owner.script(
                damage + " where "
                    + "subject = '\(bob.subject)'"
            )
            let found = try await Verification.run(test.owner)
            #expect(!found.findings.isEmpty)
            #expect(found.findings.allSatisfy { $0.position == nil && $0.logID == 0 })
            if damage.hasPrefix("insert") {
                #expect(found.findings.map(\.kind) == [.projectionOfNobody])
            } else {
                #expect(found.findings[0].flaw == .projectionDiffers(subject: bob.subject))
            }
            let report = try await test.rebuild()
            #expect(report.users == 2)
            #expect((1...2).contains(report.differences))
            #expect(try await Verification.run(test.owner).findings == [])
            let read = try await test.store.user(subject: bob.subject, of: test.app)
            #expect(read?.state == bob.state)
        }
    }
}

extension ProjectionRebuildReport {
    /// Whether the live projection, of so many users, was right, row by row and by its map.
    func found(nothingWith users: Int64) -> Bool {
        self.users == users && differences == 0 && named == [] && forged == 0 && problems == 0
            && maps.allSatisfy { $0.live == $0.rebuilt }
            && maps.reduce(0) { $0 + $1.rebuilt.count } == Int(users)
    }
}

extension TestStore {
    /// Rebuilds the projection as an operator would.
    @discardableResult
    func rebuild() async throws -> ProjectionRebuildReport {
        try await ProjectionRebuild.run(owners, rootKeys: RootKeys(rootKey))
    }
}

import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing
import Vault

/// Logs that are added to a ledger that has users.
@Suite("Logs that are added", .timeLimit(.minutes(5)))
struct AddedLogsTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    /// Whether they stand in a database of their own.
    private static let places = [false, true]

    /// Everything that is said of all logs fits, with the service at rest.
    private func expectClean(_ test: TestStore) async throws {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        #expect(try await Verification.run(test.owners, plan: plan).findings == [])
    }

    private func link(_ name: String, to human: String, _ test: TestStore) async throws
        -> ChangeOutcome
    {
        let user = try await test.user(name)
        let change = test.connection(
            of: user,
            human: human,
            accessToken: "access of \(name)",
            publicToken: "public of \(name)"
        )
        return try await test.store.write(change, to: user)
    }

    /// Connects so many users that each open log gets some.
    private func fill(_ test: TestStore, named name: String) async throws -> [StoredUser] {
        var users: [StoredUser] = []
        for number in 0..<24 { users.append(try await test.connectedUser("\(name) \(number)")) }
        let open = test.store.logs.list(.facts).filter { !test.store.logs.isClosed($0) }
        #expect(Set(users.map(\.log)) == Set(open))
        return users
    }

    @Test("who was there stays and is found; who is new belongs to the others", arguments: places)
    func users(inFurtherDatabase: Bool) async throws {
        try await TestStore.run { first in
            let before = try await fill(first, named: "before")
            try await first.added(pairs: 3, inFurtherDatabase: inFurtherDatabase) { test in
                #expect(test.store.logs == Logs(pairs: 3, closedPairs: 1))
                for (number, user) in before.enumerated() {
                    let found = try await test.user("before \(number)")
                    #expect(found.subject == user.subject && found.log == .facts)
                    let token = try test.store.value(.accessToken, of: found)
                    #expect(token == Secret("access before \(number)"))
                    let change = test.launch(found)
                    guard case .written = try await test.store.write(change, to: found) else {
                        Issue.record("somebody who was there is written")
                        continue
                    }
                }
                let new = try await fill(test, named: "new")
                for number in new.indices {
                    let found = try await test.user("new \(number)")
                    #expect(found.subject == new[number].subject)
                }
                let listed = try await test.store.users(of: test.app, after: nil, limit: 100)
                #expect(listed.count == before.count + new.count)
                try await expectClean(test)
            }
        }
    }

    @Test("logs are added again and again")
    func again() async throws {
        try await TestStore.run { first in
            _ = try await fill(first, named: "first")
            try await first.added(pairs: 2) { second in
                _ = try await fill(second, named: "second")
                try await second.added(pairs: 5, inFurtherDatabase: true) { third in
                    #expect(third.store.logs == Logs(pairs: 5, closedPairs: 2))
                    _ = try await fill(third, named: "third")
                    #expect(try await third.user("first 0").log == .facts)
                    #expect(try await third.user("second 0").log == Log(.facts, pair: 1))
                    let owner = third.owners
                    // It may be repeated, and none is taken away.
                    try await Migrator.makeLogs(
                        try await Migrator.logs(pairs: 5, on: owner),
                        on: owner
                    )
                    await #expect(throws: StoreOpeningError.self) {
                        _ = try await Migrator.logs(pairs: 4, on: owner)
                    }
                    try await expectClean(third)
                }
            }
        }
    }

    @Test("a person or a session that somebody had before is nobody else's", arguments: places)
    func claims(inFurtherDatabase: Bool) async throws {
        try await TestStore.run { first in
            let holder = try await first.connectedUser("holder")
            _ = try await first.launchedUser("other of before")
            try await first.added(pairs: 3, inFurtherDatabase: inFurtherDatabase) { test in
                for number in 0..<8 { _ = try await test.launchedUser("new \(number)") }
                let names = ["other of before"] + (0..<8).map { "new \($0)" }
                for name in names {
                    let outcome = try await link(name, to: "human holder", test)
                    #expect(outcome.isClaimed(.human), "\(name): \(outcome)")
                }
                let found = try await test.store.lookup(
                    .human,
                    test.store.vault.fingerprint(
                        .human,
                        of: Secret("human holder"),
                        app: test.app.id
                    )
                )
                #expect(found?.subject == holder.subject)

                // Of those who claim somebody new, one of before and one of the others, one has them.
                let others = try await [
                    link("new 1", to: "somebody", test),
                    link("other of before", to: "somebody", test),
                ]
                #expect(others[0].isWritten && others[1].isClaimed(.human))
                let mirrored = try await [
                    link("other of before", to: "other", test), link("new 2", to: "other", test),
                ]
                #expect(mirrored[0].isWritten && mirrored[1].isClaimed(.human))

                // Who is erased has nobody any more.
                let order = ErasureOrder(
                    id: test.store.clock.identifier(in: .facts),
                    reason: .requested,
                    context: TestStore.context
                )
                _ = try await test.store.erase(try await test.user("holder"), of: test.app, order)
                #expect(try await link("new 3", to: "human holder", test).isWritten)
                #expect(try await link("new 4", to: "human holder", test).isClaimed(.human))
                try await expectClean(test)
            }
        }
    }

    @Test(
        "the same Idempotency-Key gets the receipt of somebody who was erased before logs were added"
    )
    func erasures() async throws {
        try await TestStore.run { first in
            _ = try await first.connectedUser("gone")
            let erase = { (test: TestStore) async throws -> Erasure in
                let eraser = Eraser(store: test.store, folder: nil, logger: Self.quiet)
                return try await eraser.erase(
                    Secret("gone"),
                    of: test.app,
                    idempotencyKey: Secret("one key"),
                    context: TestStore.context
                )
            }
            let erasure = try await erase(first)
            try await first.added(pairs: 3) { test in
                let repeated = try await erase(test)
                #expect(repeated.position == erasure.position)
                // And who comes again is somebody else, in another log.
                #expect(try await test.launchedUser("gone").log != .facts)
                await #expect(throws: ErasureError.self) { _ = try await erase(test) }
            }
        }
    }

    @Test(
        "who was taken over before is not taken over again, not even once erased",
        arguments: places
    )
    func imports(inFurtherDatabase: Bool) async throws {
        let user = TakenOverUser(
            clientUserID: Secret("a"),
            humanID: Secret("human a"),
            accessToken: Secret("access a"),
            publicToken: Secret("public a")
        )
        let takeOver = { (test: TestStore, user: TakenOverUser) async throws -> TakeOver in
            let begin = try await test.store.takeOversBegin()
            let fingerprints = test.store.fingerprints(of: user, test.app)
            let expected = try await test.store.takeOvers(of: [fingerprints], app: test.app)
            let result = try await test.store.takeOver(
                user,
                of: test.app,
                checkedFrom: begin,
                context: TestStore.context
            )
            #expect(expected == [result], "the check says what comes of it")
            return result
        }
        try await TestStore.run { first in
            #expect(try await takeOver(first, user) == .taken)
            try await first.added(pairs: 3, inFurtherDatabase: inFurtherDatabase) { test in
                #expect(try await takeOver(test, user) == .present)
                for number in 0..<4 {
                    let other = { (human: String, access: String) in
                        TakenOverUser(
                            clientUserID: Secret("b \(number)"),
                            humanID: Secret(human),
                            accessToken: Secret(access),
                            publicToken: Secret("public b \(number)")
                        )
                    }
                    #expect(
                        try await takeOver(test, other("human a", "access b \(number)"))
                            == .refused(.personTaken)
                    )
                    #expect(
                        try await takeOver(test, other("human b \(number)", "access a"))
                            == .refused(.tokenTaken)
                    )
                    #expect(
                        try await takeOver(test, other("human b \(number)", "access b \(number)"))
                            == .taken
                    )
                }
                let order = ErasureOrder(
                    id: test.store.clock.identifier(in: .facts),
                    reason: .requested,
                    context: TestStore.context
                )
                _ = try await test.store.erase(try await test.user("a"), of: test.app, order)
                #expect(try await takeOver(test, user) == .present)
                try await expectClean(test)
            }
        }
    }

    // MARK: What verify says

    private static let damages: [(script: String, kinds: Set<String>)] = [
        (
            // As if the holder had come only afterwards.
            "update ledger.log set closed_at = 1 where log_id = 0",
            ["user_misplaced", "reservation_missing"]
        ),
        (
            """
            insert into vault.lookup (log_id, kind, fingerprint, subject, reference)
            select 0, 'human', l.fingerprint, gen_random_uuid(), gen_random_uuid()
            from vault.lookup l
            where l.log_id = 2 and l.kind = 'human' and l.reserved_at is null limit 1
            """,
            ["claimed_twice", "lookup_event_missing"]
        ),
    ]

    @Test(
        "whoever begins where nobody new belongs, or claims what was claimed before, is found",
        arguments: damages
    )
    func found(damage: (script: String, kinds: Set<String>)) async throws {
        try await TestStore.run { first in
            _ = try await first.connectedUser("holder")
            try await first.added(pairs: 3) { test in
                for number in 0..<8 { _ = try await test.connectedUser("new \(number)") }
                try await expectClean(test)
                let owner = try await test.ownerConnection()
                try await owner.script(
                    "alter table ledger.log disable trigger log_never_shrinks; \(damage.script)"
                )
                await owner.close()
                var plan = VerificationPlan()
                plan.rootKeys = RootKeys(test.rootKey)
                let found = try await Verification.run(test.owners, plan: plan).findings
                #expect(Set(found.map(\.kind.rawValue)) == damage.kinds)
            }
        }
    }
}

extension ChangeOutcome {
    fileprivate var isWritten: Bool {
        if case .written = self { true } else { false }
    }

    fileprivate func isClaimed(_ kind: LookupKind) -> Bool {
        if case .claimed(kind) = self { true } else { false }
    }
}

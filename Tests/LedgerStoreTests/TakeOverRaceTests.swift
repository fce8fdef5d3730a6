import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

/// One token for two users of two logs: each write sees its own log alone
/// (docs/decisions/0067-k-logs-of-facts.md#a-token-that-two-bring-along).
@Suite("One token in two logs", .timeLimit(.minutes(10)))
struct TakeOverRaceTests {
    private static let pairs = 3

    /// Users of the same tokens, each of another log.
    private func rivals(_ test: TestStore, _ round: Int) -> [TakenOverUser] {
        test.store.logs.list(.facts).map { log in
            let name = name(test, "rival \(round)", in: log)
            return TakenOverUser(
                clientUserID: Secret(name),
                humanID: Secret("human \(name)"),
                // One has the access token and the public token in common with the next, each with another one.
                accessToken: Secret("access \(round) \(max(log.pair, 1))"),
                publicToken: Secret("public \(round) \(min(log.pair, 1))")
            )
        }
    }

    private func name(_ test: TestStore, _ stem: String, in log: Log) -> String {
        for number in 0... {
            let name = "\(stem) \(number)"
            if test.store.home(of: Secret(name), in: test.app) == log { return name }
        }
        return stem
    }

    private func rival(_ test: TestStore, _ stem: String, in log: Log) -> TakenOverUser {
        let name = name(test, stem, in: log)
        return TakenOverUser(
            clientUserID: Secret(name),
            humanID: Secret("human \(name)"),
            accessToken: Secret("the access token"),
            publicToken: Secret("public \(name)")
        )
    }

    private func takeOver(
        _ user: TakenOverUser,
        _ store: LedgerStore,
        _ test: TestStore,
        _ begin: TakeOversBegin
    ) async throws -> TakeOver {
        try await store.takeOver(
            user,
            of: test.app,
            checkedFrom: begin,
            context: TestStore.context
        )
    }

    private func expectClean(_ test: TestStore) async throws {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        let report = try await Verification.run(test.owner, plan: plan)
        #expect(report.findings == [])
    }

    /// How many tokens are reserved.
    private func reservations(_ test: TestStore) async throws -> Int64 {
        try await test.count(
            Statement(
                "test_reserved_tokens",
                "select count(*) from vault.lookup where kind = 'token'"
            )
        )
    }

    /// The users of a round, all at once; gives what came of each.
    private func race(
        _ round: Int,
        _ stores: [LedgerStore],
        _ test: TestStore,
        whenAnswered: @escaping @Sendable () -> Void = {}
    ) async throws -> [Int: TakeOver] {
        let begin = try await persistently { try await test.store.takeOversBegin() }
        return try await withThrowingTaskGroup(of: (Int, TakeOver).self) { group in
            for (number, user) in rivals(test, round).enumerated() {
                group.addTask {
                    let store = stores[(number + round) % stores.count]
                    let result = try await persistently {
                        try await takeOver(user, store, test, begin)
                    }
                    whenAnswered()
                    return (number, result)
                }
            }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }

    /// As whoever repeats what may pass.
    private func persistently<Value: Sendable>(
        _ body: () async throws -> Value
    ) async throws -> Value {
        for _ in 0..<1_000 {
            do {
                return try await body()
            } catch let error as StoreError where error.isPassing {
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        return try await body()
    }

    private func expectOneEach(_ results: [Int: TakeOver]) {
        // The second has a token in common with the first and one with the third, who have none in common. The
        // answer of one that was written may have been lost.
        let taken = results.filter { [.taken, .present].contains($0.value) }.keys.sorted()
        #expect(taken == [1] || taken == [0, 2], "\(results)")
        let others = results.filter { !taken.contains($0.key) }.values
        #expect(others.allSatisfy { $0 == .refused(.tokenTaken) }, "\(results)")
    }

    @Test("of those who bring one token along at the same moment, one gets it")
    func race() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            try await test.another { second in
                for round in 0..<12 {
                    expectOneEach(try await race(round, [test.store, second], test))
                }
            }
            #expect(try await reservations(test) == 0)
            try await expectClean(test)
        }
    }

    @Test("and so it is of many who are taken over together, in whatever order")
    func together() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            try await test.another { second in
                let begin = try await test.store.takeOversBegin()
                // One of each round in each program, so that every token is in both.
                let lists = [0, 1].map { number in
                    (0..<40).map { rivals(test, $0)[number] }.shuffled()
                }
                let taken = try await withThrowingTaskGroup(of: Int.self) { group in
                    for (list, store) in zip(lists, [test.store, second]) {
                        group.addTask {
                            let areTaken = await store.takeOverTogether(
                                list,
                                of: test.app,
                                checkedFrom: begin,
                                context: TestStore.context
                            )
                            var count = areTaken.count { $0 }
                            for (user, isTaken) in zip(list, areTaken) where !isTaken {
                                let result = try await persistently {
                                    try await takeOver(user, store, test, begin)
                                }
                                #expect([.taken, .refused(.tokenTaken)].contains(result))
                                if result == .taken { count += 1 }
                            }
                            return count
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect(taken == 40)
                // Who has it keeps it, and nobody else gets it.
                let again = await second.takeOverTogether(
                    lists[0],
                    of: test.app,
                    checkedFrom: begin,
                    context: TestStore.context
                )
                #expect(!again.contains(true))
            }
            try await expectClean(test)
        }
    }

    @Test("and so it is when their connections are ended at any moment")
    func killed() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            let ender = SessionEnder(test, every: .milliseconds(60))
            try await withThrowingTaskGroup(of: Int.self) { group in
                group.addTask { try await ender.run() }
                for round in 0..<12 {
                    expectOneEach(try await race(round, [test.store], test) { ender.goOn() })
                }
                group.cancelAll()
                let ended = try await group.next() ?? 0
                #expect(ended > 5, "or nothing was tried")
            }
            try await expectClean(test)
        }
    }

    @Test("whoever ended with a token reserved goes on, or leaves it to others after a while")
    func leftBehind() async throws {
        try await TestStore.run(pairs: Self.pairs) { test in
            let left = rival(test, "left", in: Log(.facts, pair: 1))
            let prints = test.store.fingerprints(of: left, test.app)
            let claimant = test.store.claimant(toTakeOver: prints)
            var held = try await test.store.claimer.hold(prints.tokens, for: claimant)
            let references = held.references
            #expect(Set(references).count == 2)
            // Another program at the same line goes on with what is there.
            let again = try await test.store.claimer.hold(prints.tokens, for: claimant)
            #expect(again.references == references)
            // Somebody else of a token waits.
            let begin = try await test.store.takeOversBegin()
            let other = rival(test, "other", in: Log(.facts, pair: 2))
            await #expect(throws: StoreError.overloaded) {
                _ = try await takeOver(other, test.store, test, begin)
            }
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                update vault.lookup set reserved_at = reserved_at - interval '1 minute'
                where kind = 'token'
                """
            )
            await owner.close()
            #expect(try await takeOver(other, test.store, test, begin) == .taken)
            // And then it is too late, however late it comes: it begins anew, and is told.
            var change = Change(context: TestStore.context)
            let taken = LedgerEvent.TakenOver(
                human: prints.human,
                accessToken: LedgerEvent.IssuedToken(version: 1, fingerprint: prints.accessToken),
                publicToken: LedgerEvent.IssuedToken(version: 1, fingerprint: prints.publicToken)
            )
            change.append(.tokensImported(taken))
            for (token, reference) in zip(prints.tokens, references) {
                change.requireUnheld(token, since: 0, reservation: reference)
            }
            let user = test.store.newUser(left.clientUserID, of: test.app)
            guard case .claimed(.token) = try await test.store.write(change, to: user) else {
                Issue.record("a burned reservation took a token over")
                return
            }
            #expect(try await takeOver(left, test.store, test, begin) == .refused(.tokenTaken))
            await test.store.claimer.letGo(&held, of: claimant, isWritten: false)
            #expect(try await reservations(test) == 0)
            try await expectClean(test)
        }
    }
}

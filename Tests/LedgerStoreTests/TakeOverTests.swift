import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Users of another system", .timeLimit(.minutes(5)))
struct TakeOverTests {
    private func taken(
        _ name: String,
        human: String? = nil,
        access: String? = nil,
        publicToken: String? = nil
    ) -> TakenOverUser {
        TakenOverUser(
            clientUserID: Secret(name),
            humanID: Secret(human ?? "human \(name)"),
            accessToken: Secret(access ?? "access \(name)"),
            publicToken: Secret(publicToken ?? "public \(name)")
        )
    }

    private func takeOver(_ test: TestStore, _ user: TakenOverUser) async throws -> TakeOver {
        let begin = try await test.store.takeOversBegin()
        let expected = try await test.store.takeOvers(
            of: [test.store.fingerprints(of: user, test.app)],
            app: test.app
        )
        let result = try await test.store.takeOver(
            user,
            of: test.app,
            checkedFrom: begin,
            context: TestStore.context
        )
        #expect(expected == [result], "the check says what comes of it")
        return result
    }

    private func types(_ test: TestStore, _ user: StoredUser) async throws -> [String] {
        try await test.store.wholeHistory(of: user).map { "\(try $0.record().event.type)" }
    }

    private func expectClean(_ test: TestStore) async throws {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        let findings = try await Verification.run(test.owner, plan: plan).findings
        #expect(findings == [])
    }

    @Test("all values are there, found by token, and verified; the same again writes nothing")
    func values() async throws {
        try await TestStore.run { test in
            #expect(try await takeOver(test, taken("a")) == .taken)
            let user = try await test.user("a")
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access a")
            #expect(try test.store.value(.publicToken, of: user)?.exposed == "public a")
            #expect(try test.store.value(.humanID, of: user)?.exposed == "human a")
            #expect(try await takeOver(test, taken("a")) == .present)
            #expect(try await types(test, user) == ["tokens.imported"])
            for token in ["access a", "public a"] {
                let matches = try await test.store.search(
                    Secret(token),
                    of: test.app,
                    context: TestStore.context
                )
                #expect(matches.map(\.user.subject) == [user.subject])
                #expect(matches.map(\.holding.version) == [1])
            }
            try await expectClean(test)
        }
    }

    @Test("whoever has connected since keeps the newer tokens, and is here already")
    func newer() async throws {
        try await TestStore.run { test in
            #expect(try await takeOver(test, taken("b")) == .taken)
            let user = try await test.user("b")
            let change = test.connection(
                of: user,
                human: "human b",
                accessToken: "access 2",
                publicToken: "public 2"
            )
            _ = try await test.store.write(change, to: user)
            #expect(try await takeOver(test, taken("b")) == .present)
            let other = taken("b", access: "access 3")
            #expect(try await takeOver(test, other) == .refused(.otherTokens))
            let now = try await test.user("b")
            #expect(try test.store.value(.accessToken, of: now)?.exposed == "access 2")
            #expect(now.state.accessToken?.version == 2)
            try await expectClean(test)
        }
    }

    @Test("a person belongs to one user, whoever came first")
    func person() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("c")
            let stranger = taken("d", human: "human c")
            #expect(try await takeOver(test, stranger) == .refused(.personTaken))
            #expect(try await takeOver(test, taken("c", human: "x")) == .refused(.otherPerson))
            #expect(try await test.store.user(Secret("d"), of: test.app) == nil)
            try await expectClean(test)
        }
    }

    @Test("a token that another user holds is nobody else's; one that was replaced may be")
    func token() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("g")
            func check(_ user: TakenOverUser) async throws -> TakeOver {
                try await test.store.takeOvers(
                    of: [test.store.fingerprints(of: user, test.app)],
                    app: test.app
                )[0]
            }
            #expect(try await check(taken("h", access: "access g")) == .refused(.tokenTaken))
            #expect(try await check(taken("h", publicToken: "public g")) == .refused(.tokenTaken))
            #expect(try await check(taken("h")) == .taken)
            let user = try await test.user("g")
            let change = test.connection(
                of: user,
                human: "human g",
                accessToken: "access 2",
                publicToken: "public 2"
            )
            _ = try await test.store.write(change, to: user)
            #expect(try await check(taken("h", access: "access g")) == .taken)
            #expect(try await check(taken("h", access: "access 2")) == .refused(.tokenTaken))
        }
    }

    @Test("a user who is damaged is told of, and the others of the batch are checked")
    func damaged() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("i")
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update vault.user_state set state = '{}' where subject = '\(user.subject)'"
            )
            await owner.close()
            let found = try await test.store.takeOvers(
                of: [taken("i", access: "other"), taken("j")].map {
                    test.store.fingerprints(of: $0, test.app)
                },
                app: test.app
            )
            #expect(found == [.refused(.damaged), .taken])
        }
    }

    @Test("whoever was launched before is the same user afterwards")
    func launched() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("e")
            #expect(try await takeOver(test, taken("e")) == .taken)
            let now = try await test.user("e")
            #expect(now.subject == user.subject)
            #expect(try await types(test, now) == ["connect.launched", "tokens.imported"])
            try await expectClean(test)
        }
    }

    @Test("an old file does not bring back who was erased")
    func erased() async throws {
        try await TestStore.run { test in
            #expect(try await takeOver(test, taken("f")) == .taken)
            let user = try await test.user("f")
            _ = try await test.store.erase(
                user,
                of: test.app,
                ErasureOrder(
                    id: test.store.clock.identifier(),
                    reason: .requested,
                    context: TestStore.context
                )
            )
            #expect(try await takeOver(test, taken("f")) == .present)
            #expect(try await test.store.user(Secret("f"), of: test.app) == nil)
            try await expectClean(test)
        }
    }

    @Test(
        "two that take over the same users at the same time write each once",
        arguments: [1, 3]
    )
    func twins(pairs: Int) async throws {
        try await TestStore.run(pairs: pairs) { test in
            try await test.another { second in
                let stores = [test.store, second]
                let begin = try await test.store.takeOversBegin()
                let results = try await withThrowingTaskGroup(of: TakeOver.self) { group in
                    for number in 0..<30 {
                        for store in stores {
                            group.addTask {
                                try await store.takeOver(
                                    taken("twin \(number)"),
                                    of: test.app,
                                    checkedFrom: begin,
                                    context: TestStore.context
                                )
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(results.count { $0 == .taken } == 30)
                #expect(results.count { $0 == .present } == 30)
            }
            try await expectClean(test)
        }
    }
}

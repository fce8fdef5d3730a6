import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Repetition and claims", .timeLimit(.minutes(5)))
struct ClaimTests {
    @Test("a change that is written again answers the first position and changes nothing")
    func repeated() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("alice")
            let change = test.launch(user)
            guard case .written(_, let position) = try await test.store.write(change, to: user)
            else {
                Issue.record("the first write is written")
                return
            }
            let size = try await CommandFactory(test: test).size()
            for _ in 0..<3 {
                let outcome = try await test.store.write(change, to: user)
                guard case .repeated(position) = outcome else {
                    Issue.record("expected a repetition, got \(outcome)")
                    return
                }
            }
            #expect(try await CommandFactory(test: test).size() == size)
            #expect(try await test.user("alice").state.version == 2)
        }
    }

    @Test("a change decided on an older state is a conflict")
    func conflict() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("alice")
            _ = try await test.store.write(test.launch(user), to: user)
            guard case .conflict = try await test.store.write(test.launch(user), to: user) else {
                Issue.record("the user has moved on")
                return
            }
        }
    }

    @Test("what a write answers can be written to again, also for a new user")
    func followUp() async throws {
        try await TestStore.run { test in
            var outcome = try await test.launchNew("alice")
            for version in 1...3 {
                guard case .written(let user, _) = outcome else {
                    Issue.record("expected a write, got \(outcome)")
                    return
                }
                #expect(user.state.version == Int64(version))
                #expect(try test.store.value(.clientUserID, of: user)?.exposed == "alice")
                outcome = try await test.store.write(test.launch(user), to: user)
            }
        }
    }

    @Test("of many who launch one new user, over two copies of the service, one is first")
    func user() async throws {
        try await TestStore.run { test in
            try await test.another { other in
                for round in 0..<5 {
                    let outcomes = try await race(20) { index in
                        try await test.launchNew(
                            "alice \(round)",
                            with: index.isMultiple(of: 2) ? test.store : other
                        )
                    }
                    #expect(outcomes.written == 1)
                    #expect(outcomes.claimed == [.user: 19])
                }
            }
            let users = try await test.store.users(of: test.app, after: nil, limit: 100)
            #expect(users.count == 5)
            #expect(try await test.log().count == 6)
        }
    }

    @Test(
        "of many who claim one thing for different users, one gets it",
        arguments: [LookupKind.human, .session]
    )
    func claim(kind: LookupKind) async throws {
        try await TestStore.run { test in
            try await test.another { other in
                let fingerprint = CommandFactory(test: test).fingerprint("claimed")
                let outcomes = try await race(20) { index in
                    let store = index.isMultiple(of: 2) ? test.store : other
                    let user = store.newUser(Secret("user \(index)"), of: test.app)
                    var change = test.launch(user)
                    change.claim(kind, fingerprint)
                    return try await store.write(change, to: user)
                }
                #expect(outcomes.written == 1)
                #expect(outcomes.claimed == [kind: 19])
                let holder = try #require(await test.store.lookup(kind, fingerprint))
                let users = try await test.store.users(of: test.app, after: nil, limit: 100)
                #expect(users.map(\.subject) == [holder.subject])
                let event = try #require(await test.store.event(id: holder.reference))
                #expect(try event.record().subject == holder.subject)
            }
        }
    }

    @Test("a person who was gone may come back to the same user, and to nobody else")
    func comesBack() async throws {
        try await TestStore.run { test in
            var user = try await test.connectedUser("alice")
            var gone = Change(context: TestStore.context)
            gone.append(.personGone(human: try #require(user.state.human)))
            gone.drop(.humanID, version: 1)
            _ = try await test.store.write(gone, to: user)
            user = try await test.user("alice")
            #expect(user.state.human == nil)
            func link(_ user: StoredUser, _ number: Int) async throws -> ChangeOutcome {
                let change = test.connection(
                    of: user,
                    human: "human alice",
                    accessToken: "access \(number)",
                    publicToken: "public \(number)"
                )
                return try await test.store.write(change, to: user)
            }
            let rival = try await test.launchedUser("bob")
            guard case .claimed(.human) = try await link(rival, 1) else {
                Issue.record("the person is alice's, also while nobody is linked")
                return
            }
            guard case .written = try await link(user, 2) else {
                Issue.record("it is the same user")
                return
            }
            #expect(try await test.user("alice").state.human != nil)
        }
    }

    @Test("two apps may know the same user and the same person")
    func apps() async throws {
        try await TestStore.run { test in
            let fingerprints = [test.app.id, Identifier(value: 1)].map {
                test.store.vault.fingerprint(.user, of: Secret("alice"), app: $0)
            }
            #expect(fingerprints[0] != fingerprints[1])
            _ = try await test.launchNew("alice")
            let foreign = try #require(
                await test.store.user(Secret("alice"), of: test.app)
            )
            let other = NewApp(
                clientID: "other",
                name: "Other",
                clientSecret: Secret("x"),
                appKey: nil,
                connectURL: "http://127.0.0.1:1",
                userURL: "http://127.0.0.1:1",
                apiURL: "http://127.0.0.1:1",
                allowedOrigins: []
            )
            #expect(try await test.store.add(other, context: TestStore.context, owner: test.owners))
            #expect(
                !(try await test.store.add(other, context: TestStore.context, owner: test.owners))
            )
            let app = try #require(await test.store.app(clientID: "other"))
            #expect(app.appKey == nil)
            #expect(try await test.store.user(Secret("alice"), of: app) == nil)
            let subject = try await test.store.user(
                subject: foreign.subject,
                of: app
            )
            #expect(subject == nil, "a subject of another app is unknown")
            let user = test.store.newUser(Secret("alice"), of: app)
            guard case .written = try await test.store.write(test.launch(user), to: user) else {
                Issue.record("the user is new in this app")
                return
            }
        }
    }

    private struct Outcomes {
        var written = 0
        var claimed: [LookupKind: Int] = [:]
    }

    private func race(
        _ count: Int,
        _ body: @escaping @Sendable (Int) async throws -> ChangeOutcome
    ) async throws -> Outcomes {
        try await withThrowingTaskGroup(of: ChangeOutcome.self) { group in
            for index in 0..<count { group.addTask { try await body(index) } }
            var outcomes = Outcomes()
            for try await outcome in group {
                switch outcome {
                case .written: outcomes.written += 1
                case .claimed(let kind): outcomes.claimed[kind, default: 0] += 1
                case .repeated, .conflict: Issue.record("nothing else can happen: \(outcome)")
                }
            }
            return outcomes
        }
    }
}

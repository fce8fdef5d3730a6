import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

/// The short way into the log, on which all commands of a batch are written or none.
@Suite("The short append", .timeLimit(.minutes(5)))
struct ShortAppendTests {
    @Test("one event each is appended in order, for new users and known ones")
    func order() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let known = factory.clock.identifier()
            let first = [factory.command(known, claims: [(.user, factory.fingerprint("known"))])]
            #expect(
                try await factory.send(first, tellsEach: false) == [.appended(position: 1)]
            )
            let batch = [
                factory.command(claims: [(.user, factory.fingerprint("new"))]),
                factory.command(known, expected: 1), factory.command(),
            ]
            #expect(
                try await factory.send(batch, tellsEach: false) == [
                    .appended(position: 2), .appended(position: 3), .appended(position: 4),
                ]
            )
            let log = try await test.log()
            #expect(log.map(\.position) == Array(0..<5))
            #expect(log[2...].map(\.bytes) == batch.map { $0.events[0].bytes })
            let users = try await test.count(
                Statement("count_users", "select count(*) from vault.user_state")
            )
            #expect(users == 3)
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("who decided on an outdated state is told so; the others are appended without a gap")
    func conflicts() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let known = factory.clock.identifier()
            let moved = factory.clock.identifier()
            let first = try await factory.send([
                factory.command(known), factory.command(moved, events: 2),
            ])
            #expect(first == [.appended(position: 1), .appended(position: 2)])
            var rotated = factory.command(expected: 0)
            let token = factory.fingerprint("token")
            let (subject, id) = (known, factory.clock.identifier())
            var state = try #require(factory.command(known, expected: 1).state)
            state.apply(
                .accessTokenRotated(
                    LedgerEvent.IssuedToken(version: 1, fingerprint: token),
                    cause: id
                ),
                at: rotated.time
            )
            rotated = AppendCommand(
                app: rotated.app,
                subject: subject,
                expected: 1,
                time: rotated.time,
                state: state,
                events: factory.command(known, expected: 1).events
            )
            let batch = [
                factory.command(moved, expected: 1), factory.command(), rotated,
                factory.command(moved), factory.command(),
            ]
            let verdicts = try await factory.send(
                [batch[0], batch[1], batch[2], batch[4]],
                tellsEach: false
            )
            #expect(
                verdicts == [nil, .appended(position: 4), nil, .appended(position: 5)],
                "what changes a token is written the long way only"
            )
            #expect(try await factory.send([batch[3]], tellsEach: false) == [nil])
            #expect(try await test.log().count == 6)
            #expect(
                try await factory.send([factory.command(moved, expected: 2)], tellsEach: false)
                    == [.appended(position: 6)]
            )
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    /// What does not fit beside a command that does, and what the server says of it.
    @Test("what does not fit is refused with its neighbours, and told one by one the long way")
    func refusals() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let known = factory.clock.identifier()
            let id = factory.clock.identifier()
            let name = factory.fingerprint("known")
            let stored = factory.command(known, ids: [id], claims: [(.user, name)])
            #expect(try await factory.send([stored]) == [.appended(position: 1)])
            let unfit: [(command: AppendCommand, verdict: AppendVerdict, state: String)] = [
                (factory.command(expected: 3), .conflict, "LG009"),
                (factory.command(ids: [id]), .repeated(position: 1), "23505"),
                (factory.command(claims: [(.user, name)]), .claimed(.user), "23505"),
            ]
            for (command, verdict, state) in unfit {
                let size = try await factory.size()
                let error = await #expect(throws: PostgresError.self) {
                    try await factory.send([factory.command(), command], tellsEach: false)
                }
                #expect(error?.sqlState?.rawValue == state, "\(verdict)")
                #expect(try await factory.size() == size, "\(verdict)")
                #expect(try await factory.send([command]) == [verdict])
            }
        }
    }

    @Test("a batch on which the short way fails gives each of its callers the right answer")
    func both() async throws {
        try await TestStore.run { test in
            _ = try await test.launchNew("alice")
            let alice = try await test.user("alice")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<40 {
                    group.addTask {
                        let isAlice = index % 8 == 0
                        let name = isAlice ? "alice" : "user \(index)"
                        let user = test.store.newUser(.init(name), of: test.app)
                        let outcome = try await test.store.write(test.launch(user), to: user)
                        switch outcome {
                        case .written: #expect(!isAlice)
                        case .claimed(.user): #expect(isAlice)
                        default: Issue.record("\(outcome)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await test.user("alice").subject == alice.subject)
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("events that are not counted go the short way, however many a command has")
    func uncounted() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            let clock = test.store.clock
            let commands = [2, 1, 3].map { count in
                let time = clock.now()
                let events = (0..<count).map { _ in
                    let record = Record(
                        id: clock.identifier(),
                        clientID: test.app.clientID,
                        subject: user.subject,
                        time: time,
                        subjectVersion: nil,
                        context: TestStore.context,
                        event: .tokenRead(kind: .accessToken, version: 1, key: "key")
                    )
                    return AppendCommand.Event(record: record, bytes: record.encoded())
                }
                return AppendCommand(
                    app: test.app.id,
                    subject: clock.identifier(),
                    expected: nil,
                    time: time,
                    state: nil,
                    events: events
                )
            }
            let append = AppendStatement(commands, log: .access, vault: test.store.vault)
            #expect(append.isShort)
            #expect(
                try await CommandFactory(test: test).send(commands, log: .access, tellsEach: false)
                    == [
                        .appended(position: 0), .appended(position: 2), .appended(position: 3),
                    ]
            )
            let stored = try await test.log(.access).map(\.bytes)
            #expect(stored == commands.flatMap { $0.events.map(\.bytes) })
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("a token that is replaced moves out of the user's row, and can still be read")
    func replaced() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            let old = try #require(user.state.accessToken)
            let change = test.connection(
                of: user,
                human: "human alice",
                accessToken: "newer access",
                publicToken: "newer public"
            )
            _ = try await test.store.write(change, to: user)
            let now = try await test.user("alice")
            #expect(try test.store.value(.accessToken, of: now)?.exposed == "newer access")
            #expect(
                try await test.store.value(.accessToken, old, of: now)?.exposed == "access alice"
            )
            // Somebody who read the user before still finds what has become an older version.
            #expect(
                try await test.store.value(.publicToken, version: 1, of: user)?.exposed
                    == "public alice"
            )
            #expect(
                try await test.store.value(.publicToken, version: 2, of: user)?.exposed
                    == "newer public"
            )
            let moved = try await test.count(
                Statement(
                    "moved_values",
                    "select count(*) from vault.value where kind in ('access_token', 'public_token')"
                )
            )
            #expect(moved == 2)
        }
    }
}

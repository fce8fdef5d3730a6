import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Superseded values", .timeLimit(.minutes(5)))
struct SupersededTests {
    /// The values that stand in no user's row, without the app's own.
    private func kept(_ test: TestStore) async throws -> [String] {
        let owner = try await test.ownerConnection()
        let values = try await owner.rows(
            Statement(
                "kept",
                """
                select kind || ' ' || version from vault.value where subject <> $1 order by 1
                """,
                .uuid(test.app.id.value)
            )
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        await owner.close()
        return values
    }

    private func drops(_ test: TestStore) async throws -> [LedgerEvent] {
        try await test.store.page(log: .facts, from: 0, limit: 1_000).map { try $0.record().event }
            .filter { if case .valuesDropped = $0 { true } else { false } }
    }

    private func value(
        _ version: Int64,
        of name: String,
        _ test: TestStore
    ) async throws -> Secret? {
        try await test.store.value(.accessToken, version: version, of: try await test.user(name))
    }

    @Test("a replaced token keeps its value for the grace, a day unless the app has another")
    func grace() async throws {
        try await TestStore.run { test in
            #expect(test.app.supersededGraceSeconds == 86_400)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            await test.drop()
            #expect(try await kept(test) == ["access_token 1", "public_token 1"])
            let owner = try await test.ownerConnection()
            // As if it had been replaced a second less than a day ago, and then a second more.
            for (age, isThere) in [("23:59:59", true), ("24:00:01", false)] {
                try await owner.script(
                    """
                    update vault.value set superseded_at = now() - interval '\(age)'
                    where superseded_at is not null
                    """
                )
                await test.drop()
                #expect(try await kept(test).isEmpty == !isThere, "\(age)")
            }
            await owner.close()
            #expect(try await value(1, of: "alice", test) == nil)
            #expect(try await value(2, of: "alice", test) == Secret("access alice 2"))
        }
    }

    @Test("nothing is dropped of whoever's row the service did not write")
    func forgedRow() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            let owner = try await test.ownerConnection()
            try await owner.script("update vault.user_state set state_mac = null")
            await test.drop()
            #expect(try await kept(test) == ["access_token 1", "public_token 1"])
            await owner.close()
        }
    }

    @Test("without grace the round drops what was replaced, and nothing that is current or open")
    func nothingElse() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            _ = try await test.connectedUser("alice")
            _ = try await test.connectedUser("bob")
            try await test.rotate("alice", "2")
            try await test.rotate("alice", "3")
            // What an open finalize needs.
            let bob = try await test.user("bob")
            let id = test.store.clock.identifier()
            let session = test.store.vault.fingerprint(
                .session,
                of: Secret("open"),
                app: test.app.id
            )
            var open = Change(context: TestStore.context)
            open.append(
                .finishReceived(
                    .init(
                        finalize: id,
                        launch: id,
                        session: session,
                        human: try #require(bob.state.human)
                    )
                ),
                id: id
            )
            open.claim(.session, session)
            open.keep(Secret("open"), .sessionToken, version: bob.state.version + 1)
            _ = try await test.store.write(open, to: bob)
            await test.drop()
            #expect(try await kept(test) == ["session_token \(bob.state.version + 1)"])
            for (name, token) in [("alice", "access alice 3"), ("bob", "access bob")] {
                let user = try await test.user(name)
                #expect(try test.store.value(.accessToken, of: user) == Secret(token))
            }
            let told = try await drops(test)
            guard told.count == 1, case .valuesDropped(count: 4, until: let until) = told[0] else {
                Issue.record("\(told)")
                return
            }
            #expect(until <= test.store.clock.now())
            // Nothing is left to do, so nothing is written.
            await test.drop()
            #expect(try await drops(test) == told)
        }
    }

    @Test("what was dropped is told apart from what is lost")
    func absence() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            await test.drop()
            try await test.rotate("alice", "3")
            let owner = try await test.ownerConnection()
            try await owner.script("delete from vault.value where superseded_at is not null")
            await owner.close()
            let user = try await test.user("alice")
            let dropped = await test.store.absence(of: .accessToken, version: 1, of: user)
            #expect(dropped == .dropped)
            let lost = await test.store.absence(of: .accessToken, version: 2, of: user)
            #expect(lost == .damaged(.value))
        }
    }

    @Test("copies of the service that look at once drop each value once")
    func copies() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            for number in 0..<8 {
                _ = try await test.connectedUser("user \(number)")
                try await test.rotate("user \(number)", "2")
            }
            try await test.another { other in
                try await test.another { third in
                    await withDiscardingTaskGroup { group in
                        for store in [test.store, other, third] {
                            group.addTask { await TestStore.drop(store) }
                        }
                    }
                }
            }
            await test.drop()
            #expect(try await kept(test) == [])
            let count = try await drops(test).reduce(Int64(0)) { sum, event in
                guard case .valuesDropped(let count, _) = event else { return sum }
                return sum + count
            }
            #expect(count == 16)
        }
    }

    // MARK: Whatever the service's role says

    private func values(
        _ count: Int64,
        until: Timestamp,
        _ test: TestStore
    ) -> SupersededValues {
        SupersededValues(
            log: .facts,
            app: test.app.id,
            clientID: "demo",
            until: until,
            count: count
        )
    }

    @Test("within the grace nothing can be dropped, whatever the service's role says")
    func tooEarly() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            let now = test.store.clock.now()
            #expect(try await !test.store.drop(values(2, until: now, test)))
            let later = now.adding(seconds: 1_000_000)
            #expect(try await !test.store.drop(values(2, until: later, test)))
            try await test.setGrace(1)
            try await Task.sleep(for: .milliseconds(1_100))
            // Not as many as the event would say.
            for count in [0, 1, 3] as [Int64] {
                #expect(try await !test.store.drop(values(count, until: now, test)), "\(count)")
            }
            // The app is more patient by then.
            try await test.setGrace(3_600)
            #expect(try await !test.store.drop(values(2, until: now, test)))
            #expect(try await kept(test) == ["access_token 1", "public_token 1"])
            #expect(try await drops(test) == [])
            try await test.setGrace(0)
            #expect(try await test.store.drop(values(2, until: now, test)))
            #expect(try await kept(test) == [])
            #expect(try await drops(test) == [.valuesDropped(count: 2, until: now)])
        }
    }

    @Test("a drop waits for the appends before it, and then sees what they replaced")
    func underWay() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            let due = try #require(
                try await test.store.supersededValues(by: test.store.clock.now()).first
            )
            // As an append that has begun before the drop and is committed after.
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                begin;
                select from ledger.log where log_id = 0 for update;
                insert into vault.value
                select log_id, subject, kind, 9, sealed, app_id, superseded_at
                from vault.value where superseded_at is not null;
                """
            )
            async let isDropped = test.store.drop(due)
            try await Task.sleep(for: .milliseconds(500))
            try await owner.script("commit")
            #expect(try await !isDropped)
            #expect(try await kept(test).count == 4)
            await owner.close()
        }
    }

    @Test("a time of the service's own makes no token old")
    func ownTime() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            let change = test.connection(
                of: user,
                human: "human alice",
                accessToken: "second",
                publicToken: "second"
            )
            let (command, _) = try test.store.prepare(change, of: user)
            var early = AppendCommand(
                app: command.app,
                subject: command.subject,
                expected: command.expected,
                time: command.time.adding(seconds: -2 * 86_400),
                state: command.state,
                events: command.events
            )
            early.current = command.current
            early.claims = command.claims
            early.changesTokens = true
            guard case .appended = try await test.store.writer(of: .facts).append(early) else {
                Issue.record("it is appended")
                return
            }
            await test.drop()
            #expect(try await kept(test) == ["access_token 1", "public_token 1"])
        }
    }

    @Test("a drop is its event and nothing besides, and an event that was there tells of no drop")
    func wrongCommands() async throws {
        try await TestStore.run { test in
            try await test.setGrace(0)
            _ = try await test.connectedUser("alice")
            try await test.rotate("alice", "2")
            let due = try #require(
                try await test.store.supersededValues(by: test.store.clock.now()).first
            )
            let told = LedgerEvent.valuesDropped(count: due.count, until: due.until)
            let id = test.store.clock.identifier()
            func command(_ events: [LedgerEvent]) -> AppendCommand {
                test.store.command(
                    administering: test.app.id,
                    clientID: "demo",
                    events,
                    at: test.store.clock.now(),
                    TestStore.context,
                    id: events.count == 1 ? id : nil
                )
            }
            var keeping = command([told])
            keeping.values = [.init(kind: .accessToken, version: 1, bytes: [1])]
            let session = test.store.vault.fingerprint(
                .session,
                of: Secret("x"),
                app: test.app.id
            )
            var foreign = command([told])
            foreign.claims = [
                .init(kind: .session, fingerprint: session, reference: id)
            ]
            let connection = try await test.serviceConnection()
            func drop(_ command: AppendCommand) async throws(PostgresError) {
                try await connection.query(
                    Statement(
                        "drop",
                        "select ledger.drop_superseded(0, $1, $2, $3, $4::ledger.append_command, $5)",
                        .uuid(test.app.id.value),
                        .timestamptz(microsecondsSince1970: due.until.microseconds),
                        .int8(due.count),
                        .row(command.row(.facts, test.store.vault)),
                        .bytea(test.store.vault.databaseSecret)
                    )
                ) { _ throws(PostgresError) in }
            }
            for wrong in [
                command([.appAdded(name: "x")]), command([told, told]), keeping, foreign,
            ] {
                await #expect(throws: PostgresError.self) { try await drop(wrong) }
            }
            // The same id as that of another event.
            _ = try await test.store.writer(of: .facts).append(command([.appAdded(name: "x")]))
            await #expect(throws: PostgresError.self) { try await drop(command([told])) }
            #expect(try await kept(test) == ["access_token 1", "public_token 1"])
            await connection.close()
        }
    }
}

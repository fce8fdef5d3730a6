import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import Postgres
import TestSupport
import Testing
@testable import Vault

/// What somebody may do who has the service role's password and not its keys
/// (docs/threats.md#t20).
@Suite("Forgeries", .timeLimit(.minutes(2)))
struct ForgeryTests {
    @Test("with the password alone nobody appends, nor keeps others from it")
    func password() async throws {
        try await Self.run { test, forger, alice in
            var change = Change(context: RecordContext(actor: "service"))
            change.append(.connectionBroken(reason: "forged"))
            let (command, _) = try test.store.prepare(change, of: alice)
            let thief = try await test.serviceConnection()
            for statement in [
                AppendStatement([command], log: .facts, vault: forger.vault).statement,
                AppendStatement([command], log: .facts, vault: forger.vault, tellsEach: true)
                    .statement,
                AppendStatement.probe(command, log: .facts, vault: forger.vault),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await thief.query(statement) { _ in }
                }
                #expect(error?.sqlState?.rawValue == "LG011")
            }
            // In a transaction that stays open, so that whatever it had locked would stay so.
            for call in [
                "append_events(0, '{}')", "append_events(0, '{}', '\\x00')",
                "append_single_events(0, '{}')", "settle_events(0, '{}')",
                "settle_events(0, '{}', sha256('x'))", "probe_append(0, '{}', null)",
                """
                drop_superseded(0, app_id, now(), 1, row(app_id, app_id, null, now(), null, null, null,
                    null, null, null, null, null, null, null, null, null, null,
                    array[row(gen_random_uuid(), null, null, 'values.dropped', '{}', null)
                        ::ledger.append_event], '{}', '{}', '{}')::ledger.append_command, null)
                    from ledger.app
                """,
            ] {
                try await thief.script("begin")
                let error = await #expect(throws: PostgresError.self) {
                    try await thief.script("select ledger.\(call)")
                }
                #expect(error?.sqlState?.rawValue == "LG011", "\(call)")
                _ = try await test.launchNew(call)
                try await thief.script("rollback")
            }
            await thief.close()
        }
    }

    private static func run(
        _ body: (TestStore, Forger, _ alice: StoredUser) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            for name in ["alice", "bob"] {
                let user = try await test.launchedUser(name)
                let connection = test.connection(
                    of: user,
                    human: "human \(name)",
                    accessToken: "access \(name)",
                    publicToken: "public \(name)"
                )
                _ = try await test.store.write(connection, to: user)
            }
            try await body(test, try Forger(test), try await test.user("alice"))
        }
    }

    private static func verify(_ test: TestStore) async throws -> [VerificationReport.Finding] {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        return try await Verification.run(test.owner, plan: plan).findings
    }

    @Test("a forged event is not served, is named, and changes nothing once it was repaired")
    func brokenConnection() async throws {
        try await Self.run { test, forger, alice in
            let position = try await test.store.size(log: .facts)
            try await forger.append(.connectionBroken(reason: "forged"), to: alice)
            await #expect(throws: StoreError.damaged(.state)) { try await test.user("alice") }
            #expect(try await test.user("bob").state.status == .connected)
            let found = try await test.store.users(of: test.app, after: nil, limit: 10)
            #expect(found.count == 2, "the others are listed")

            let named = try await Self.verify(test)
            #expect(named.contains { $0.position == position && $0.kind == .recordForged })
            #expect(named.contains { $0.kind == .projectionDiffers })

            let report = try await test.rebuild()
            #expect(report.differences == 1 && report.named == [alice.subject])
            #expect(report.forged == 1)
            var user = try await test.user("alice")
            #expect(user.state.status == .connected)
            #expect(user.state.version == alice.state.version + 1)
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access alice")
            #expect(try await Self.verify(test).map(\.kind) == [.recordForged])

            // Its version is not occupied, and whoever folds the story goes on.
            let outcome = try await test.store.write(test.launch(user), to: user)
            guard case .written = outcome else {
                Issue.record("\(outcome)")
                return
            }
            user = try await test.user("alice")
            let story = try await test.store.wholeHistory(of: user)
            #expect(story.filter(\.isForged).map(\.position) == [position])
            var state = SubjectState()
            for event in story { try state.apply(try event.genuineRecord()) }
            #expect(state == user.state)
            #expect(try await Self.verify(test).map(\.kind) == [.recordForged])
        }
    }

    @Test("whoever signs the log says that records came which the service did not write")
    func condition() async throws {
        try await Self.run { test, forger, alice in
            let integrator = Integrator(
                store: test.store,
                pools: test.store.pools,
                checkpointFolder: nil,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            var watched: WatchedLog?
            try await forger.append(.connectionBroken(reason: "forged"), to: alice)
            try await integrator.look(at: .facts, &watched)
            #expect(integrator.conditions == [], "those from before the start are told in the log")
            _ = try await test.launchNew("carol")
            try await integrator.look(at: .facts, &watched)
            #expect(integrator.conditions == [])
            let bob = try await test.user("bob")
            try await forger.append(.connectionBroken(reason: "forged"), to: bob)
            for _ in 0..<2 {
                try await integrator.look(at: .facts, &watched)
                #expect(integrator.conditions == [.recordsForged(.facts, count: 1)])
            }
        }
    }

    @Test("tokens that a forged event put away come back")
    func tokens() async throws {
        try await Self.run { test, forger, alice in
            let forged = LedgerEvent.IssuedToken(
                version: 2,
                fingerprint: forger.vault.fingerprint(
                    .accessToken,
                    of: Secret("forged"),
                    app: test.app.id
                )
            )
            try await forger.append(.accessTokenRotated(forged, cause: alice.subject), to: alice)
            await #expect(throws: StoreError.damaged(.state)) { try await test.user("alice") }
            try await test.rebuild()
            let user = try await test.user("alice")
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access alice")
            #expect(try test.store.value(.publicToken, of: user)?.exposed == "public alice")
            #expect(try await Self.verify(test).map(\.kind) == [.recordForged])
        }
    }

    private static func isFirstToken(_ event: StoredEvent) throws -> Bool {
        guard case .accessTokenRotated(let token, _) = try event.record().event else {
            return false
        }
        return token.version == 1
    }

    /// That she finishes once more.
    private static func secondConnection(_ test: TestStore, _ alice: StoredUser) -> Change {
        test.connection(
            of: alice,
            human: "human alice",
            accessToken: "access 2",
            publicToken: "public 2"
        )
    }

    @Test("a genuine record that is appended again, elsewhere, counts as nothing")
    func again() async throws {
        try await Self.run { test, forger, alice in
            let connection = Self.secondConnection(test, alice)
            _ = try await test.store.write(connection, to: alice)
            let story = try await test.store.wholeHistory(of: alice)
            let rotation = try #require(
                story.first { try Self.isFirstToken($0) }
            )
            let position = try await test.store.size(log: .facts)
            try await forger.append(.connectionBroken(reason: "forged"), to: test.user("alice"))
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                update ledger.event new set record = old.record, mac = old.mac, type = old.type
                from ledger.event old where (new.log_id, new.position) = (0, \(position))
                    and (old.log_id, old.position) = (0, \(rotation.position));
                alter table ledger.event enable always trigger event_is_immutable;
                alter table ledger.event enable always trigger event_is_not_truncated;
                """
            )
            await owner.close()
            #expect(try await test.rebuild().forged == 1)
            let user = try await test.user("alice")
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access 2")
            let events = try await test.store.wholeHistory(of: user)
            #expect(events.filter(\.isForged).map(\.position) == [position])
        }
    }

    @Test("no command takes a version, or a value's place, that is not its own")
    func places() async throws {
        try await Self.run { test, forger, alice in
            var change = Change(context: RecordContext(actor: "service"))
            change.append(.connectionBroken(reason: "forged"))
            let (counted, _) = try test.store.prepare(change, of: alice)
            let uncounted = AppendCommand(
                app: counted.app,
                subject: counted.subject,
                expected: nil,
                time: counted.time,
                state: nil,
                events: counted.events
            )
            var squatting = counted
            squatting.values = [.init(kind: .accessToken, version: 1, bytes: [1])]
            let noted = try test.store.prepare(change, of: alice).0
            var bringing = AppendCommand(
                app: noted.app,
                subject: noted.subject,
                expected: nil,
                time: noted.time,
                state: nil,
                events: []
            )
            bringing.values = [.init(kind: .sessionToken, version: 99, bytes: [1])]
            for command in [uncounted, squatting, bringing] {
                let error = await #expect(throws: PostgresError.self) {
                    _ = try await forger.append(command)
                }
                #expect(error?.sqlState?.rawValue == "LG005")
            }
            #expect(try await test.user("alice").state == alice.state)
        }
    }

    @Test("what somebody else wrote under the id of an event of ours settles nothing")
    func takenID() async throws {
        try await Self.run { test, forger, alice in
            let id = test.store.clock.identifier()
            var change = Change(context: RecordContext(actor: "service"))
            change.append(.connectionBroken(reason: "forged"), id: id)
            let bob = try await test.user("bob")
            _ = try await forger.append(try test.store.prepare(change, of: bob).0)
            await #expect(throws: StoreError.damaged(.record)) {
                try await test.store.write(change, to: alice)
            }
        }
    }

    @Test("a record that is none, and a first event of nobody, hinder no repair")
    func nonsense() async throws {
        try await Self.run { test, forger, alice in
            try await forger.append(.connectionBroken(reason: "forged"), to: alice)
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                update ledger.event set record = '{"no":1}'::bytea where type = 'connection.broken';
                alter table ledger.event enable trigger all;
                """
            )
            let nobody = test.store.newUser(Secret("nobody"), of: test.app)
            try await forger.append(.connectionBroken(reason: "forged"), to: nobody)
            #expect(try await test.rebuild().users == 2)
            #expect(try await test.user("alice").state.status == .connected)
            #expect(try await test.user("bob").state.status == .connected)
            // Of nobody nothing is left that would keep a real user of this id away.
            let outcome = try await test.launchNew("nobody")
            guard case .written = outcome else {
                Issue.record("\(outcome)")
                return
            }
            let real = try await test.user("nobody")
            #expect(try test.store.value(.clientUserID, of: real)?.exposed == "nobody")
        }
    }

    @Test("a state of before, with its MAC, is not served as the one that counts")
    func rollback() async throws {
        try await Self.run { test, _, alice in
            let connection = Self.secondConnection(test, alice)
            let owner = try await test.ownerConnection()
            try await owner.script("create temp table before as select * from vault.user_state")
            _ = try await test.store.write(connection, to: alice)
            #expect(try await test.user("alice").state.accessToken?.version == 2)
            try await owner.script(
                """
                update vault.user_state now set state = b.state, state_mac = b.state_mac,
                    access_token_version = b.access_token_version
                from before b where b.subject = now.subject
                """
            )
            await #expect(throws: StoreError.damaged(.state)) { try await test.user("alice") }
            #expect(try await test.user("bob").state.status == .connected)
            try await test.rebuild()
            let user = try await test.user("alice")
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access 2")
        }
    }

    @Test("the value of a version that counts cannot be written over")
    func values() async throws {
        try await Self.run { test, forger, alice in
            var change = Change(context: RecordContext(actor: "service"))
            change.append(.connectionBroken(reason: "forged"))
            var (command, _) = try test.store.prepare(change, of: alice)
            command.current = [.accessToken: [1, 2, 3], .publicToken: [4, 5, 6]]
            command.changesTokens = true
            _ = try await forger.append(command)
            try await test.rebuild()
            let user = try await test.user("alice")
            #expect(try test.store.value(.accessToken, of: user)?.exposed == "access alice")
            #expect(try test.store.value(.publicToken, of: user)?.exposed == "public alice")
        }
    }

    @Test("a database that has keys is rebuilt only with the root key")
    func keys() async throws {
        try await Self.run { test, _, _ in
            await #expect(throws: VerificationFailure.rootKeyMissing) {
                try await ProjectionRebuild.run(test.owner, rootKeys: nil)
            }
            let other = RootKeys(RootKey(bytes: [UInt8](repeating: 9, count: 32)))
            await #expect(throws: VaultError.self) {
                try await ProjectionRebuild.run(test.owner, rootKeys: other)
            }
        }
    }
}

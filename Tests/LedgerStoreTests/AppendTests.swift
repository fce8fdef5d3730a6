import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("The append", .timeLimit(.minutes(5)))
struct AppendTests {
    @Test("positions are dense from 0, in the order of commands and of their events")
    func positions() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let start = try await factory.size()
            #expect(start == 1, "the app's own event stands at 0")
            let batch = [factory.command(events: 3), factory.command(), factory.command(events: 2)]
            #expect(
                try await factory.send(batch) == [
                    .appended(position: 1), .appended(position: 4), .appended(position: 5),
                ]
            )
            #expect(try await factory.send([factory.command()]) == [.appended(position: 7)])
            let log = try await test.log()
            #expect(log.map(\.position) == Array(0..<8))
            let sent = batch.flatMap { $0.events.map(\.bytes) }
            #expect(log[1..<7].map(\.bytes) == sent, "the bytes are stored as they were sent")
        }
    }

    @Test("positions of one log do not depend on another")
    func logs() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("alice")
            try await test.store.recordReads(
                [(.accessToken, 1), (.publicToken, 2)],
                of: user,
                test.app,
                key: "key",
                context: TestStore.context
            )
            let reads = try await test.log(.access)
            #expect(reads.map(\.position) == [0, 1])
            #expect(
                try reads.map { try $0.record().event } == [
                    .tokenRead(kind: .accessToken, version: 1, key: "key"),
                    .tokenRead(kind: .publicToken, version: 2, key: "key"),
                ]
            )
            #expect(try reads.allSatisfy { try $0.record().subject == user.subject })
            #expect(try await CommandFactory(test: test).size() == 2)
        }
    }

    @Test("a refused command leaves its neighbours alone")
    func verdicts() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let known = factory.clock.identifier()
            let taken = factory.fingerprint("taken")
            let id = factory.clock.identifier()
            let first = try await factory.send([
                factory.command(known, ids: [id], claims: [(.session, taken)])
            ])
            #expect(first == [.appended(position: 1)])
            let verdicts = try await factory.send([
                factory.command(),
                factory.command(known, expected: 0),
                factory.command(known, expected: 2),
                factory.command(events: 2, ids: [factory.clock.identifier(), id]),
                factory.command(claims: [(.session, taken)]),
                factory.command(claims: [(.human, taken)]),
                factory.command(claims: [(.human, factory.fingerprint("free")), (.session, taken)]),
                factory.command(known, expected: 1),
            ])
            #expect(
                verdicts == [
                    .appended(position: 2), .conflict, .conflict, .repeated(position: 1),
                    .claimed(.session), .appended(position: 3), .claimed(.session),
                    .appended(position: 4),
                ]
            )
            #expect(try await test.log().count == 5)
            let claims = try await test.count(
                Statement("claims", "select count(*) from vault.lookup")
            )
            #expect(claims == 2, "a refused command claims nothing")
        }
    }

    @Test("a command is written whole or not at all")
    func atomicity() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let subject = factory.clock.identifier()
            // Longer than any record may be: the table's own check refuses it, after the others.
            var broken = factory.command(subject, events: 2)
            let record = broken.events[1].record
            let event = AppendCommand.Event(
                record: record,
                bytes: [UInt8](repeating: 0x20, count: 20_000)
            )
            broken = AppendCommand(
                app: broken.app,
                subject: subject,
                expected: 0,
                time: broken.time,
                state: broken.state,
                events: [broken.events[0], event],
                claims: [
                    .init(
                        kind: .session,
                        fingerprint: factory.fingerprint("s"),
                        reference: record.id
                    )
                ],
                values: [.init(kind: .sessionToken, version: 1, bytes: [1])]
            )
            let error = await #expect(throws: PostgresError.self) {
                try await factory.send([factory.command(), broken])
            }
            #expect(error?.sqlState == .checkViolation)
            let size = try await factory.size()
            #expect(size == 1, "a rollback gives its positions back")
            for statement in [
                Statement("count_users", "select count(*) from vault.user_state"),
                Statement("count_claims", "select count(*) from vault.lookup"),
                Statement(
                    "count_values",
                    "select count(*) from vault.value where kind = 'session_token'"
                ),
            ] {
                #expect(try await test.count(statement) == 0, "\(statement.name)")
            }
            #expect(try await factory.send([factory.command(subject)]) == [.appended(position: 1)])
        }
    }

    @Test("a subject's versions have no holes, and the projection stands at the last")
    func versions() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            let events = try await test.store.wholeHistory(of: user)
            #expect(try events.map { try $0.record().subjectVersion } == Array(1...6))
            #expect(user.state.version == 6)
            let second = try await test.store.history(of: user, after: 3, limit: 1)
            #expect(try second.map { try $0.record().subjectVersion } == [4])
        }
    }

    @Test("events that do not fit their command are refused, all of them")
    func malformed() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let good = factory.command(events: 2)
            func command(
                _ subject: Identifier,
                _ expected: Int64,
                _ events: [AppendCommand.Event]
            ) -> AppendCommand {
                AppendCommand(
                    app: good.app,
                    subject: subject,
                    expected: expected,
                    time: good.time,
                    state: good.state,
                    events: events
                )
            }
            let foreign = factory.clock.identifier()
            for malformed in [
                command(foreign, 0, good.events), command(good.subject, 1, good.events),
                command(good.subject, 0, [good.events[1]]),
                command(good.subject, 0, []),
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await factory.send([factory.command(), malformed])
                }
                #expect(error?.sqlState?.rawValue == "LG005")
            }
            // One event twice is right by the sum; there the unique key refuses.
            let twice = command(good.subject, 0, [good.events[0], good.events[0]])
            let error = await #expect(throws: PostgresError.self) {
                try await factory.send([factory.command(), twice])
            }
            #expect(error?.sqlState == .uniqueViolation)
            let verdicts = try await factory.send([good])
            #expect(verdicts == [.appended(position: 1)])
        }
    }

    @Test("who decided on an outdated state is told so, not that its own subject has the claim")
    func conflictFirst() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let subject = factory.clock.identifier()
            let claim = [(LookupKind.human, factory.fingerprint("human"))]
            let first = try await factory.send([factory.command(subject, claims: claim)])
            #expect(first == [.appended(position: 1)])
            #expect(
                try await factory.send([factory.command(subject, claims: claim)]) == [.conflict]
            )
        }
    }

    @Test(
        "a state is read back whatever its texts hold",
        arguments: ["", "\u{0}", "\u{1}\"\\\n", "\u{301}é\u{2028}😀", "\\u0000"]
    )
    func texts(text: String) async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            var change = Change(context: TestStore.context)
            change.append(.connectionBroken(reason: text))
            _ = try await test.store.write(change, to: user)
            let read = try await test.user("alice")
            #expect(read.state.brokenReason == text)
            #expect(try test.store.value(.accessToken, of: read)?.exposed == "access alice")
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test("a dropped value is found by its key, also under a plan made while there were few")
    func dropPlan() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let connection = try await test.serviceConnection()
            let subject = factory.clock.identifier()
            var version: Int64 = 0
            let drop = { () async throws in
                var command = factory.command(subject, expected: version)
                command.drops = [.init(kind: .sessionToken, version: version)]
                command.values = [.init(kind: .sessionToken, version: version + 1, bytes: [1])]
                let append = AppendStatement([command], log: .facts, vault: test.store.vault)
                let verdicts = try await connection.query(append.statement) {
                    result throws(PostgresError) in try append.verdicts(result)
                }
                #expect(verdicts == [.appended(position: version + 1)])
                version += 1
            }
            // More often than PostgreSQL waits before it caches a plan for all parameters.
            for _ in 0..<8 { try await drop() }
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into vault.value select 0, gen_random_uuid(), 'session_token', 1, 'x'
                from generate_series(1, 5000)
                """
            )
            await owner.close()
            let before = try await valuesRead(connection)
            try await drop()
            let after = try await valuesRead(connection)
            #expect(after - before < 100)
            let kept = try await test.count(
                Statement(
                    "kept_values",
                    "select count(*) from vault.value where kind = 'session_token'"
                )
            )
            #expect(kept == 5_001)
        }
    }

    private func valuesRead(_ connection: PostgresConnection) async throws -> Int64 {
        try await connection.script("select pg_stat_force_next_flush()")
        try await connection.script("select pg_stat_clear_snapshot()")
        return try await connection.query(
            Statement(
                "test_values_read",
                """
                select i.idx_tup_read + t.seq_tup_read from pg_stat_user_indexes i
                join pg_stat_user_tables t using (relid) where i.indexrelname = 'value_pkey'
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    @Test("two events can never stand at one place, even past the function")
    func uniqueKeys() async throws {
        try await TestStore.run { test in
            _ = try await test.launchedUser("alice")
            let owner = try await test.ownerConnection()
            let columns = "app_id, subject, subject_version, type, recorded_at, record"
            for row in [
                "0, 1, gen_random_uuid(), app_id, null, null, type, recorded_at, record",
                "0, 9, event_id, app_id, null, null, type, recorded_at, record",
                "0, 9, gen_random_uuid(), \(columns)",
            ] {
                let error = await #expect(throws: PostgresError.self) {
                    try await owner.script(
                        """
                        insert into ledger.event (log_id, position, event_id, \(columns))
                        select \(row) from ledger.event where log_id = 0 and position = 1
                        """
                    )
                }
                #expect(error?.sqlState == .uniqueViolation)
            }
        }
    }

    @Test("the append refuses any isolation but read committed, and a log that is not there")
    func isolation() async throws {
        try await TestStore.run { test in
            let factory = CommandFactory(test: test)
            let append = AppendStatement([factory.command()], log: .facts, vault: test.store.vault)
            for level in ["repeatable read", "serializable"] {
                let connection = try await test.serviceConnection()
                try await connection.script("begin isolation level \(level)")
                let error = await #expect(throws: PostgresError.self) {
                    try await connection.query(append.statement) { _ in }
                }
                #expect(error?.sqlState?.rawValue == "LG002")
            }
            let error = await #expect(throws: PostgresError.self) {
                let row = factory.command().row(.facts, test.store.vault)
                let append = Statement(
                    "test_append",
                    "select from ledger.append_events(7, array[$1::ledger.append_command], $2)",
                    .row(row),
                    .bytea(test.store.vault.databaseSecret)
                )
                try await test.pool.query(append) { _ throws(PostgresError) in }
            }
            #expect(error?.sqlState?.rawValue == "LG003")
            #expect(try await factory.size() == 1)
        }
    }
}

import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

/// What statements cost under plans that were made while the tables were almost empty.
@Suite("Plans", .timeLimit(.minutes(5)))
struct PlanTests {
    /// Far more than a plan for small tables could afford to read.
    private static let usersCount = 50_000

    @Test(
        "the tables may grow a thousandfold: no statement reads more rows than before",
        arguments: [false, true]
    )
    func growth(isAnalysed: Bool) async throws {
        try await TestStore.run(pairs: 2) { test in
            try await leaveStatistics(test, isAnalysed: isAnalysed)
            let session = PlannedSession(
                factory: CommandFactory(test: test),
                connection: try await test.serviceConnection()
            )
            let all: [(name: String, run: () async throws -> Void)] = [
                ("launch of a new user", session.launchNew),
                ("launch of a known user", session.launchKnown),
                ("the long way", session.finish),
                ("read by fingerprint", session.readByFingerprint),
                ("read by subject", session.readBySubject),
                ("accesses of a user", session.readAccesses),
                ("values that are due", session.findDue), ("a drop", session.drop),
                ("an app's last drop", session.readLastDrop),
                ("an event by its id", session.readEvent),
                ("a user's history", session.readHistory), ("a user's events", session.readEvents),
                ("a user's last events", session.readLatestEvents),
                ("last accesses of a user", session.readLatestAccesses),
                ("a session's claim", session.lookUp), ("whose a token was", session.search),
                ("what became of an append", session.settle),
                ("finalizes that are due", session.findUnsettled),
                ("a user's row for the maps", session.readState),
                ("what the maps have to follow", session.readChangedStates),
                ("a take-over", session.takeOver), ("problems", session.recordProblems),
                ("a claim across logs", session.claimAcrossLogs),
            ]
            let operations = all.filter { !isAnalysed || Self.functions.contains($0.name) }
            // More often than PostgreSQL waits before it keeps a plan for all parameters.
            for operation in operations { for _ in 0..<8 { try await operation.run() } }
            var before: [String: Int64] = [:]
            for (name, run) in operations { before[name] = try await session.rowsRead(run) }
            try await fill(test, session.known)
            for (name, run) in operations {
                let after = try await session.rowsRead(run)
                let first = try #require(before[name])
                #expect(after <= first + 16, "\(name)")
            }
        }
    }

    /// What functions do, which forbid plans for small tables.
    ///
    /// Other statements are planned anew once the tables were analysed, which autovacuum sees to.
    private static let functions: Set<String> = [
        "launch of a new user", "launch of a known user", "the long way", "read by fingerprint",
        "read by subject", "a drop", "whose a token was", "what became of an append",
        "a user's row for the maps", "what the maps have to follow",
        "a take-over", "problems", "a claim across logs",
    ]

    /// Nobody analyses the tables from now on; where they were, the planner knows how small they are.
    private func leaveStatistics(_ test: TestStore, isAnalysed: Bool) async throws {
        let owner = try await test.ownerConnection()
        for table in [
            "ledger.event", "ledger.problem", "vault.user_state", "vault.value", "vault.lookup",
            "vault.burned",
        ] {
            try await owner.script("alter table \(table) set (autovacuum_enabled = off)")
        }
        if isAnalysed { try await owner.script("vacuum analyze") }
        await owner.close()
    }

    /// Adds users with all that they leave in the tables; nothing is analysed.
    private func fill(_ test: TestStore, _ known: Identifier) async throws {
        let owner = try await test.ownerConnection()
        try await owner.script(
            """
            create temp table new_user as
            select n, gen_random_uuid() as subject from generate_series(1, \(Self.usersCount)) as n;
            insert into ledger.event
            select 0, size + n - 1, gen_random_uuid(), '\(test.app.id)', subject, 1, 'connect.launched',
                now(), '{}'
            from new_user, ledger.log where log_id = 0;
            update ledger.log set size = size + \(Self.usersCount) where log_id = 0;
            insert into vault.user_state
            select 0, '\(test.app.id)', subject, 1, now(), 'launched', null, null, null, '{}', null,
                uuid_send(subject), 'x', 'x', 'x'
            from new_user;
            insert into vault.lookup
            select 0, kind, uuid_send(subject), subject, subject
            from new_user, unnest(array['session', 'human']) as kind;
            insert into vault.burned
            select log_id, subject from new_user, unnest(array[0, 2]) as log_id;
            insert into ledger.event
            select 1, size + n - 1, gen_random_uuid(), '\(test.app.id)',
                case when n % 2 = 0 then subject else '\(known)' end, null, 'token.read', now(), '{}'
            from new_user, ledger.log where log_id = 1;
            update ledger.log set size = size + \(Self.usersCount) where log_id = 1;
            insert into ledger.event
            select 0, size + n - 1, gen_random_uuid(), '\(test.app.id)', subject, 2, 'access_token.rotated',
                now(), convert_to('{"fingerprint":"' || md5(n::text) || '"}', 'UTF8')
            from new_user, ledger.log where log_id = 0;
            update ledger.log set size = size + \(Self.usersCount) where log_id = 0;
            insert into ledger.problem
            select 0, '\(test.app.id)', subject, 'x', 'open', null, 1, 1, 0, now(), 0, now(), 0, now(),
                now(), null, '{}', '{}'
            from new_user;
            insert into vault.value select 0, subject, 'session_token', 1, 'x' from new_user;
            insert into vault.value
            select 0, subject, 'access_token', 1, 'x', '\(test.app.id)', now() from new_user;
            """
        )
        await owner.close()
    }
}

/// Statements of the store, all in one session, which keeps their plans.
private final class PlannedSession {
    private let factory: CommandFactory
    private let connection: PostgresConnection
    private var number = 0
    private var version: Int64 = 0
    let known: Identifier

    init(factory: CommandFactory, connection: PostgresConnection) {
        self.factory = factory
        self.connection = connection
        known = factory.clock.identifier()
    }

    private func nextName() -> Fingerprint {
        number += 1
        return factory.fingerprint("user \(number)")
    }

    private func append(_ commands: [AppendCommand], tellsEach: Bool = false) async throws {
        let append = AppendStatement(
            commands,
            log: .facts,
            vault: factory.test.store.vault,
            tellsEach: tellsEach
        )
        #expect(append.isShort != tellsEach)
        let verdicts = try await connection.query(append.statement) {
            result throws(PostgresError) in try append.verdicts(result)
        }
        for verdict in verdicts {
            guard case .appended? = verdict else {
                Issue.record("\(String(describing: verdict))")
                continue
            }
        }
    }

    func launchNew() async throws {
        try await append([factory.command(claims: [(.user, nextName())])])
    }

    func launchKnown() async throws {
        try await append([factory.command(known, expected: version)])
        version += 1
    }

    func finish() async throws {
        var command = factory.command(
            known,
            expected: version,
            events: 2,
            claims: [(.session, nextName()), (.human, nextName())]
        )
        command.claims[0].reservation = factory.clock.identifier()
        command.values = [.init(kind: .sessionToken, version: version + 1, bytes: [1])]
        command.drops = [
            .init(kind: .sessionToken, version: version - 1), .init(kind: .humanID, version: 1),
        ]
        try await append([command], tellsEach: true)
        version += 2
    }

    /// Of a token that nobody has got since the log began.
    func takeOver() async throws {
        var command = factory.command(claims: [(.user, nextName())])
        command.unheld = [.init(fingerprint: factory.fingerprint("nobody's"), checkedUntil: 0)]
        try await append([command], tellsEach: true)
    }

    /// Of one user, whose problem it is from the first time on.
    func recordProblems() async throws {
        let next = try await connection.query(
            Statement(
                "test_progress",
                "select next_position from ledger.problem_progress where log_id = 0"
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
        let place = ProblemPlace(app: factory.test.app.id, about: known)
        var batch = ProblemBatch(.facts, [place], [])
        batch.apply(factory.command(known).events[0].record, at: next, in: place)
        #expect(!batch.rows.isEmpty)
        let secret = factory.test.store.vault.databaseSecret
        let isWritten = try await connection.query(
            batch.statement(from: next, to: next, secret: secret)
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        #expect(isWritten)
    }

    /// Its steps, until it is given up.
    func claimAcrossLogs() async throws {
        let claimant = CommandFactory.claimant(of: Log(.facts, pair: 1), clock: factory.clock)
        let place = ClaimPlace(kind: .session, fingerprint: nextName(), home: 0)
        let secret = factory.test.store.vault.databaseSecret
        let reference = claimant.newReference()
        for statement in [
            Claimer.reserve(place, for: claimant, secret), Claimer.look(at: place),
            Claimer.made(place, logID: 2), LedgerStore.claim(.human, place.fingerprint, .facts),
            Claimer.fence(reference, at: place, secret),
            Claimer.release(reference, at: place, secret),
            Claimer.reservations(of: claimant.subject, in: 0),
        ] { try await read(statement) }
    }

    func readByFingerprint() async throws {
        try await read(factory.fingerprint("user 1"), nil)
    }

    func readBySubject() async throws {
        try await read(nil, known)
    }

    func readAccesses() async throws {
        _ = try await connection.query(
            LedgerStore.accesses(
                of: known,
                app: factory.test.app.id,
                log: .access,
                from: 0,
                limit: 3
            )
        ) { result throws(PostgresError) in result.rowCount }
    }

    func findDue() async throws {
        let due = LedgerStore.supersededValues(.facts, by: factory.clock.now())
        let count = try await connection.query(due) { result throws(PostgresError) in
            result.rowCount
        }
        #expect(count == 0)
    }

    /// Of values that are gone already.
    func drop() async throws {
        let test = factory.test
        let values = SupersededValues(
            log: .facts,
            app: test.app.id,
            clientID: "demo",
            until: factory.clock.now().adding(seconds: -2 * 86_400),
            count: 1
        )
        _ = try await connection.query(LedgerStore.owners(of: values)) {
            result throws(PostgresError) in result.rowCount
        }
        let isDropped = try await connection.query(test.store.drop(values)) {
            result throws(PostgresError) in try result.bool(0, 0)
        }
        #expect(!isDropped)
    }

    func readLastDrop() async throws {
        _ = try await connection.query(LedgerStore.lastDrops(of: factory.test.app.id, .facts)) {
            result throws(PostgresError) in result.rowCount
        }
    }

    private func read(_ statement: Statement) async throws {
        _ = try await connection.query(statement) { result throws(PostgresError) in
            result.rowCount
        }
    }

    func readEvent() async throws {
        try await read(LedgerStore.event(id: factory.clock.identifier(), log: .facts))
    }

    func readHistory() async throws {
        try await read(LedgerStore.history(of: known, log: .facts, after: 0, limit: 3))
    }

    private var ofKnown: EventQuery { EventQuery(clientID: "demo", subject: known) }

    func readEvents() async throws {
        try await read(ofKnown.statement(log: .facts, positions: 0..<1_000_000, limit: 3))
    }

    func readLatestEvents() async throws {
        try await read(ofKnown.latestStatement(log: .facts, positions: 0..<1_000_000, limit: 3))
    }

    func readLatestAccesses() async throws {
        try await read(ofKnown.latestStatement(log: .access, positions: 0..<1_000_000, limit: 3))
    }

    func lookUp() async throws {
        try await read(LedgerStore.claim(.session, factory.fingerprint("nobody's"), .facts))
    }

    func search() async throws {
        let fingerprint = factory.fingerprint("nobody's").description
        try await read(
            Statement(
                "test_find_tokens",
                "select position from ledger.find_tokens(0, $1, $2, 10)",
                .uuid(factory.test.app.id.value),
                .byteaArray([Array(fingerprint.utf8)])
            )
        )
    }

    func settle() async throws {
        try await read(
            Statement(
                "test_settle",
                "select settled_position from ledger.settle_events(0, $1, $2)",
                .uuidArray([factory.clock.identifier().value]),
                .bytea(factory.test.store.vault.databaseSecret)
            )
        )
    }

    func findUnsettled() async throws {
        try await read(
            LedgerStore.unsettledUsers(.facts, by: factory.clock.now(), after: nil, limit: 3)
        )
    }

    /// The row is there, with its newest event.
    func readState() async throws {
        let app = factory.test.app.id.value
        let stretch = StateStretch(
            after: .init(app: app, subject: known.value - 1),
            last: .init(app: app, subject: known.value)
        )
        let count = try await connection.query(LedgerStore.statement(stretch, .facts)) {
            result throws(PostgresError) in result.rowCount
        }
        #expect(count == 1)
    }

    /// In the last of the log, as it was before it grew.
    func readChangedStates() async throws {
        try await read(LedgerStore.changes(20..<24, .facts))
    }

    private func read(_ fingerprint: Fingerprint?, _ subject: Identifier?) async throws {
        let question = UserReader.Question(
            log: .facts,
            app: factory.test.app.id,
            fingerprint: fingerprint,
            subject: subject
        )
        let count = try await connection.query(UserReader.statement([question])) {
            result throws(PostgresError) in result.rowCount
        }
        #expect(count == 1)
    }

    /// How many rows the tables and their indexes gave to what was run.
    func rowsRead(_ body: () async throws -> Void) async throws -> Int64 {
        let before = try await rowsRead()
        try await body()
        return try await rowsRead() - before
    }

    private func rowsRead() async throws -> Int64 {
        try await connection.script("select pg_stat_force_next_flush()")
        try await connection.script("select pg_stat_clear_snapshot()")
        return try await connection.query(
            Statement(
                "test_rows_read",
                """
                select (
                    (select coalesce(sum(seq_tup_read), 0) from pg_stat_user_tables
                        where schemaname in ('ledger', 'vault'))
                    + (select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes
                        where schemaname in ('ledger', 'vault'))
                )::bigint
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }
}

import Ledger
@testable import LedgerStore
import Postgres
import SeededRandom
import TestSupport
import Testing
import Vault

@Suite("Problems, stored", .timeLimit(.minutes(5)))
struct ProblemTests {
    private static let broken = LedgerEvent.connectionBroken(reason: "provider_401")

    @Test(
        "three copies that fold in whatever steps, and die in whatever step, give what the log gives",
        arguments: UInt64(1)...3
    )
    func copies(seed: UInt64) async throws {
        try await TestStore.run { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for copy in 0..<3 {
                    group.addTask { try await Self.fold(test, seed: seed &* 10 &+ UInt64(copy)) }
                }
                try await RandomHistory(test: test, seed: seed).run(users: 12, steps: 25)
                let app = try await Self.pausedEndpoint(test)
                _ = app
                try await group.waitForAll()
            }
            await test.foldProblems()
            let progress = try await test.store.problemProgress(.facts)
            #expect(progress.next == progress.size)
            let due = try await Self.foldedLog(test)
            let found = try await Self.rows(test)
            #expect(due.count > 12, "seed \(seed)")
            #expect(found.count == due.count, "seed \(seed)")
            for problem in due { #expect(found.contains(problem), "seed \(seed), \(problem.name)") }
            let counts = try await test.store.problemCounts(of: test.app)
            let counted = Dictionary(grouping: due) { [$0.name.kind.rawValue, $0.state.rawValue] }
            for count in counts {
                let rows = counted[[count.kind.rawValue, count.state.rawValue]] ?? []
                #expect(count.count == Int64(rows.count), "seed \(seed), \(count)")
            }
            #expect(counts.reduce(0) { $0 + $1.count } == Int64(due.count), "seed \(seed)")
        }
    }

    /// Folds in small steps, and gives up many of them half-way.
    private static func fold(_ test: TestStore, seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<150 {
            let (events, positions) = (Int(random.next() % 5) + 1, Int64(random.next() % 40) + 1)
            let wait = random.next() % 4_000
            let isKilled = random.next() % 3 == 0
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    _ = try await test.store.foldProblems(
                        .facts,
                        eventsMax: events,
                        positionsMax: positions
                    )
                }
                if isKilled {
                    try await Task.sleep(for: .microseconds(wait))
                    group.cancelAll()
                }
                do {
                    try await group.waitForAll()
                } catch StoreError.unavailable, StoreError.outcomeUnknown {
                    // Its statement was ended, before or after its commit.
                }
            }
        }
    }

    /// What the pure fold makes of all records.
    private static func foldedLog(_ test: TestStore) async throws -> [TrackedProblem] {
        var folds: [Identifier: ProblemFold] = [:]
        var position: Int64 = 0
        while true {
            let page = try await test.store.page(log: .facts, from: position)
            for event in page {
                let record = try event.record()
                guard let about = ProblemFold.about(record) else { continue }
                folds[about, default: ProblemFold()].apply(record, at: event.position)
            }
            guard let last = page.last else { break }
            position = last.position + 1
        }
        return folds.values.flatMap(\.problems.values)
    }

    private static func rows(_ test: TestStore) async throws -> [TrackedProblem] {
        var problems: [TrackedProblem] = []
        var before: LogPlaces?
        while true {
            let page = try await test.store.problems(
                of: test.app,
                ProblemQuery(),
                before: before,
                limit: 7
            )
            problems += page.problems
            before = page.next
            if before == nil { return problems }
        }
    }

    private static func pausedEndpoint(_ test: TestStore) async throws -> Identifier {
        let made = try await test.store.add(
            WebhookDefinition(url: "https://hooks.example.com/"),
            of: test.app,
            context: TestStore.context
        )
        let webhook = try #require(made)
        let outcome = try await test.store.pause(
            webhook,
            .failing,
            of: test.app,
            context: TestStore.context
        )
        #expect(outcome == .written)
        return webhook.id
    }

    @Test("a copy that was overtaken writes nothing, and goes on from where the other is")
    func overtaken() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.tell(Self.broken, of: "alice")
            let known = try await test.store.problemProgress(.facts).next
            await test.foldProblems()
            let before = try await test.problems()
            let late = ProblemBatch(.facts, [ProblemPlace](), [])
            let connection = try await test.serviceConnection()
            let statement = late.statement(
                from: known,
                to: known + 1,
                secret: test.store.vault.databaseSecret
            )
            let isWritten = try await connection.query(statement) { result throws(PostgresError) in
                try result.bool(0, 0)
            }
            #expect(!isWritten)
            await connection.close()
            let progress = try await test.store.problemProgress(.facts)
            #expect(progress.next == progress.size)
            #expect(try await test.problems() == before)
            #expect(try await test.store.foldProblems(.facts) == .nothing)
        }
    }

    @Test("with the password of the service alone nobody writes a problem")
    func secret() async throws {
        try await TestStore.run { test in
            let connection = try await test.serviceConnection()
            for secret in [nil, [UInt8](repeating: 7, count: 32)] {
                let statement = ProblemBatch(.facts, [ProblemPlace](), []).statement(
                    from: 0,
                    to: 1,
                    secret: secret
                )
                let error = await #expect(throws: PostgresError.self) {
                    try await connection.execute(statement)
                }
                #expect(error?.sqlState == SQLState(rawValue: "LG011"))
            }
            await connection.close()
        }
    }

    @Test("the list goes from the one that was opened last, in pages, and heeds its conditions")
    func list() async throws {
        try await TestStore.run { test in
            let human = try #require(Fingerprint([UInt8](repeating: 1, count: 16)))
            for name in ["alice", "bob", "carol", "dave"] {
                _ = try await test.connectedUser(name)
                try await test.tell(Self.broken, of: name)
            }
            try await test.tell(
                .finishRefused(launch: test.app.id, human: human),
                of: "bob"
            )
            try await test.rotate("carol", "2")
            await test.foldProblems()
            let subjects = try await [
                test.user("dave").subject, test.user("carol").subject, test.user("bob").subject,
                test.user("alice").subject,
            ]
            let all = try await test.problems()
            #expect(all.map(\.name.about) == [subjects[2]] + subjects)
            #expect(try await Self.rows(test) == all)
            var query = ProblemQuery()
            query.states = [.open]
            #expect(try await test.problems(query) == all.filter { $0.state == .open })
            #expect(all.filter { $0.state == .open }.count == 4)
            query.kinds = [.finishRefused]
            #expect(try await test.problems(query).map(\.name.about) == [subjects[2]])
            query = ProblemQuery()
            query.about = subjects[2]
            #expect(
                Set(try await test.problems(query).map(\.name.kind)) == [
                    .needsReconnect, .finishRefused,
                ]
            )
            query.states = [.resolved]
            #expect(try await test.problems(query) == [])
            let open = all.first { $0.state == .resolved }
            #expect(open?.name.about == subjects[1])
        }
    }

    @Test("muting is an event of who does it, and the problem is as the answer says")
    func muting() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.tell(Self.broken, of: "alice")
            let endpoint = try await Self.pausedEndpoint(test)
            await test.foldProblems()
            let context = RecordContext(actor: "key:0123456789ab", requestID: "r")
            for (kind, about) in [
                (ProblemKind.needsReconnect, user.subject), (.endpointPaused, endpoint),
            ] {
                let name = ProblemName(kind: kind, about: about)
                let found = try await test.store.problem(name, of: test.app)
                let problem = try #require(found)
                let answer = try await test.store.mark(
                    problem,
                    muted: true,
                    of: test.app,
                    context: context
                )
                let muted = try #require(answer)
                #expect((muted.state, muted.mutedBy) == (.muted, "key:0123456789ab"))
                await test.foldProblems()
                #expect(try await test.store.problem(name, of: test.app) == muted)
                let position = try #require(muted.positions.last)
                let stored = try await test.store.event(at: position, log: .facts)
                let record = try #require(stored).record()
                #expect(record.event == .problemMuted(.init(name)))
                #expect(record.actor == context.actor)
                #expect(record.subject == (kind.isOfEndpoint ? nil : user.subject))
                #expect((record.subjectVersion == nil) == kind.isOfEndpoint)
                // Once more changes nothing, and is no event.
                let size = try await test.store.size(log: .facts)
                let again = try await test.store.mark(
                    muted,
                    muted: true,
                    of: test.app,
                    context: context
                )
                #expect(again == muted)
                #expect(try await test.store.size(log: .facts) == size)
                let unmuted = try await test.store.mark(
                    muted,
                    muted: false,
                    of: test.app,
                    context: context
                )
                await test.foldProblems()
                #expect(try await test.store.problem(name, of: test.app) == unmuted)
                #expect(unmuted?.state == .open)
            }
            #expect(try await test.user("alice").state.status == .broken)
        }
    }

    @Test("an erasure leaves no problem, and no number of one")
    func erasure() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.tell(Self.broken, of: "alice")
            await test.foldProblems()
            let known = try await test.problems()
            #expect(known.count == 1)
            _ = try await test.erase("alice")
            let problem = try #require(known.first)
            let late = try await test.store.mark(
                problem,
                muted: true,
                of: test.app,
                context: TestStore.context
            )
            #expect(late == nil, "nothing can happen to who was erased")
            await test.foldProblems()
            #expect(try await test.problems() == [])
            #expect(try await test.store.problemCounts(of: test.app) == [])
            let connection = try await test.ownerConnection()
            let left = try await connection.query(
                Statement(
                    "left",
                    "select count(*) from ledger.problem where about = $1",
                    .uuid(user.subject.value)
                )
            ) { result throws(PostgresError) in try result.int8(0, 0) }
            #expect(left == 0)
            await connection.close()
        }
    }

    @Test("a record that the service did not write opens nothing")
    func forged() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await test.tell(Self.broken, of: "alice")
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.event disable trigger event_is_immutable;
                update ledger.event set mac = '\\x00000000000000000000000000000000'
                where type = 'connection.broken';
                alter table ledger.event enable always trigger event_is_immutable;
                """
            )
            await owner.close()
            await test.foldProblems()
            #expect(try await test.problems() == [])
            let progress = try await test.store.problemProgress(.facts)
            #expect(progress.next == progress.size)
        }
    }
}

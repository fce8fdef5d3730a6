import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

/// What pages count and list, where there is more than they may look at.
@Suite("Bounded counts and lists", .timeLimit(.minutes(5)))
struct OverviewTests {
    private static let size = Int(StoreLimits.countedUsersMax)
    /// More than one statement looks at, and less than two.
    private static let more = 5_000

    /// Adds users and events of the facts by SQL; the oldest user is broken, and its event is the
    /// only one of its type.
    private func fill(_ test: TestStore) async throws {
        let owner = try await test.ownerConnection()
        try await owner.script(
            """
            create temp table new_user as
            select n, overlay(gen_random_uuid()::text placing lpad(to_hex(n), 8, '0') from 1 for 8)::uuid
                as subject
            from generate_series(1, \(Self.size + Self.more)) as n;
            insert into ledger.event
            select 0, size + n - 1, gen_random_uuid(), '\(test.app.id)', subject, 1,
                case when n = 1 then 'connection.broken' else 'connect.launched' end,
                now() - interval '1 second' * (\(Self.size + Self.more) - n), '{}'
            from new_user, ledger.log where log_id = 0;
            update ledger.log set size = size + \(Self.size + Self.more) where log_id = 0;
            insert into vault.user_state
            select 0, '\(test.app.id)', subject, 1, now(),
                case when n = 1 then 'broken' else 'launched' end, null, null, null, '{}', null,
                uuid_send(subject), 'x', 'x', 'x'
            from new_user;
            """
        )
        await owner.close()
    }

    @Test("a count says what it has looked at, and looks at no more")
    func counts() async throws {
        try await TestStore.run { test in
            let none = try await test.store.userCounts(of: test.app)
            #expect(none.counts.isEmpty && !none.isCut)
            let start = test.store.clock.now().adding(seconds: -86_400)
            let before = try await test.store.recentEvents(of: test.app, since: start)
            #expect(before.since == start)
            try await fill(test)
            let counts = try await test.store.userCounts(of: test.app)
            #expect(counts.isCut && counts.counts == [.launched: Int64(Self.size)])
            let recent = try await test.store.recentEvents(of: test.app, since: start)
            #expect(recent.since > start)
            let counted = recent.hours.flatMap(\.counts.values).reduce(0, +)
            #expect(counted == Int64(Self.size))
            #expect(recent.hours.map(\.start) == recent.hours.map(\.start).sorted())
            #expect(recent.hours.allSatisfy { $0.start.microseconds % 3_600_000_000 == 0 })
        }
    }

    @Test("a list of few among many is found by going on, and says when nobody is left")
    func fewAmongMany() async throws {
        try await TestStore.run { test in
            try await fill(test)
            let (store, app) = (test.store, test.app)
            let first = try await store.newestUsers(of: app, in: .broken, before: nil, limit: 50)
            #expect(first.users.isEmpty)
            let next = try #require(first.next)
            let second = try await store.newestUsers(of: app, in: .broken, before: next, limit: 50)
            // Its row was not written by the service, so it cannot be read; but it is found.
            #expect(second.users.count == 1 && second.next == nil)
            let size = try await store.size(log: .facts)
            let rare = EventQuery(clientID: app.clientID, types: ["connection.broken"])
            let found = try await store.latestEvents(rare, log: .facts, before: size, limit: 50)
            #expect(found.events.count == 1 && found.next == nil)
            let late = try await store.latestEvents(
                rare,
                log: .facts,
                from: size - 10,
                before: size,
                limit: 50
            )
            // What is older than was asked for is nothing to go on to.
            #expect(late.events.isEmpty && late.next == nil)
            let unasked = EventQuery(clientID: app.clientID, types: ["finish.refused"])
            let cut = try await store.latestEvents(
                unasked,
                log: .facts,
                from: 5,
                before: size,
                limit: 50
            )
            #expect(cut.events.isEmpty && cut.next == nil)
            let other = EventQuery(clientID: "nobody's")
            let nothing = try await store.latestEvents(other, log: .facts, before: size, limit: 50)
            #expect(nothing.events.isEmpty)
        }
    }

    @Test("a page of events is the newest, and the next one begins where it ends")
    func pages() async throws {
        try await TestStore.run { test in
            for number in 0..<7 { _ = try await test.launchedUser("user \(number)") }
            let all = EventQuery(clientID: test.app.clientID)
            var end = try await test.store.size(log: .facts)
            let size = end
            var positions: [Int64] = []
            while true {
                let page = try await test.store.latestEvents(
                    all,
                    log: .facts,
                    before: end,
                    limit: 3
                )
                #expect(page.events.count <= 3)
                positions += page.events.map(\.position)
                guard let next = page.next else { break }
                end = next
            }
            #expect(positions == positions.sorted(by: >) && Set(positions).count == positions.count)
            #expect(positions.count >= 7 && positions.first == size - 1)
        }
    }

    @Test("a user's events are found in one stretch, and an event's neighbours are its app's")
    func subjectAndNeighbours() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("alice")
            for _ in 0..<3 {
                let context = RecordContext(actor: "service")
                try await test.store.recordView(of: user, test.app, context: context)
            }
            var query = EventQuery(clientID: test.app.clientID)
            query.subject = user.subject
            for log in Logs.one.ofEvents {
                let size = try await test.store.size(log: log)
                let page = try await test.store.latestEvents(
                    query,
                    log: log,
                    before: size,
                    limit: 50
                )
                #expect(try page.events.allSatisfy { try $0.record().subject == user.subject })
                #expect(page.events.count == (log == .access ? 3 : 1) && page.next == nil)
                let last = try #require(page.events.first)
                let near = try await test.store.neighbours(of: last)
                #expect(near.after == nil)
                guard log == .access else { continue }
                #expect(near.before == page.events[1].position)
                let middle = try await test.store.neighbours(of: page.events[1])
                #expect(middle.before == page.events[2].position)
                #expect(middle.after == page.events[0].position)
            }
        }
    }

    @Test("a time is the position of the first event that was recorded by then")
    func times() async throws {
        try await TestStore.run { test in
            try await fill(test)
            let size = try await test.store.size(log: .facts)
            let old = Timestamp(microseconds: 0)
            #expect(try await test.store.position(of: .facts, at: old) == 0)
            let late = test.store.clock.now().adding(seconds: 3_600)
            #expect(try await test.store.position(of: .facts, at: late) == size)
            for position in [size - 1, size - 777, size - 20_000] {
                let time = try #require(try await test.store.recordedAt(position, log: .facts))
                #expect(try await test.store.position(of: .facts, at: time) == position)
            }
        }
    }

    @Test("events are found by what their record holds, of the own app and as far as was looked")
    func holding() async throws {
        try await TestStore.run { test in
            let context = RecordContext(actor: "service", requestID: "a-request")
            let user = try await test.launchedUser("alice")
            try await test.store.recordView(of: user, test.app, context: context)
            try await test.store.recordView(of: user, test.app, context: RecordContext(actor: "x"))
            let size = try await test.store.size(log: .access)
            let found = try await test.store.latestEvents(
                of: test.app,
                holding: "\"requestid\":\"a-request\"",
                log: .access,
                before: size
            )
            #expect(found.events.map(\.position) == [size - 2] && found.from == 0)
            let accesses = try await test.store.latestAccesses(of: user, before: .max, limit: 9)
            #expect(accesses.map(\.position) == [size - 1, size - 2])
        }
    }

    @Test(
        "checkpoints are listed from the largest on, and one that our key did not sign is told apart"
    )
    func checkpoints() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into ledger.checkpoint (log_id, size, root, note)
                values (0, 1, decode(repeat('00', 32), 'hex'), 'no note'),
                    (0, 2, decode(repeat('00', 32), 'hex'), 'no note')
                """
            )
            await owner.close()
            let found = try await test.store.checkpoints(of: .facts, upTo: .max, limit: 9)
            #expect(found.filter { $0.size <= 2 }.map(\.size) == [2, 1])
            #expect(
                found.filter { $0.size <= 2 }.allSatisfy { $0.note == nil && $0.witnesses.isEmpty }
            )
            #expect(
                try await test.store.checkpoints(of: .facts, upTo: 1, limit: 9).map(\.size) == [1]
            )
        }
    }
}

import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

/// A claim across logs that ended after each of its steps: the table of
/// docs/decisions/0067-k-logs-of-facts.md, row by row.
@Suite("Claims across logs, left behind", .timeLimit(.minutes(5)))
struct ClaimCrashTests {
    @Test("after nothing: whoever comes has it")
    func nothing() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let verdict = try await logs.claim(user)
            #expect(verdict.isAppended)
            #expect(try await logs.made(user.place) == 1)
        }
    }

    @Test("after the reservation: its user goes on with it, answered or not")
    func reservedAgain() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let first = try await logs.reserve(user)
            #expect(first.subject == user.subject && first.standing == .young)
            try await logs.age(user.place)
            let again = try await logs.reserve(user)
            #expect(again.reference == first.reference)
            #expect(again.standing == .young, "somebody is at work with it again")
            #expect(try await logs.claim(user).isAppended)
            #expect(try await !logs.isBurned(first.reference))
        }
    }

    @Test("after the reservation: somebody else waits, then burns it, and then it is too late")
    func takenOver() async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(home: 4)
            let left = logs.user(of: 2, place)
            let other = logs.user(of: 6, place)
            let reference = try await logs.reserve(left).reference
            #expect(try await logs.reserve(other).reference == reference)
            await #expect(throws: StoreError.overloaded, "while it is young") {
                try await logs.claim(other)
            }
            #expect(try await !logs.isBurned(reference))
            try await logs.age(place)
            #expect(try await logs.claimPersistently(other).isAppended)
            #expect(try await logs.isBurned(reference))
            #expect(try await logs.append(left, reference) == .fenced(.human))
            #expect(try await logs.claimPersistently(left) == .claimed(.human))
            #expect(try await logs.made(place) == 1)
        }
    }

    @Test("a user of the home takes what is left there, and only that", arguments: [false, true])
    func atHome(isMade: Bool) async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(.session, home: 4)
            let left = logs.user(of: 2, place)
            let resident = logs.user(of: 4, place)
            let reference = try await logs.reserve(left).reference
            if isMade { #expect(try await logs.append(left, reference).isAppended) }
            try await logs.age(place)
            let verdict = try await logs.claim(resident)
            #expect(isMade ? verdict == .claimed(.session) : verdict.isAppended)
            #expect(try await logs.isBurned(reference) == !isMade)
            #expect(try await logs.made(place) == 1)
        }
    }

    @Test("what a user of the home has made is claimed for all others")
    func madeAtHome() async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(home: 4)
            #expect(try await logs.claim(logs.user(of: 4, place)).isAppended)
            let other = logs.user(of: 2, place)
            let row = try await logs.reserve(other)
            #expect(row.standing == .made)
            #expect(try await logs.claim(other) == .claimed(.human))
            #expect(try await logs.made(place) == 1)
        }
    }

    @Test("during the append: who burns waits for its end", arguments: [false, true])
    func appending(isCommitted: Bool) async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let reference = try await logs.reserve(user).reference
            let appending = try await logs.test.serviceConnection()
            try await appending.script("begin")
            let (statement, append) = logs.statement(logs.command(of: user, reference), in: 2)
            let verdicts = try await appending.query(statement) { result throws(PostgresError) in
                try append.verdicts(result)
            }
            #expect(verdicts.first??.isAppended == true)
            let fenced = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask { try await logs.claimer.fence(reference, at: user.place) }
                try await Self.waitForWaiter(logs.test)
                try await appending.script(isCommitted ? "commit" : "rollback")
                return try await group.next()
            }
            #expect(fenced == isCommitted)
            #expect(try await logs.isBurned(reference) == !isCommitted)
            let again = try await logs.append(user, reference)
            #expect(isCommitted ? again.isRepeated : again == .fenced(.human))
            await appending.close()
        }
    }

    /// Until a session of the database waits for a lock.
    private static func waitForWaiter(_ test: TestStore) async throws {
        let waiting = Statement(
            "test_waiting",
            """
            select count(*) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'
            """
        )
        while try await test.count(waiting) == 0 {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    @Test("after the append: it is answered again, and claimed for everybody else")
    func appended() async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(home: 4)
            let user = logs.user(of: 2, place)
            #expect(try await logs.claim(user).isAppended)
            let reference = try await logs.reserve(user).reference
            try await logs.age(place)
            #expect(try await logs.claim(user).isRepeated)
            for log in ClaimLogs.logIDs {
                #expect(try await logs.claim(logs.user(of: log, place)) == .claimed(.human))
            }
            #expect(try await logs.claimer.fence(reference, at: place))
            #expect(try await !logs.isBurned(reference))
            #expect(try await logs.reserve(user).reference == reference, "what is made stays")
        }
    }

    @Test("after another one has burned it: its user gets a new reservation, if it is the first")
    func burned() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            let reference = try await logs.reserve(user).reference
            for _ in 0..<2 {
                #expect(try await !logs.claimer.fence(reference, at: user.place), "again the same")
            }
            #expect(try await logs.append(user, reference) == .fenced(.human))
            #expect(try await logs.claim(user).isAppended)
            // Whoever has burned it comes too late to remove anything.
            try await logs.claimer.release(reference, at: user.place)
            let now = try await logs.reserve(user).reference
            #expect(now != reference)
            #expect(try await logs.claim(logs.user(of: 6, user.place)) == .claimed(.human))
        }
    }

    @Test("after another one has taken it over: it is that one's, while that one is at work too")
    func other() async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(home: 4)
            let left = logs.user(of: 2, place)
            let other = logs.user(of: 6, place)
            let reference = try await logs.reserve(left).reference
            #expect(try await !logs.claimer.fence(reference, at: place))
            try await logs.claimer.release(reference, at: place)
            let others = try await logs.reserve(other)
            #expect(others.subject == other.subject)
            try await logs.age(place)
            #expect(try await logs.claim(left).isAppended, "the other one has ended too")
            #expect(try await logs.append(other, others.reference) == .fenced(.human))
        }
    }

    @Test("a claim that is not made after all leaves nothing that anybody waits for")
    func withdrawn() async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(home: 4)
            let user = logs.user(of: 2, place)
            let reference = try await logs.reserve(user).reference
            // The user has not come so far.
            let stale = logs.next(of: user, expected: 1)
            #expect(try await logs.claim(stale) == .conflict)
            #expect(try await logs.isBurned(reference), "for another worker of the user")
            #expect(try await logs.claim(logs.user(of: 6, place)).isAppended)
        }
    }

    @Test("of two claims of one event the first is given up when somebody has the second")
    func two() async throws {
        try await ClaimLogs.run { logs in
            let session = logs.place(.session, home: 4)
            let human = logs.place(home: 6)
            #expect(try await logs.claim(logs.user(of: 0, human)).isAppended)
            let both = logs.next(
                of: logs.user(of: 2, session),
                claims: [(.session, session.fingerprint), (.human, human.fingerprint)]
            )
            let verdict = try await logs.claim(both)
            #expect(verdict == .claimed(.human))
            #expect(try await logs.claim(logs.user(of: 0, session)).isAppended)
        }
    }

    @Test(
        "an erasure frees people, at once or when somebody asks, and no session",
        arguments: [LookupKind.human, .session],
        [false, true]
    )
    func erased(kind: LookupKind, isReleased: Bool) async throws {
        try await ClaimLogs.run { logs in
            let place = logs.place(kind, home: 4)
            let user = logs.user(of: 2, place)
            #expect(try await logs.claim(user).isAppended)
            let reference = try await logs.reserve(user).reference
            let owner = try await logs.test.ownerConnection()
            try await owner.script(
                "select vault.erase(2, '\(logs.test.app.id)', '\(user.subject)')"
            )
            await owner.close()
            if isReleased {
                try await logs.claimer.release(everythingOf: user.subject, logID: 2)
            } else {
                try await logs.age(place)
            }
            let verdict = try await logs.claim(logs.user(of: 6, place))
            #expect(kind == .human ? verdict.isAppended : verdict == .claimed(.session))
            #expect(try await logs.isBurned(reference) == (kind == .human && !isReleased))
            #expect(try await logs.made(place) == 1)
        }
    }

    @Test("a person who was gone comes back to the same user with another event")
    func comesBack() async throws {
        try await ClaimLogs.run { logs in
            let user = logs.user(of: 2, logs.place(home: 4))
            #expect(try await logs.claim(user).isAppended)
            let verdict = try await logs.claim(logs.next(of: user, expected: 1))
            #expect(verdict.isAppended)
            #expect(try await logs.made(user.place) == 1)
        }
    }
}

extension AppendVerdict {
    fileprivate var isAppended: Bool { if case .appended = self { true } else { false } }
    fileprivate var isRepeated: Bool { if case .repeated = self { true } else { false } }
}

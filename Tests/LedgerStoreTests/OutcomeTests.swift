import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Lost answers", .timeLimit(.minutes(5)))
struct OutcomeTests {
    /// Lends a second copy of the service whose connections go through a proxy.
    private func run(
        change: (inout PostgresConfiguration) -> Void = { _ in },
        _ body: (TestStore, LedgerStore, LossyProxy) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            try await LossyProxy.run { proxy in
                let name = try #require(test.owner.url.split(separator: "?").first)
                let database = try #require(name.split(separator: "/").last)
                var service = test.service
                service.url = proxy.url(
                    database: String(database),
                    user: TestStore.serviceRole
                )
                change(&service)
                try await test.another(service: service) { store in
                    // The statement is prepared from here on.
                    _ = try await test.launchNew("before", with: store)
                    try await body(test, store, proxy)
                }
            }
        }
    }

    @Test("the answer of a commit is lost: the write is found, and stands there once")
    func answerLost() async throws {
        try await run { test, store, proxy in
            proxy.loseAppend(.answer)
            guard
                case .written(let user, let position) = try await test.launchNew(
                    "alice",
                    with: store
                )
            else {
                Issue.record("the write was carried out")
                return
            }
            #expect(proxy.lossCount == 1)
            #expect(position == 2)
            let log = try await test.log()
            #expect(log.count == 3)
            #expect(try log[2].record().subject == user.subject)
            #expect(try await test.user("alice").state == user.state)
        }
    }

    @Test("a statement that never arrived wrote nothing, and says so")
    func requestLost() async throws {
        try await run { test, store, proxy in
            proxy.loseAppend(.request)
            let error = await #expect(throws: StoreError.self) {
                try await test.launchNew("alice", with: store)
            }
            #expect(error == .unavailable)
            #expect(proxy.lossCount == 1)
            #expect(try await test.log().count == 2)
            guard case .written = try await test.launchNew("alice", with: store) else {
                Issue.record("the next write works by itself")
                return
            }
        }
    }

    @Test("an append that still runs when the client is cut off is waited for")
    func clientCut() async throws {
        try await run { test, store, proxy in
            let owner = try await test.ownerConnection()
            try await owner.script("begin; select 1 from ledger.log where log_id = 0 for update")
            proxy.loseAppend(.client)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    guard case .written(_, 2) = try await test.launchNew("alice", with: store)
                    else {
                        Issue.record("the write was carried out")
                        return
                    }
                }
                // Both the append and the question about it wait for the lock now.
                try await waitForWaiters(2, test)
                try await owner.script("commit")
                try await group.waitForAll()
            }
            #expect(proxy.lossCount == 1)
            #expect(try await test.log().count == 3)
        }
    }

    @Test("a statement that arrives after it was given up writes nothing any more")
    func late() async throws {
        try await run(change: Self.hurry) { test, store, proxy in
            proxy.loseAppend(.held)
            let error = await #expect(throws: StoreError.self) {
                try await test.launchNew("alice", with: store)
            }
            // That nothing was written is said once it can no longer be.
            #expect(error == .unavailable)
            proxy.release()
            while proxy.heldCount > 0 { await Task.yield() }
            #expect(try await test.log().count == 2)
            guard case .written(_, 2) = try await test.launchNew("alice", with: store) else {
                Issue.record("the next write works by itself")
                return
            }
        }
    }

    @Test("a database that goes silent leaves the outcome unknown, and nobody waits without end")
    func silent() async throws {
        try await run(change: Self.hurry) { test, store, proxy in
            let user = try await test.user("before")
            // What a connection has not prepared yet is not sent to a database that says nothing.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<100 {
                    group.addTask { _ = try await test.launchNew("early \(number)", with: store) }
                }
                try await group.waitForAll()
            }
            proxy.setTraffic(.stands)
            try await withThrowingTaskGroup(of: StoreError?.self) { group in
                // More than are sent at once.
                for number in 0..<300 {
                    group.addTask {
                        do {
                            _ = try await test.launchNew("user \(number)", with: store)
                            return nil
                        } catch {
                            return error as? StoreError
                        }
                    }
                }
                group.addTask {
                    do {
                        _ = try await store.user(subject: user.subject, of: test.app)
                        return nil
                    } catch {
                        return error as? StoreError
                    }
                }
                let errors = try await group.reduce(into: []) { $0.append($1) }
                #expect(!errors.contains(nil))
                let known = [StoreError.outcomeUnknown, .unavailable, .overloaded]
                #expect(errors.allSatisfy { $0.map(known.contains) ?? false })
                #expect(errors.contains(.outcomeUnknown))
            }
            #expect(store.appendHealth(of: .facts).oldestAppend == nil)
            proxy.setTraffic(.flows)
            guard case .written = try await test.launchNew("alice", with: store) else {
                Issue.record("the next write works by itself")
                return
            }
        }
    }

    @Test("while an append is under way, its age can be asked for")
    func age() async throws {
        try await run { test, store, _ in
            let owner = try await test.ownerConnection()
            try await owner.script("begin; select 1 from ledger.log where log_id = 0 for update")
            async let launched = test.launchNew("alice", with: store)
            try await waitForWaiters(1, test)
            let first = try #require(store.appendHealth(of: .facts).oldestAppend)
            let second = try #require(store.appendHealth(of: .facts).oldestAppend)
            #expect(first > .zero && second > first)
            #expect(store.appendHealth(of: .access).oldestAppend == nil)
            try await owner.script("commit")
            _ = try await launched
            #expect(store.appendHealth(of: .facts).oldestAppend == nil)
        }
    }

    /// Notices silence soon.
    private static func hurry(_ service: inout PostgresConfiguration) {
        service.statementTimeMax = .seconds(1)
        service.answerTimeMax = .seconds(1)
        service.waitMax = .seconds(4)
    }

    @Test("an id that somebody else has written is not taken for ours")
    func foreignID() async throws {
        try await run { test, store, proxy in
            let user = try await test.user("before")
            let id = store.clock.identifier()
            func change(_ reason: String) -> Change {
                var change = Change(context: TestStore.context)
                change.append(.connectionBroken(reason: reason), id: id)
                return change
            }
            guard case .written(_, 2) = try await test.store.write(change("theirs"), to: user)
            else {
                Issue.record("they are first")
                return
            }
            proxy.loseAppend(.answer)
            guard case .repeated(2) = try await store.write(change("ours"), to: user) else {
                Issue.record("ours is a repetition")
                return
            }
            #expect(proxy.lossCount == 1)
            #expect(try await test.user("before").state.brokenReason == "theirs")
        }
    }

    @Test("a backend that is told to end while its append waits wrote nothing")
    func terminated() async throws {
        try await TestStore.run { test in
            _ = try await test.launchNew("before")
            let owner = try await test.ownerConnection()
            try await owner.script("begin; select 1 from ledger.log where log_id = 0 for update")
            let error = try await withThrowingTaskGroup(of: StoreError?.self) { group in
                group.addTask {
                    do {
                        _ = try await test.launchNew("alice")
                        return nil
                    } catch {
                        return error as? StoreError
                    }
                }
                try await waitForWaiters(1, test)
                let other = try await test.ownerConnection()
                try await other.script(
                    """
                    select pg_terminate_backend(pid, 10000) from pg_stat_activity
                    where datname = current_database() and usename = '\(TestStore.serviceRole)'
                        and wait_event_type = 'Lock'
                    """
                )
                // Whether it was carried out is asked behind whoever holds the lock.
                try await owner.script("commit")
                return try await group.next() ?? nil
            }
            #expect(error == .unavailable)
            #expect(try await test.log().count == 2)
            guard case .written = try await test.launchNew("alice") else {
                Issue.record("the next write works by itself")
                return
            }
        }
    }

    private func waitForWaiters(_ count: Int64, _ test: TestStore) async throws {
        let connection = try await test.ownerConnection()
        while try await connection.query(
            Statement(
                "lock_waiters",
                """
                select count(*) from pg_stat_activity
                where datname = current_database() and wait_event_type = 'Lock'
                """
            ),
            decode: { result throws(PostgresError) in try result.int8(0, 0) }
        ) < count {
            await Task.yield()
        }
        await connection.close()
    }
}

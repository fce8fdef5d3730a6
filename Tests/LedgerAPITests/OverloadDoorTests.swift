import HTTPTypes
import Ledger
import LedgerStore
import NIOHTTP1
import Synchronization
import Testing
import Vault

@testable import LedgerAPI

@Suite("The door under overload", .timeLimit(.minutes(1)))
struct OverloadDoorTests {
    private static func log(_ method: String, _ path: String) throws -> Log? {
        RepeatableCall.log(
            of: HTTPRequest(
                method: try #require(HTTPRequest.Method(method)),
                scheme: "http",
                authority: "a",
                path: path
            )
        )
    }

    @Test("what can be made again is known by method and path, with the log that it waits for")
    func calls() throws {
        for route in TestRoute.all {
            let expected: Log? =
                switch route.scope {
                case .launch, .tokensRecover: .facts
                case .finish, .tokensReport, nil: nil
                default: .access
                }
            #expect(try Self.log(route.method.rawValue, route.path) == expected, "\(route)")
        }
        let waiting: Set = ["GET /v1/events/{position}/proof", "GET /v1/consistency"]
        for route in TestRoute.tree {
            let parts = route.split(separator: " ").map(String.init)
            #expect(try Self.log(parts[0], parts[1]) == (waiting.contains(route) ? .access : nil))
        }
    }

    @Test("queries and HEAD are no other call, and an address has one spelling")
    func spellings() throws {
        #expect(try Self.log("GET", "/v1/users?limit=2") == .access)
        #expect(try Self.log("HEAD", "/v1/users/a%2Fb/tokens") == .access)
        #expect(try Self.log("GET", "/v1/users/finish?a=/v1/launches") == .access)
        for path in ["/v1/launches/", "//v1/launches", "/v1//launches", "*", "/V1/launches"] {
            #expect(try Self.log("POST", path) == nil, "\(path)")
        }
        #expect(try Self.log("PUT", "/v1/launches") == nil)
        #expect(try Self.log("HEAD", "/v1/launches") == nil)
    }

    @Test("work that waits for a processor is seen while it waits, and after")
    func delay() async throws {
        let delay = WorkDelay()
        #expect(delay.current() == .zero)
        let executor = HeldExecutor()
        let task = Task(executorPreference: executor) { await delay.look() }
        while !executor.runOne() { await Task.yield() }
        let begin = ContinuousClock.now
        #expect(delay.current(at: begin + .seconds(3)) > .seconds(2))
        while !executor.runOne() { await Task.yield() }
        executor.release()
        await task.value
        #expect(delay.current(at: begin + .seconds(3000)) < .seconds(1000))
        #expect(delay.current() > .zero)
    }

    @Test(
        "times are written as HTTP has them",
        arguments: [
            ("1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ("2028-02-29T23:59:59.9Z", "Tue, 29 Feb 2028 23:59:59 GMT"),
        ]
    )
    func date(moment: String, expected: String) throws {
        #expect(HTTPDate.text(try #require(Timestamp(moment))) == expected)
    }
}

/// Runs what it is given when a test says so.
private final class HeldExecutor: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isReleased = false
    }

    private let state = Mutex(State())

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let isReleased = state.withLock { state in
            if !state.isReleased { state.jobs.append(job) }
            return state.isReleased
        }
        if isReleased { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// False when there is nothing to run.
    func runOne() -> Bool {
        guard let job = state.withLock({ $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }) else {
            return false
        }
        unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }

    /// Runs all that comes from now on at once.
    func release() {
        state.withLock { $0.isReleased = true }
        while runOne() {}
    }
}

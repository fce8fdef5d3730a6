@testable import BoundedClient
import NIOHTTP1
import Synchronization
import Testing

@testable import TokenLedgerClient

@Suite("who asks at once", .timeLimit(.minutes(1)))
struct TokenFlightsTests {
    /// Calls that are counted; each answers with its number as version.
    private final class Calls: Sendable {
        let begun = Atomic(0)
        let under = Atomic(0)
        let asked = Atomic(0)

        func call(
            whenAsked askers: Int = 0
        ) async throws(LedgerClientError) -> UserTokens {
            let number = begun.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            let now = under.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
            #expect(now == 1, "one call at a time")
            while asked.load(ordering: .sequentiallyConsistent) < askers { await Task.yield() }
            try? await Task.sleep(for: .milliseconds(20))
            under.wrappingSubtract(1, ordering: .sequentiallyConsistent)
            guard !Task.isCancelled else { throw .cancelled }
            return try tokens(version: number)
        }
    }

    private static func tokens(version: Int) throws(LedgerClientError) -> UserTokens {
        let text = """
            {"status":"connected","access_token":"a","public_token":"p",\
            "versions":{"access_token":\(version),"public_token":1},\
            "issued_at":{"access_token":"","public_token":""}}
            """
        return try UserTokens(HTTPAnswer(status: 200, headers: [:], body: Array(text.utf8)))
    }

    @Test("askers share calls, and no answer is older than its question")
    func shared() async throws {
        let flights = TokenFlights()
        let calls = Calls()
        let askers = 200
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<askers {
                group.addTask {
                    let before = calls.begun.load(ordering: .sequentiallyConsistent)
                    calls.asked.wrappingAdd(1, ordering: .sequentiallyConsistent)
                    let got = try await flights.run("a") { () async throws(LedgerClientError) in
                        try await calls.call(whenAsked: askers)
                    }
                    #expect(got.accessToken.version > Int64(before))
                }
            }
            try await group.waitForAll()
        }
        let begun = calls.begun.load(ordering: .sequentiallyConsistent)
        #expect((2...50).contains(begun), "\(begun)")
    }

    @Test("who is cancelled goes at once, and his turn goes to another one")
    func cancelled() async throws {
        let flights = TokenFlights()
        let calls = Calls()
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            let leader = Task {
                try await flights.run("a") { () async throws(LedgerClientError) in
                    try await calls.call(whenAsked: 3)
                }
            }
            while calls.begun.load(ordering: .sequentiallyConsistent) == 0 { await Task.yield() }
            let waiting = Task {
                try await flights.run("a") { () async throws(LedgerClientError) in
                    try await calls.call()
                }
            }
            waiting.cancel()
            let left = await waiting.result
            for _ in 0..<3 {
                group.addTask {
                    calls.asked.wrappingAdd(1, ordering: .sequentiallyConsistent)
                    let got = try? await flights.run("a") { () async throws(LedgerClientError) in
                        try await calls.call()
                    }
                    return got != nil
                }
            }
            leader.cancel()
            let led = await leader.result
            var answered: [Bool] = []
            for await outcome in group { answered.append(outcome) }
            return answered + [(try? left.get()) != nil, (try? led.get()) != nil]
        }
        #expect(outcomes == [true, true, true, false, false])
    }

    @Test("the cache holds a bounded number, and the unused go first")
    func cache() throws {
        var cache = TokenCache(usersMax: 10)
        for number in 0..<100 {
            cache.keep(
                TokenCache.Entry(tag: "\(number)", tokens: try Self.tokens(version: number)),
                "\(number)"
            )
            #expect(cache.entry("0")?.tag == "0", "it is in use")
            #expect(cache.entry("\(number)")?.tag == "\(number)")
            #expect(cache.count <= 10)
        }
        #expect(cache.entry("50") == nil)
        cache.forget("0")
        #expect(cache.entry("0") == nil)
    }
}

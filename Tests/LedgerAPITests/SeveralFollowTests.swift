import BoundedClient
import Ledger
import LedgerStore
import Synchronization
import TestSupport
import Testing
import Wire

@testable import LedgerAPI

/// Following several logs at once: two in one database, one in another.
@Suite("Following several logs", .oneServiceAtATime, .timeLimit(.minutes(10)))
struct SeveralFollowTests {
    private static let pairs = 3

    /// How many events somebody waits for; nobody knows until all was written.
    private final class Target: Sendable {
        let counts = Mutex<[String: Int]>([:])
    }

    private static func places(_ follower: TestFollower) throws -> [ListedPlace] {
        try follower.entries.map { entry in
            let json = try JSONParser.parse(Array(entry.utf8), depthMax: 64)
            return try #require(ListedPlace(json), "\(entry)")
        }
    }

    /// Follows, and goes away and comes back at random places, until it has as many as there are.
    private static func follow(
        _ service: TestService,
        _ query: String,
        until target: Target
    ) async -> TestFollower {
        var follower = TestFollower(service, query)
        await follower.comeAndGo(after: 25) { events in
            target.counts.withLock { $0[query].map { $0 <= events.count } ?? false }
        }
        return follower
    }

    @Test("whoever comes and goes among writers to all logs gets each event once, in order")
    func complete() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 30) }
            try await service.connect("known")
            let subject = try #require(try await service.get(service.user("known"))["subject"])
            let queries = [
                "", "type=connect.launched", "type=connect.launched,app.added",
                "subject=\(subject)", "log=facts-1",
            ]
            let target = Target()
            let followers = try await withThrowingTaskGroup(of: (String, TestFollower).self) {
                group in
                for query in queries {
                    group.addTask { (query, await Self.follow(service, query, until: target)) }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 3..<9 {
                        writers.addTask { try await service.write(writer, count: 25) }
                    }
                    try await writers.waitForAll()
                }
                // The last ones come when it is known how many there will be: each of the logs has some.
                var counts: [String: Int] = [:]
                for query in queries { counts[query] = try await service.listed(query).count }
                for number in 0..<30 { _ = try await service.write(100 + number, count: 1) }
                _ = try await service.launch("known")
                let all = try await queries.asyncMap { try await service.listed($0).count }
                #expect(zip(queries, all).allSatisfy { (counts[$0] ?? 0) < $1 })
                target.counts.withLock { $0 = Dictionary(uniqueKeysWithValues: zip(queries, all)) }
                // Whoever has them all already is told of one more.
                for number in 0..<30 { _ = try await service.write(200 + number, count: 1) }
                _ = try await service.launch("known")
                return try await group.reduce(into: [String: TestFollower]()) { $0[$1.0] = $1.1 }
            }
            for query in queries {
                let follower = try #require(followers[query])
                let seen = try Self.places(follower)
                #expect(Set(seen).count == seen.count, "\(query): nothing twice")
                let listed = try await service.listed(query).map { entry in
                    let json = try JSONParser.parse(Array(entry.utf8), depthMax: 64)
                    return try #require(ListedPlace(json))
                }.byLog
                for (log, positions) in seen.byLog {
                    let whole = listed[log] ?? []
                    #expect(positions == Array(whole.prefix(positions.count)), "\(query) \(log)")
                }
                let entries = try await Set(service.listed(query))
                #expect(entries.isSuperset(of: follower.entries), "\(query): as they are listed")
            }
        }
    }

    @Test("what is there is told in the order in which it is listed, and ends")
    func passed() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<4 { try await service.write(writer, count: 60) }
            for query in ["", "type=connect.launched", "log=access"] {
                let listed = try await service.listed(query)
                var follower = TestFollower(service, "follow=false&" + query)
                guard case .ended = await follower.connect() else {
                    Issue.record("\(query): it ends by itself")
                    continue
                }
                // To follow is on record itself.
                #expect(Array(follower.entries.prefix(listed.count)) == listed, "\(query)")
                #expect(query == "log=access" || follower.entries.count == listed.count)
            }
        }
    }

    @Test("what several feeds have at once is told by time, each event with all places behind it")
    func look() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            try await service.write(0, count: 40)
            let tail = EventTail(service.served, logger: service.logs.logger())
            let logs = service.store.logs.list(.facts)
            let feeds = logs.map { tail.feed(of: $0) }
            let losses = feeds.map { $0.enter() }
            let start = LogPlaces(
                try await service.store.ends(of: logs).map { LogPlaces.Reached(next: $0) }
            )
            // The first look finds the log's end, the second what stands before it. Nobody else looks, so all
            // that is written then is one page of each.
            for feed in feeds { for _ in 0..<2 { _ = try await feed.look() } }
            for writer in 1..<5 { try await service.write(writer, count: 15) }
            for feed in feeds { _ = try await feed.look() }
            let look = FollowLook(at: start, feeds, losses)
            #expect(look.pages.count == Self.pairs && !look.isBehind)
            let merged = look.merged(of: service.app.id, EventQuery())
            #expect(merged.count == 60)
            #expect(Set(merged.map(\.0.time)).count > 20)
            #expect(merged.map(\.0.time) == merged.map(\.0.time).sorted())
            var reached = start.reached
            for (frame, places) in merged {
                let index = try #require(
                    logs.indices.first { places.reached[$0] != reached[$0] }
                )
                #expect(frame.place.position == reached[index].next)
                reached[index] = LogPlaces.Reached(behind: frame.place)
                #expect(places == LogPlaces(reached), "only the event's own log goes on")
            }
        }
    }

    @Test("where a follow goes on must be one of its own")
    func foreignPlaces() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 5) }
            var follower = TestFollower(service)
            await follower.connect(until: { $0.count >= 6 })
            let id = follower.reader.lastID
            let places = try #require(LogPlaces(id, count: 3))
            let ask = { (id: String) in
                try await service.get(
                    "/v1/events/tail?follow=false",
                    headers: ["Last-Event-ID": id]
                )
            }
            #expect(try await ask(id).status == 200)
            let one = "\(try #require(places.reached.compactMap(\.place).first))"
            let refused = try await ask("x")
            let two = LogPlaces.beginning(count: 2).text
            for other in [one, two, "\(id)A", "\(id.dropLast())"] {
                let answer = try await ask(other)
                #expect(answer.status == 400 && answer.lasting == refused.lasting, "\(other)")
            }
            // Something else stands there.
            let bytes = try #require(Base64.url.decode(id.utf8))
            for log in 0..<3 where places.reached[log].next > 0 {
                var altered = bytes
                altered[3 + 12 * log + 8] ^= 1
                let answer = try await ask(Base64.url.encode(altered))
                #expect(answer.status == 409 && answer.code == "history_differs")
            }
            for query in ["from_position=4", "after=\(UInt8.max)"] {
                let answer = try await service.get("/v1/events/tail?follow=false&\(query)")
                #expect(answer.status == 400, "\(query)")
            }
            let all = try await service.get("/v1/events/tail?follow=false&from_position=0")
            #expect(all.text.contains("id: \(id)\n"))
        }
    }

    @Test("a follow is on record once for each log, with where it begins there")
    func recorded() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 5) }
            var follower = TestFollower(service, "follow=false&from_position=end")
            await follower.connect()
            #expect(follower.events.isEmpty)
            let told = try await service.get("/v1/events?log=access&type=log.followed")
            guard case .array(let entries)? = told.json["events"] else { return }
            let from = entries.compactMap { $0["event"]?["data"]?["from"] }
            var ends: [JSONValue] = []
            for log in service.store.logs.list(.facts) {
                ends.append(.number("\(try await service.store.size(log: log))"))
            }
            #expect(from == ends)
        }
    }
}

extension [String] {
    fileprivate func asyncMap<Value>(
        _ body: (String) async throws -> Value
    ) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}

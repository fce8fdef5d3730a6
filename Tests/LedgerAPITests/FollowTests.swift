import BoundedClient
import Ledger
import LedgerStore
import NIOHTTP1
import Synchronization
import TestSupport
import Testing
import Vault
import Wire

@testable import LedgerAPI

@Suite("Following a log", .oneServiceAtATime, .timeLimit(.minutes(10)))
struct FollowTests {
    private static let writers = 6
    private static let launchesEach = 25

    /// From where on an event is the last one that is waited for.
    private final class Last: Sendable {
        let position = Atomic(Int64.max)
    }

    @Test("whoever comes and goes among many writers gets each event once, in order")
    func complete() async throws {
        try await TestService.run { service in
            for number in 0..<150 { _ = try await service.launch("before \(number)") }
            try await service.connect("known")
            let subject = try #require(try await service.get(service.user("known"))["subject"])
            // The position from which on an event is the last one; what comes later ends it.
            let last = Last()
            let queries = [
                "", "", "type=connect.launched", "type=app.added,launch.closed,edit.launched",
                "subject=\(subject)", "log=facts&from_position=100",
            ]
            let followers = try await withThrowingTaskGroup(of: (Int, TestFollower).self) { group in
                for (number, query) in queries.enumerated() {
                    group.addTask { (number, await Self.follow(service, query, until: last)) }
                }
                try await withThrowingTaskGroup(of: Void.self) { writers in
                    for writer in 0..<Self.writers {
                        writers.addTask { try await Self.write(writer, service) }
                    }
                    try await writers.waitForAll()
                }
                last.position.store(try await service.store.size(log: .facts), ordering: .relaxed)
                // One for each of the conditions.
                _ = try await service.launch("known")
                _ = try await service.launch("the last one")
                return try await group.reduce(into: [Int: TestFollower]()) { $0[$1.0] = $1.1 }
            }
            for (number, query) in queries.enumerated() {
                let follower = try #require(followers[number])
                let end = try #require(follower.positions.last)
                let all = try await service.listed(
                    query.replacing("from_position=100", with: "limit=500")
                        .replacing("&limit=500", with: "")
                )
                let expected = all.filter { entry in
                    let position = Self.position(entry)
                    return position <= end && (!query.contains("from") || position >= 100)
                }
                #expect(follower.positions == expected.map(Self.position), "\(query)")
                let isSame = follower.entries == expected
                #expect(isSame, "\(query)")
                #expect(expected.count >= 2, "\(query)")
                #expect(follower.positions == follower.positions.sorted())
            }
        }
    }

    private static func position(_ entry: String) -> Int64 {
        let json = try? JSONParser.parse(Array(entry.utf8), depthMax: 64)
        guard case .number(let position)? = json?["position"] else { return -1 }
        return Int64(position) ?? -1
    }

    /// Half of them by way of another copy of the service.
    private static func write(_ writer: Int, _ service: TestService) async throws {
        for number in 0..<launchesEach {
            guard writer.isMultiple(of: 2) else {
                _ = try await service.launch("writer \(writer) \(number)")
                continue
            }
            let user = service.store.newUser(Secret("writer \(writer) \(number)"), of: service.app)
            var change = Change(context: RecordContext(actor: "test"))
            let launch = service.store.clock.identifier()
            change.append(
                user.state.launch(
                    LedgerEvent.Launch(
                        launch: launch,
                        finish: .direct,
                        expiry: service.store.clock.now().adding(seconds: 1_800)
                    )
                ),
                id: launch
            )
            _ = try await service.store.write(change, to: user)
        }
    }

    /// Follows, and goes away and comes back at random places.
    private static func follow(
        _ service: TestService,
        _ query: String,
        until last: Last
    ) async -> TestFollower {
        var follower = TestFollower(service, query)
        await follower.comeAndGo(after: 40) { events in
            events.last.map { position($0.data) >= last.position.load(ordering: .relaxed) } ?? false
        }
        return follower
    }

    @Test("what is told is what is listed, under every condition, and nothing of another app")
    func conditions() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            try await service.connect("bob")
            let foreign = try await service.call(
                .POST,
                "/v1/launches",
                key: service.foreignKey,
                headers: ["Content-Type": "application/json"],
                body: Array(#"{"client_user_id":"carol"}"#.utf8)
            )
            #expect(foreign.status == 201)
            _ = try await service.tokens("alice")
            let erased = try await service.call(.DELETE, service.user("bob"), key: service.key)
            #expect([200, 202].contains(erased.status))
            let subject = try #require(try await service.get(service.user("alice"))["subject"])
            for query in [
                "", "type=connect.finalized", "type=app.added,api_key.created", "log=access",
                "subject=\(subject)", "until=2020-01-01T00:00:00Z", "since=2020-01-01T00:00:00Z",
                "log=access&subject=\(subject)",
            ] {
                let listed = try await service.listed(query)
                var follower = TestFollower(service, "follow=false&" + query)
                guard case .ended = await follower.connect() else {
                    Issue.record("\(query): it ends by itself")
                    continue
                }
                // To follow is on record, to list is not.
                #expect(follower.entries == listed, "\(query)")
            }
            var byName = TestFollower(service, "follow=false&user=alice")
            await byName.connect()
            #expect(byName.entries == (try await service.listed("subject=\(subject)")))
            var other = TestFollower(service, "follow=false", key: service.foreignKey)
            await other.connect()
            #expect(other.entries == (try await service.listed(key: service.foreignKey)))
            #expect(Set(other.entries).isDisjoint(with: try await service.listed()))
            var types = TestFollower(service, "follow=false")
            await types.connect()
            for event in types.events {
                #expect(event.data.contains("\"type\":\"\(event.type)\""))
            }
        }
    }

    @Test("the end of a log is told to each as the database would select it")
    func traits() async throws {
        try await TestService.run { service in
            for name in ["a", "b", "c"] { try await service.connect(name) }
            let end = try await service.store.end(of: .facts, from: 0)
            #expect(end.events.count > 20)
            let records = try end.events.map { try $0.event.record() }
            for _ in 0..<200 {
                let one = try #require(records.randomElement())
                let other = try #require(records.randomElement())
                var query = EventQuery()
                if Bool.random() { query.types = ["\(one.event.type)", "\(other.event.type)"] }
                if Bool.random() { query.since = min(one.time, other.time) }
                if Bool.random() { query.before = max(one.time, other.time) }
                if Bool.random() { query.subject = other.subject }
                for app in [service.app, service.foreignApp] {
                    query.clientID = app.clientID
                    let selected = try await service.store.events(
                        query,
                        log: .facts,
                        from: 0,
                        limit: 500
                    )
                    let told = end.events.filter { $0.traits.isFor(app.id, query) }
                    #expect(told.map(\.event.position) == selected.events.map(\.position))
                }
            }
        }
    }

    @Test("where to begin and where to go on is understood, or refused in words")
    func places() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            var follower = TestFollower(service, "follow=false")
            await follower.connect()
            let last = try #require(follower.events.last)
            let third = follower.events[2]
            let path = "/v1/events/tail?follow=false"
            let resumed = try await service.get(path, headers: ["Last-Event-ID": third.id])
            #expect(resumed.status == 200)
            #expect(resumed.headers["content-type"] == "text/event-stream")
            #expect(resumed.headers["x-accel-buffering"] == "no")
            #expect(resumed.text.contains("id: \(last.id)\n") && resumed.text.contains("retry: "))
            #expect(!resumed.text.contains("data: " + third.data))
            #expect(resumed.text.contains("data: " + follower.events[3].data))
            let id = try #require(Self.id(third.data))
            let after = try await service.get(path + "&after=" + id)
            #expect(await Self.data(after.text) == Array(follower.entries.dropFirst(3)))
            // What a client sends by itself counts more than what stands in its address.
            let both = try await service.get(
                path + "&from_position=0",
                headers: ["Last-Event-ID": third.id]
            )
            #expect(await Self.data(both.text) == Array(follower.entries.dropFirst(3)))
            let atEnd = try await service.get(path + "&from_position=end")
            #expect(await Self.data(atEnd.text) == [])
            let beyond = try await service.get(path + "&from_position=1000000")
            #expect(beyond.status == 200)
            #expect(await Self.data(beyond.text) == [])
            for text in [
                "", "x", "-1-00000000", "1", "1-", "1-0", "01-" + third.id.suffix(8),
                "1-0000000000",
                third.id + "0", third.id.uppercased() + "x", " " + third.id + "x",
                "99999999999999999999-00000000", "+1-00000000",
            ] where !text.isEmpty {
                let refused = try await service.get(path, headers: ["Last-Event-ID": text])
                #expect(refused.status == 400 && refused.code == "malformed_request", "\(text)")
            }
            for text in ["0-00000000", "1000000-00000000"] {
                let refused = try await service.get(path, headers: ["Last-Event-ID": text])
                #expect(refused.status == 409 && refused.code == "history_differs", "\(text)")
            }
            for query in [
                "follow=maybe", "follow=", "from_position=-1", "from_position=End", "after=x",
                "after=\(service.store.clock.identifier())", "from_position=end&after=\(id)",
                "from_position=1&after=\(id)", "limit=3", "cursor=e1", "log=all", "type=x",
            ] {
                let refused = try await service.get("/v1/events/tail?" + query)
                #expect(refused.status == 400, "\(query)")
            }
            #expect(try await service.get("/v1/events/tail?user=nobody").status == 404)
        }
    }

    /// The data of all events of a stream.
    private static func data(_ text: String) async -> [String] {
        var reader = EventStreamReader(bytesMax: 1 << 20)
        var data: [String] = []
        _ = try? await reader.read(text.utf8) { event in
            data.append(event.data)
            return true
        }
        return data
    }

    /// The id of the event of an entry.
    private static func id(_ entry: String) -> String? {
        (try? JSONParser.parse(Array(entry.utf8), depthMax: 64))?["event"]?["id"]?.text
    }

    @Test("a follow is on record before anything is told, with its conditions; HEAD is not")
    func recorded() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let subject = try #require(try await service.get(service.user("alice"))["subject"])
            let before = try await service.records(log: .access).count
            let head = try await service.call(.HEAD, "/v1/events/tail", key: service.key)
            #expect(head.status == 200 && head.bytes.isEmpty)
            #expect(try await service.records(log: .access).count == before)
            let time = "2020-01-01T00:00:00.000000Z"
            _ = try await service.get(
                "/v1/events/tail?follow=false&from_position=3&type=person.gone&user=alice&since=\(time)"
            )
            let record = try #require(try await service.records(log: .access).last)
            #expect(
                record.event
                    == .logFollowed(
                        .init(
                            log: 0,
                            from: 3,
                            query: EventQuery(types: ["person.gone"], since: Timestamp(time))
                        )
                    )
            )
            #expect(record.subject?.description == subject)
            #expect(record.actor.hasPrefix("key:"))
            // A follow that goes on is no other.
            var follower = TestFollower(service)
            await follower.connect(until: { $0.count == 2 })
            await follower.connect(until: { $0.count == 3 })
            let starts = try await service.records(log: .access).suffix(2).map { record -> Int64 in
                if case .logFollowed(let follow) = record.event { follow.from } else { -1 }
            }
            #expect(starts == [0, follower.positions[1] + 1])
        }
    }
}

import Ledger
import LedgerStore
import NIOHTTP1
import SeededRandom
import TestSupport
import Testing
import Vault
import Wire

@testable import LedgerAPI

/// Lists, exports and problems of a service with several pairs of logs: two in one database, one in another.
@Suite("Several logs over HTTP", .oneServiceAtATime, .timeLimit(.minutes(10)))
struct SeveralLogsTests {
    private static let pairs = 3

    private static func entries(_ answer: TestAnswer) throws -> [JSONValue] {
        try #require(answer.status == 200, "\(answer.text)")
        guard case .array(let entries)? = answer.json["events"] else { return [] }
        return entries
    }

    /// A whole list, in pages of random sizes.
    private static func list(
        _ service: TestService,
        _ query: String = "",
        limit: @Sendable () -> Int = { Int.random(in: 1...7) }
    ) async throws -> [ListedPlace] {
        var places: [ListedPlace] = []
        var cursor: String?
        repeat {
            let next = cursor.map { "&cursor=" + $0 } ?? ""
            let answer = try await service.get("/v1/events?limit=\(limit())&\(query)\(next)")
            for entry in try entries(answer) {
                places.append(try #require(ListedPlace(entry), "\(entry)"))
            }
            cursor = answer["next_cursor"]
        } while cursor != nil
        return places
    }

    @Test("lists of many pages have each event once while all logs are written to")
    func written() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 20) }
            let before = try await service.stored(.facts)
            #expect(before.count == Self.pairs && before.values.allSatisfy { $0.count > 2 })
            let lists = try await withThrowingTaskGroup(of: [ListedPlace]?.self) { group in
                for writer in 3..<8 {
                    group.addTask {
                        try await service.write(writer, count: 12)
                        return nil
                    }
                }
                for _ in 0..<3 { group.addTask { try await Self.list(service) } }
                return try await group.reduce(into: [[ListedPlace]]()) { lists, list in
                    if let list { lists.append(list) }
                }
            }
            let after = try await service.stored(.facts)
            #expect(lists.count == 3)
            for list in lists {
                let seen = list.byLog
                for (log, positions) in after {
                    let found = seen[log] ?? []
                    #expect(found == Array(positions.prefix(found.count)), "\(log)")
                    #expect(found.count >= before[log]?.count ?? 0)
                }
            }
        }
    }

    @Test("a list is in the order of the records' times, whatever its pages are")
    func order() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<4 { group.addTask { try await service.write(writer, count: 9) } }
                try await group.waitForAll()
            }
            for query in ["", "type=connect.launched", "type=app.added,api_key.created"] {
                let whole = try await Self.list(service, query, limit: { 500 })
                let types = query.isEmpty ? [] : query.dropFirst(5).split(separator: ",")
                #expect(
                    try await service.stored(.facts, types: types.map(String.init)) == whole.byLog
                )
                for size in [1, 2, 5] {
                    #expect(try await Self.list(service, query, limit: { size }) == whole)
                }
            }
            var times: [Timestamp] = []
            for entry in try Self.entries(try await service.get("/v1/events?limit=500")) {
                times.append(try #require(entry["event"]?["time"]?.text.flatMap { Timestamp($0) }))
            }
            // Within a log two writers may differ by a moment; across logs nothing is far from its place.
            let isNear = zip(times, times.dropFirst()).allSatisfy {
                $0.microseconds <= $1.microseconds + 1_000_000
            }
            #expect(isNear && Set(times).count > 20)
        }
    }

    @Test("what is asked of one user is asked of the user's log, and its cursor is that of one log")
    func user() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for number in 0..<6 { _ = try await service.launch("user \(number)") }
            for number in 0..<6 {
                let named = try await service.get(service.user("user \(number)"))
                let subject = try #require(named["subject"])
                let id = try #require(Identifier(subject))
                for _ in 0..<2 { _ = try await service.launch("user \(number)") }
                let listed = try await Self.list(service, "subject=\(subject)", limit: { 1 })
                #expect(listed.count == 3)
                #expect(Set(listed.map(\.log)) == [Log(of: id).name])
                let first = try await service.get("/v1/events?limit=1&subject=\(subject)")
                let cursor = try #require(first["next_cursor"])
                #expect(Cursor.decode(cursor, kind: .events) != nil)
                let access = try await Self.list(service, "log=access&subject=\(subject)")
                #expect(access.allSatisfy { $0.log == Log(of: id).access.name })
            }
        }
    }

    @Test("who read what is listed from all access logs")
    func accesses() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for log in service.store.logs.list(.facts) {
                let name = try service.name(in: log)
                try await service.connect(name)
                for _ in 0..<2 { _ = try await service.tokens(name) }
            }
            let listed = try await Self.list(service, "log=access&type=token.read", limit: { 2 })
            #expect(try await service.stored(.access, types: ["token.read"]) == listed.byLog)
            #expect(Set(listed.map(\.log)).count == Self.pairs)
            for name in ["access-1", "facts-2"] {
                let one = try await Self.list(service, "log=\(name)")
                #expect(Set(one.map(\.log)) == [name])
            }
        }
    }

    @Test("a cursor of other logs, of another list, or one that was altered is none")
    func foreignCursors() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 5) }
            let first = try await service.get("/v1/events?limit=4")
            let cursor = try #require(first["next_cursor"])
            #expect(try await service.get("/v1/events?cursor=\(cursor)").status == 200)
            let bytes = try #require(Base64.url.decode(cursor.dropFirst().utf8))
            var others = ["e5", "e0", "", "e", "p\(cursor.dropFirst())", "\(cursor)A"]
            for bit in stride(from: 0, to: bytes.count * 8, by: 3) {
                var altered = bytes
                altered[bit / 8] ^= 1 << (bit % 8)
                others.append("e" + Base64.url.encode(altered))
            }
            let fewer = LogPlaces.beginning(count: 2).text
            others += ["e" + fewer, "e" + LogPlaces.beginning(count: 4).text]
            let refused = try await service.get("/v1/events?cursor=x")
            for other in others where other != cursor {
                let answer = try await service.get("/v1/events?cursor=\(other)")
                #expect(answer.status == 400 && answer.lasting == refused.lasting, "\(other)")
            }
            // Of the list of accesses, of a single log, and of the one for another user.
            for query in ["log=access", "log=facts-1"] {
                let answer = try await service.get("/v1/events?\(query)&cursor=\(cursor)")
                #expect(answer.status == 400, "\(query)")
            }
            // The beginning is one in any list.
            let start = "e" + LogPlaces.beginning(count: 3).text
            let again = try await service.get("/v1/events?limit=4&cursor=\(start)")
            #expect(again.text == first.text)
        }
    }

    @Test("problems of all logs are one list, the one that was opened last first")
    func problems() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for number in 0..<8 {
                try await service.connect("user \(number)")
                _ = try await service.problem(of: "user \(number)")
            }
            for size in [1, 3, 100] {
                var about: [String] = []
                var times: [String] = []
                var cursor: String?
                repeat {
                    let next = cursor.map { "&cursor=\($0)" } ?? ""
                    let answer = try await service.get("/v1/problems?limit=\(size)\(next)")
                    try #require(answer.status == 200, "\(answer.text)")
                    guard case .array(let page)? = answer.json["problems"] else { break }
                    about += page.compactMap { $0["subject"]?.text }
                    times += page.compactMap { $0["opened_at"]?.text }
                    #expect(answer.json["until_position"] == nil)
                    var ends: [JSONValue] = []
                    for log in service.store.logs.list(.facts) {
                        let end = try await service.store.size(log: log)
                        ends.append(["log": .string(log.name), "position": .number("\(end)")])
                    }
                    #expect(answer.json["until_positions"] == .array(ends))
                    cursor = answer["next_cursor"]
                } while cursor != nil
                #expect(about.count == 8 && Set(about).count == 8)
                #expect(times == times.sorted(by: >))
            }
            let page = try await service.get("/v1/problems?limit=2")
            let cursor = try #require(page["next_cursor"])
            let last = cursor.hasSuffix("A") ? "B" : "A"
            for other in ["p5", "e\(cursor.dropFirst())", "\(cursor.dropLast())\(last)"] {
                let answer = try await service.get("/v1/problems?cursor=\(other)")
                #expect(answer.status == 400, "\(other)")
            }
        }
    }

    @Test("an export is one log after the other, on record for each, and goes on after any event")
    func exports() async throws {
        try await TestService.run(pairs: Self.pairs, databases: 2) { service in
            for writer in 0..<3 { try await service.write(writer, count: 20) }
            let stored = try await service.stored(.facts)
            let export = try await service.get("/v1/export")
            let lines = export.text.split(separator: "\n")
            let ids = try lines.map { line in
                let json = try JSONParser.parse(Array(line.utf8), depthMax: 16)
                return try #require(json["id"]?.text)
            }
            let logs = try ids.map { Log(of: try #require(Identifier($0))) }
            #expect(logs == logs.sorted { $0.id < $1.id })
            #expect(
                Dictionary(grouping: logs, by: \.name).mapValues(\.count)
                    == stored.mapValues(\.count)
            )
            for index in [0, 3, lines.count / 2, lines.count - 1] {
                let rest = try await service.get("/v1/export?after=\(ids[index])")
                #expect(rest.text.split(separator: "\n") == Array(lines[(index + 1)...]))
            }
            for query in ["from_position=3", "until_position=3", "after=\(UInt8.max)"] {
                #expect(try await service.get("/v1/export?\(query)").status == 400, "\(query)")
            }
            #expect(try await service.get("/v1/export?from_position=0").text == export.text)
            let stretch = "log=facts-1&from_position=2&until_position=4"
            let one = try await service.get("/v1/export?\(stretch)")
            #expect(one.text.split(separator: "\n").count == 2)
            // The first alone has a name of its own, for its kind is all of them.
            for log in service.store.logs.list(.facts) {
                let own = try await service.get("/v1/export?log=\(log.ownName)&from_position=1")
                let inLog = zip(lines, logs).filter { $1 == log }.map(\.0)
                let rest = zip(stored[log.name] ?? [], inLog).filter { $0.0 >= 1 }.map(\.1)
                #expect(own.text.split(separator: "\n") == rest)
                let listed = try await Self.list(service, "log=\(log.ownName)")
                #expect(Set(listed.map(\.log)) == [log.name])
            }
            for name in ["facts-3", "facts-01", "facts-", "map-0", "access-512"] {
                let refused = try await service.get("/v1/events?log=\(name)")
                #expect(refused.status == 400 && refused.text.contains("facts-0 to facts-2"))
            }
            let whose = try await service.get("/v1/export/identities")
            #expect(whose.text.split(separator: "\n").count == 60)
            // One call of all logs is one export, which each log has an event of.
            let told = try await service.get("/v1/events?log=access&type=log.exported&limit=500")
            let first = try Self.entries(told).prefix(Self.pairs).compactMap {
                $0["event"]?["data"]
            }
            #expect(Set(first.compactMap { $0["export"]?.text }).count == 1)
            #expect(first.compactMap { $0["log"] } == [.number("0"), .number("2"), .number("4")])
        }
    }
}

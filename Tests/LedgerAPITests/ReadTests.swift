import HumanConnect
import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ReadTests {
    @Test("tokens carry a strong ETag; a known one is 304 and no reading is recorded")
    func entityTags() async throws {
        try await TestService.run { service in
            try await service.connect("tags")
            let reads = { try await service.records(log: .access).count }
            #expect(try await reads() == 0)
            let first = try await service.tokens("tags")
            let tag = try #require(first.headers["etag"])
            #expect(tag.hasPrefix("\""))
            #expect(first.headers["cache-control"] == "no-store")
            #expect(try await reads() == 2)
            let path = service.user("tags", "/tokens")
            for match in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
                let known = try await service.get(path, headers: ["If-None-Match": match])
                #expect(known.status == 304, "\(match)")
                #expect(known.headers["etag"] == tag)
                #expect(known.bytes.isEmpty)
            }
            #expect(try await reads() == 2)
            for other in ["\"x\"", String(tag.dropLast(2)) + "\"", ""] {
                let answer = try await service.get(path, headers: ["If-None-Match": other])
                #expect(answer.status == 200, "\(other)")
            }
            var tags: Set = [tag]
            _ = try await service.post(service.user("tags", "/broken"))
            tags.insert(try #require(try await service.tokens("tags").headers["etag"]))
            try await service.connect("tags", "lab")
            tags.insert(try #require(try await service.tokens("tags").headers["etag"]))
            try await service.connect("tags of another")
            tags.insert(try #require(try await service.tokens("tags of another").headers["etag"]))
            #expect(tags.count == 4)
        }
    }

    @Test("every reading of tokens is on record before its answer, by key, kind and version")
    func accessLog() async throws {
        try await TestService.run { service in
            try await service.connect("read")
            let key = try await service.key(.tokensRead)
            let id = try #require(APIKey(key)).id
            for _ in 0..<3 {
                let before = try await service.records(log: .access).count
                let answer = try await service.call(
                    .GET,
                    service.user("read", "/tokens"),
                    key: key
                )
                #expect(answer.status == 200)
                let records = try await service.records(log: .access)
                    .dropFirst(before)
                #expect(
                    records.map(\.event) == [
                        .tokenRead(kind: .accessToken, version: 1, key: id),
                        .tokenRead(kind: .publicToken, version: 1, key: id),
                    ]
                )
                #expect(records.allSatisfy { $0.actor == "key:\(id)" })
                #expect(
                    records.allSatisfy {
                        $0.requestID == answer.headers["x-request-id"]
                    }
                )
            }
            _ = try await service.post(service.user("read", "/public-token"))
            let last = try await service.records(log: .access).last
            guard case .tokenRead(kind: .publicToken, version: 1, _)? = last?.event else {
                Issue.record("a recovered token is a token read")
                return
            }
        }
    }

    @Test("no token leaves when the reading cannot be recorded")
    func unrecorded() async throws {
        try await TestService.run { service in
            try await service.connect("guarded")
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin if new.type = 'token.read' then raise exception 'no'; end if; return new; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            let held = try await service.sandbox.user("guarded")
            let answer = try await service.tokens("guarded")
            #expect(answer.status == 500)
            #expect(answer.code == "internal")
            #expect(!answer.text.contains(try #require(held?["access_token"]?.text)))
        }
    }

    @Test("lists go on where they stopped, and filters hold together")
    func pages() async throws {
        try await TestService.run { service in
            for number in 0..<7 { _ = try await service.launch("page \(number)") }
            try await service.connect("page 0")
            for (path, key) in [
                ("/v1/users", "users"), ("/v1/events", "events"),
                (service.user("page 0", "/events"), "events"),
            ] {
                let whole = try await service.get(path)
                guard case .array(let all)? = whole.json[key] else {
                    Issue.record("\(path) is a list")
                    return
                }
                #expect(whole["next_cursor"] == nil)
                for limit in [1, 3, all.count] {
                    var found: [JSONValue] = []
                    var query = "?limit=\(limit)"
                    while true {
                        let page = try await service.get(path + query)
                        guard case .array(let part)? = page.json[key] else { break }
                        #expect(!part.isEmpty, "the last page says that it is the last")
                        found += part
                        guard let cursor = page["next_cursor"] else { break }
                        query = "?limit=\(limit)&cursor=\(cursor)"
                    }
                    #expect(found == all, "\(path) by \(limit)")
                }
            }
            let types = try await service.get("/v1/events?type=connect.launched")
            guard case .array(let launched)? = types.json["events"] else { return }
            #expect(launched.count == 8)
            let time = try #require(launched[3]["event"]?["time"]?.text)
            let subject = try #require(launched[3]["event"]?["subject"]?.text)
            for (query, count) in [
                ("since=\(time)", 5), ("until=\(time)", 3), ("subject=\(subject)", 1),
                ("since=\(time)&until=\(time)", 0),
            ] {
                let answer = try await service.get("/v1/events?type=connect.launched&\(query)")
                guard case .array(let events)? = answer.json["events"] else { return }
                #expect(events.count == count, "\(query)")
            }
            let users = try await service.get("/v1/users?limit=2")
            let cursor = try #require(users["next_cursor"])
            #expect(try await service.get("/v1/events?cursor=\(cursor)").status == 400)
        }
    }

    @Test("events of a list are the records, byte for byte")
    func bytes() async throws {
        try await TestService.run { service in
            try await service.connect("bytes")
            let answer = try await service.get(service.user("bytes", "/events"))
            let records = try await service.records(log: .facts)
                .filter { $0.subjectVersion != nil }
            #expect(records.count == 6)
            for record in records {
                #expect(answer.text.contains(String(decoding: record.encoded(), as: UTF8.self)))
            }
        }
    }
}

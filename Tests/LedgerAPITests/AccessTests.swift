import Ledger
import LedgerStore
import NIOHTTP1
import Testing
import Vault
import Wire

/// Who read what of a user, and how much of it an app keeps.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct AccessTests {
    private func events(_ answer: TestAnswer) -> [JSONValue] {
        guard case .array(let events)? = answer.json["events"] else {
            Issue.record("no list: \(answer.text)")
            return []
        }
        return events
    }

    private func subject(_ name: String, _ service: TestService) async throws -> String {
        try #require(try await service.get(service.user(name))["subject"])
    }

    /// Changes how much the own app keeps, and waits until the service must go by it.
    private func keep(_ recording: AccessRecording, _ service: TestService) async throws {
        try await service.changeApp { $0.accessRecording = recording }
        try await Task.sleep(for: .milliseconds(4_900))
    }

    @Test(
        "the list has all that was read of the user, in order and by pages, and nothing of others"
    )
    func list() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            try await service.connect("bob")
            let path = service.user("alice", "/access")
            let none = try await service.get(path)
            #expect(none.text == #"{"access_log":"full","events":[]}"#)
            let tokens = try await service.tokens("alice")
            _ = try await service.tokens("bob")
            _ = try await service.post(service.user("alice", "/public-token"))
            _ = try await service.get("/v1/export?user=alice")
            _ = try await service.get("/v1/export")
            let token = try #require(tokens["access_token"])
            _ = try await service.post("/v1/tokens/search", #"{"token":"\#(token)"}"#)
            _ = try await service.post("/v1/tokens/search", #"{"token":"nobody's"}"#)

            let answer = try await service.get(path)
            #expect(answer["access_log"] == "full")
            let all = events(answer)
            #expect(
                all.map { $0["event"]?["type"]?.text } == [
                    "token.read", "token.read", "token.read", "log.exported", "token.searched",
                ]
            )
            let subject = try await subject("alice", service)
            #expect(all.allSatisfy { $0["event"]?["subject"]?.text == subject })
            for record in try await service.records(log: .access) where record.subject != nil {
                let isHers = record.subject?.description == subject
                let bytes = String(decoding: record.encoded(), as: UTF8.self)
                #expect(answer.text.contains(bytes) == isHers)
            }
            for limit in [1, 2, 5] {
                var found: [JSONValue] = []
                var query = "?limit=\(limit)"
                while true {
                    let page = try await service.get(path + query)
                    #expect(page["access_log"] == "full")
                    found += events(page)
                    guard let cursor = page["next_cursor"] else { break }
                    query = "?limit=\(limit)&cursor=\(cursor)"
                }
                #expect(found == all, "by \(limit)")
            }
            let other = try #require(
                try await service.get(service.user("alice", "/events?limit=1"))["next_cursor"]
            )
            #expect(try await service.get(path + "?cursor=\(other)").status == 400)
            #expect(try await service.get(path + "?log=facts").status == 400)
            // To look at the list is no reading of the user's data.
            #expect(events(try await service.get(path)) == all)
        }
    }

    @Test("another app that names the user's pseudonym does not stand in the list")
    func foreignPseudonym() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let subject = try await subject("alice", service)
            let export = try await service.call(
                .GET,
                "/v1/export?subject=\(subject)",
                key: service.foreignKey
            )
            #expect(export.status == 200)
            let records = try await service.records(log: .access)
            #expect(records.last?.subject?.description == subject)
            #expect(events(try await service.get(service.user("alice", "/access"))) == [])
        }
    }

    @Test("with metadata it is known who read and when, and nothing leads to the user; off is off")
    func less() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let path = service.user("alice", "/access")
            _ = try await service.tokens("alice")
            let before = events(try await service.get(path))
            #expect(before.count == 2)
            let subject = try await subject("alice", service)
            let key = try #require(APIKey(service.key)).id

            try await keep(.metadata, service)
            let count = try await service.records(log: .access).count
            let answer = try await service.get(
                service.user("alice", "/tokens"),
                headers: ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]
            )
            #expect(answer.status == 200)
            let token = try #require(answer["access_token"])
            _ = try await service.post("/v1/tokens/search", #"{"token":"\#(token)"}"#)
            _ = try await service.get("/v1/export?user=alice")
            let noted = try await service.records(log: .access).dropFirst(count)
            #expect(
                noted.map(\.event) == [
                    .accessNoted(.tokenRead), .accessNoted(.tokenSearched),
                    .accessNoted(.logExported),
                ]
            )
            for record in noted {
                #expect(record.subject == nil && record.causedBy == nil)
                #expect(record.traceparent == nil)
                #expect(record.actor == "key:\(key)")
                #expect(record.requestID != nil)
                let text = String(decoding: record.encoded(), as: UTF8.self)
                #expect(!text.contains(subject) && !text.contains("version\":1"))
            }
            #expect(noted.first?.requestID == answer.headers["x-request-id"])
            var now = try await service.get(path)
            #expect(now["access_log"] == "metadata")
            #expect(events(now) == before)

            try await keep(.off, service)
            let size = try await service.records(log: .access).count
            #expect(try await service.tokens("alice").status == 200)
            _ = try await service.post("/v1/tokens/search", #"{"token":"\#(token)"}"#)
            #expect(try await service.get("/v1/export?user=alice").status == 200)
            #expect(try await service.records(log: .access).count == size)
            now = try await service.get(path)
            #expect(now["access_log"] == "off")
            #expect(events(now) == before)
            // The other app keeps what it kept.
            let foreign = try await service.call(.GET, "/v1/export", key: service.foreignKey)
            #expect(foreign.status == 200)
            guard case .logExported? = try await service.records(log: .access).last?.event else {
                Issue.record("the other app's export is on record")
                return
            }
            let told = try await service.get("/v1/events?type=app.updated")
            #expect(told.text.contains(#""access_log":"metadata""#))
            #expect(told.text.contains(#""access_log":"off""#))
        }
    }
}

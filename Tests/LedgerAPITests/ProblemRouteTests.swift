import Ledger
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import Vault
import Wire

@Suite("routes of problems", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct ProblemRouteTests {
    @Test("a problem is opened, muted, resolved and opened anew, and stays the same one")
    func life() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let id = try await service.problem(of: "alice")
            let opened = try await service.get("/v1/problems/\(id)")
            #expect(opened.status == 200)
            #expect(opened["id"] == id && opened["state"] == "open")
            #expect(opened["client_user_id"] == "alice" && opened["reason"] == "provider_401")
            let key = try await service.key(.problemsMute)
            let muted = try await service.call(.POST, "/v1/problems/\(id)/mute", key: key)
            #expect(muted.status == 200 && muted["state"] == "muted")
            #expect(muted["muted_by"] == "key:\(try #require(APIKey(key)).id)")
            #expect(muted["client_user_id"] == nil, "its key may not read users")
            // What was answered a moment ago counts, before anybody has folded it.
            let unmuted = try await service.call(.POST, "/v1/problems/\(id)/unmute", key: key)
            #expect(unmuted["state"] == "open")
            let same = try await service.call(.POST, "/v1/problems/\(id)/unmute", key: key)
            #expect(same["state"] == "open")
            let once = try await service.call(.POST, "/v1/problems/\(id)/mute", key: key)
            #expect(once["state"] == "muted")
            let types = try await service.types("alice").filter { $0.hasPrefix("problem.") }
            #expect(types == ["problem.muted", "problem.unmuted", "problem.muted"])
            await TestStore.foldProblems(service.store)
            #expect(
                try await service.get("/v1/problems?state=open").text.contains("\"problems\":[]")
            )
            #expect(try await service.get("/v1/problems?state=muted").text.contains(id))
            try await service.connect("alice", "watch")
            await TestStore.foldProblems(service.store)
            let resolved = try await service.get("/v1/problems/\(id)")
            #expect(resolved["state"] == "resolved" && resolved["muted_by"] == nil)
            _ = try await service.problem(of: "alice")
            let again = try await service.get("/v1/problems/\(id)")
            #expect(again["state"] == "open")
            #expect(
                again.json["openings"] == .number("2") && again.json["occurrences"] == .number("2")
            )
            let first = try #require(opened.json["first_position"])
            #expect(again.json["first_position"] == first)
        }
    }

    @Test("pages of the list hold every problem once, whatever is muted meanwhile")
    func pages() async throws {
        try await TestService.run { service in
            var ids: [String] = []
            for user in ["a", "b", "c", "d", "e"] {
                try await service.connect(user)
                ids.append(try await service.problem(of: user))
            }
            var found: [String] = []
            var path = "/v1/problems?limit=2&state=open,muted"
            while true {
                let page = try await service.get(path)
                guard case .array(let problems)? = page.json["problems"] else { break }
                found += problems.compactMap { $0["id"]?.text }
                if let id = found.last {
                    _ = try await service.call(.POST, "/v1/problems/\(id)/mute", key: service.key)
                    await TestStore.foldProblems(service.store)
                }
                guard let next = page["next_cursor"] else { break }
                path = "/v1/problems?limit=2&state=open,muted&cursor=\(next)"
            }
            #expect(found == ids.reversed())
        }
    }

    @Test("who was erased has no problem, even before the rows follow")
    func erasure() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let id = try await service.problem(of: "alice")
            let erased = try await service.call(.DELETE, service.user("alice"), key: service.key)
            #expect([200, 202].contains(erased.status))
            for path in ["/v1/problems/\(id)", "/v1/problems/\(id)/mute"] {
                let method: HTTPMethod = path.hasSuffix("mute") ? .POST : .GET
                #expect(try await service.call(method, path, key: service.key).status == 404)
            }
            #expect(try await !service.get("/v1/problems").text.contains(id))
            #expect(try await service.get("/v1/problems?user=alice").status == 404)
        }
    }

    @Test(
        "what is no condition of the list is refused",
        arguments: [
            "state=closed", "state=", "state=open,", "kind=trouble", "subject=x", "cursor=x",
            "cursor=u0",
            "limit=0", "client_user_id=alice",
            "user=alice&subject=00000000-0000-0000-0000-000000000000",
        ]
    )
    func conditions(query: String) async throws {
        try await TestService.run { service in
            let answer = try await service.get("/v1/problems?\(query)")
            #expect(answer.status == 400 && answer.code == "malformed_request", "\(query)")
        }
    }

    @Test("a name that is none, of another spelling or of another app is not found")
    func names() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let id = try await service.problem(of: "alice")
            for name in [
                "x", "needs_reconnect", id.uppercased(), id + ".", "%20" + id,
                id.replacing("needs_reconnect", with: "unresolved"),
            ] {
                #expect(try await service.get("/v1/problems/\(name)").status == 404, "\(name)")
            }
            let foreign = try await service.call(
                .GET,
                "/v1/problems/\(id)",
                key: service.foreignKey
            )
            #expect(foreign.status == 404)
            let other = try await service.call(
                .POST,
                "/v1/problems/\(id)/mute",
                key: service.foreignKey
            )
            #expect(other.status == 404)
            #expect(try await service.get("/v1/problems/\(id)")["state"] == "open")
        }
    }
}

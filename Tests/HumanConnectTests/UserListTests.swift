import HumanConnect
import Ledger
import Synchronization
import TestSupport
import Testing

@Suite("the list of an app's users", .timeLimit(.minutes(5)))
struct UserListTests {
    /// What was read of a list.
    private struct Reading {
        var users: [ListedUser] = []
        /// How many entries could not be read, or why the list was not.
        var end: Result<Int, HumanConnectError> = .success(0)
        var requests: [String] = []
    }

    private func read(
        _ script: StubProvider.Script,
        limit: Duration = .seconds(60),
        bytesMax: Int = 134_217_728
    ) async throws -> Reading {
        try await StubProvider.run(script) { stub, url in
            let users = Mutex<[ListedUser]>([])
            let app = try HumanConnectClientTests.app(url)
            let end = try await HumanConnectClientTests.withClient(limit: limit) {
                $0.listBytesMax = bytesMax
            } _: { client in
                do throws(HumanConnectError) {
                    return Result<Int, HumanConnectError>.success(
                        try await client.listUsers(of: app) { user in
                            users.withLock { $0.append(user) }
                        }
                    )
                } catch {
                    return .failure(error)
                }
            }
            #expect(stub.connections == 1)
            return Reading(users: users.withLock { $0 }, end: end, requests: stub.requests)
        }
    }

    private func read(list: String, bytesMax: Int = 134_217_728) async throws -> Reading {
        let text = HumanConnectClientTests.response("200 OK", list)
        return try await read(.answer(text), bytesMax: bytesMax)
    }

    private func person(_ humanID: String, _ clientUserID: String?) -> ListedUser {
        .person(humanID: Secret(humanID), clientUserID: clientUserID.map { Secret($0) })
    }

    @Test("all entries are handed out, with the App Key, in one request")
    func entries() async throws {
        let list =
            #"[{"humanId":"h","externalId":"a@b","appId":"c","createdAt":"t"}, {"humanId":"i"},"#
            + #"{"externalId":null,"humanId":"j"},{"externalId":"","humanId":"k"}]"#
        let reading = try await read(list: list)
        #expect(
            reading.users == [
                person("h", "a@b"), person("i", nil), person("j", nil), person("k", nil),
            ]
        )
        #expect(try reading.end.get() == 0)
        let request = try #require(reading.requests.first)
        #expect(request.hasPrefix("GET /v1/apps/c/users "))
        #expect(request.contains("Authorization: Basic a2V5Og==\r\n"))
        #expect(try await read(list: "[]").users.isEmpty)
    }

    @Test("an entry that cannot be read is counted, and spoils no other")
    func unreadable() async throws {
        let long = String(repeating: "x", count: 16_385)
        let bad = [
            (#"{"externalId":"u"}"#, "u"), (#"{"externalId":"u","humanId":""}"#, "u"),
            (#"{"externalId":"u","humanId":7}"#, "u"),
            (#"{"externalId":"u","humanId":"a","humanId":"b"}"#, "u"),
            (#"{"externalId":"u","humanId":"h","appId":"another"}"#, "u"),
            (#"{"externalId":"u","humanId":"\#(long)"}"#, "u"),
            (#"{"externalId":7,"humanId":"h"}"#, nil),
            (#"{"externalId":"u","externalId":"v","humanId":"h"}"#, nil),
            (#"{"externalId":"u\n","humanId":"h"}"#, nil),
            (#"{"externalId":"\#(String(repeating: "x", count: 70_000))","humanId":"h"}"#, nil),
            (#"{"externalId" "u"}"#, nil), ("7", nil), ("null", nil), ("[]", nil), ("nope", nil),
            (String(repeating: "[", count: 40) + String(repeating: "]", count: 40), nil),
        ]
        for (entry, name) in bad {
            let list = #"[{"humanId":"h","externalId":"a"},\#(entry),{"humanId":"i"}]"#
            let reading = try await read(list: list)
            #expect(try reading.end.get() == 1, "\(entry.prefix(80))")
            let unreadable = ListedUser.unreadable(clientUserID: name.map { Secret($0) })
            #expect(reading.users == [person("h", "a"), unreadable, person("i", nil)])
        }
    }

    @Test("ids that Unicode calls equivalent are two users")
    func spelling() async throws {
        let list =
            #"[{"humanId":"h","externalId":"\u00e9"},{"humanId":"i","externalId":"e\u0301"}]"#
        let users = try await read(list: list).users
        #expect(users == [person("h", "\u{E9}"), person("i", "e\u{301}")])
        #expect(users[0] != person("h", "e\u{301}"))
    }

    @Test("what is no list, is cut or broken is said so, never taken for an empty one")
    func broken() async throws {
        for list in ["{}", "", "<html>", "[", #"[{"humanId":"h"}"#, "[]x", #"{"users":[]}"#] {
            let reading = try await read(list: list)
            #expect(reading.end.failure == .unknown(.malformedAnswer), "\(list)")
        }
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n"
        let cut = try await read(.answer(head + #"[{"humanId":"h"},{"hum"#))
        #expect(cut.users == [person("h", nil)])
        #expect(cut.end.failure == .unknown(.connectionLost))
        let page = HumanConnectClientTests.response("200 OK", "[]", type: "text/html")
        #expect(try await read(.answer(page)).end.failure == .unknown(.notJSON))
    }

    @Test("a list over the bounds is too long: bytes, unreadable entries")
    func tooLong() async throws {
        let entry = #"{"humanId":"h","externalId":"a"}"#
        let list = "[" + Array(repeating: entry, count: 1_000).joined(separator: ",") + "]"
        let whole = try await read(list: list, bytesMax: list.utf8.count)
        #expect(whole.users.count == 1_000)
        #expect(try whole.end.get() == 0)
        let over = try await read(list: list, bytesMax: list.utf8.count - 1)
        #expect(over.end.failure == .unknown(.listTooLong))

        for count in [1_000, 1_001, 1_000_000] {
            let junk = "[" + Array(repeating: "[]", count: count).joined(separator: ",") + "]"
            let reading = try await read(list: junk)
            #expect(reading.users.count <= 1_001)
            if count == 1_000 {
                #expect(try reading.end.get() == 1_000)
            } else {
                #expect(reading.end.failure == .unknown(.listTooLong))
            }
        }
    }

    @Test("a list that drips is given up, and tells nothing of the host")
    func slow() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[{\"humanId\":\"h\"},"
        try await StubProvider.run(.drip(after: head)) { stub, url in
            let app = try HumanConnectClientTests.app(url)
            try await HumanConnectClientTests.withClient(limit: .seconds(2)) { client in
                for _ in 0..<4 {
                    await #expect(throws: HumanConnectError.unknown(.timedOut)) {
                        try await client.listUsers(of: app) { _ in }
                    }
                }
                #expect(client.admission(for: app) == .allowed)
            }
            // Once more for each that a standstill of this process has made late.
            #expect((4...8).contains(stub.connections))
        }
    }

    @Test("one person is asked for by humanId, and must be who comes back")
    func onePerson() async throws {
        let body = #"{"humanId":"h/1","externalId":"a@b","appId":"c"}"#
        let text = HumanConnectClientTests.response("200 OK", body)
        try await StubProvider.run(.answer(text)) { stub, url in
            let app = try HumanConnectClientTests.app(url)
            try await HumanConnectClientTests.withClient { client in
                let user = try await client.user(humanID: Secret("h/1"), of: app)
                #expect(user == person("h/1", "a@b"))
                for other in ["other", ".", "..", "h%2F1"] {
                    await #expect(throws: HumanConnectError.unknown(.differentHuman)) {
                        try await client.user(humanID: Secret(other), of: app)
                    }
                }
            }
            #expect(!stub.requests.contains { $0.contains("..") })
            #expect(stub.requests.first?.hasPrefix("GET /v1/apps/c/users/h%2F1 ") == true)
        }
    }

    @Test("without an App Key nothing is sent")
    func noAppKey() async throws {
        try await StubProvider.run(.hang) { stub, url in
            let app = ProviderApp(
                clientID: "c",
                clientSecret: Secret("s"),
                appKey: nil,
                endpoints: try ProviderEndpoints(all: url)
            )
            try await HumanConnectClientTests.withClient { client in
                await #expect(throws: HumanConnectError.notSent(.notConfigured)) {
                    try await client.listUsers(of: app) { _ in }
                }
                await #expect(throws: HumanConnectError.notSent(.notConfigured)) {
                    try await client.user(humanID: Secret("h"), of: app)
                }
            }
            #expect(stub.connections == 0)
        }
    }
}

import HTTPTypes
import Ledger
import LedgerAPI
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct HTTPTests {
    private func port(_ service: TestService) throws -> Int {
        try #require(service.url.split(separator: ":").last.flatMap { Int($0) })
    }

    @Test("HEAD answers the head of GET everywhere, and puts no reading on record")
    func head() async throws {
        try await TestService.run { service in
            try await service.connect("head")
            let reads = { try await service.records(log: .access).count }
            for route in TestRoute.all where route.method == .GET {
                let path = route.target.split(separator: "{client_user_id}").joined(
                    separator: "head"
                )
                for key in [service.key, nil] {
                    let before = try await reads()
                    let head = try await service.call(.HEAD, path, key: key)
                    #expect(try await reads() == before, "\(route)")
                    let get = try await service.call(.GET, path, key: key)
                    #expect(head.status == get.status, "\(route)")
                    #expect(head.bytes.isEmpty, "\(route)")
                    for name in [
                        "content-type", "etag", "vary", "cache-control", "www-authenticate",
                    ] {
                        #expect(head.headers[name] == get.headers[name], "\(route) \(name)")
                    }
                    // Where HEAD names a length, it is the one of GET; problems name their request.
                    if let length = head.headers["content-length"] {
                        #expect(length == get.headers["content-length"], "\(route)")
                    }
                }
            }
            let unknown = try await service.call(.HEAD, "/v1/users/nobody/tokens", key: service.key)
            #expect(unknown.status == 404)
            let known = try await service.tokens("head")
            let same = try await service.call(
                .HEAD,
                service.user("head", "/tokens"),
                key: service.key,
                headers: ["If-None-Match": try #require(known.headers["etag"])]
            )
            #expect(same.status == 304)
        }
    }

    @Test("a method that a path does not take is 405 and Allow names those that it takes")
    func methods() async throws {
        try await TestService.run { service in
            var allowed: [String: Set<String>] = [:]
            for (method, path) in service.api.routes { allowed[path, default: []].insert(method) }
            #expect(allowed.count > 15)
            for (path, routed) in allowed {
                let methods = routed.contains("GET") ? routed.union(["HEAD"]) : routed
                let target = path.split(separator: "/").map { segment in
                    segment.hasPrefix("{") || segment == "**" ? "x" : String(segment)
                }.joined(separator: "/")
                for name in [
                    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "X",
                ]
                where !methods.contains(name) {
                    let method = try #require(HTTPRequest.Method(name))
                    let answer = try await service.raw(method, "/" + target)
                    #expect(answer.status == 405, "\(name) \(path)")
                    #expect(
                        answer.headers["allow"] == methods.sorted().joined(separator: ", "),
                        "\(name) \(path)"
                    )
                    if name != "HEAD" { #expect(answer.code == "method_not_allowed") }
                }
            }
        }
    }

    @Test("a method that is a name or a token does not reach the log")
    func loggedMethods() async throws {
        try await TestService.run { service in
            let token = "0af7651916cd43dd8448eb211c80319c"
            let answer = try await RawConnection.exchange(
                "\(token) /livez HTTP/1.1\r\nHost: a\r\n\r\n",
                port: try port(service)
            )
            #expect(answer.hasPrefix("HTTP/1.1 405 "))
            #expect(!answer.contains(token))
            #expect(!service.logs.lines.contains { $0.contains(token) })
        }
    }

    @Test("an address has one spelling")
    func addresses() async throws {
        try await TestService.run { service in
            try await service.connect("known")
            for path in [
                "//v1/users", "/v1//users", "/v1/users/", "/v1/users//known", "/v1/users/known/",
                "/v1/users/known//tokens", "//", "/livez/", "//livez", "/v1/users/known/tokens/",
                "/V1/users", "/v1/./users", "/v1/%75sers", "/checkpoint/", "/v1/export/",
            ] {
                let answer = try await service.raw(
                    .get,
                    path,
                    headers: [.authorization: "Bearer " + service.key]
                )
                #expect(answer.status == 404, "\(path)")
                #expect(answer.code == "not_found", "\(path)")
            }
            let launch = try await service.raw(.post, "/v1/launches/")
            #expect(launch.status == 404)
        }
    }

    @Test("the scheme of a key has no case, and everything else is no key")
    func scheme() async throws {
        try await TestService.run { service in
            for (value, status) in [
                ("Bearer \(service.key)", 200), ("bearer \(service.key)", 200),
                ("BEARER \(service.key)", 200), ("bEaReR  \(service.key)", 200),
                ("Basic \(service.key)", 401), ("Bearer", 401), (service.key, 401),
                ("Bearer\(service.key)", 401), ("Bearer \(service.key) x", 401), ("", 401),
                ("Bearer \(service.key), Bearer \(service.key)", 401),
                ("Bearer \(service.key.uppercased())", 401),
            ] {
                let answer = try await service.call(
                    .GET,
                    "/v1/users",
                    key: nil,
                    headers: ["Authorization": value]
                )
                #expect(answer.status == status, "\(value.prefix(8))…")
            }
        }
    }

    @Test("a body in a coding is refused everywhere, whatever the coding")
    func codings() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("coded")
            let session = try await service.session(launch)
            let count = try await service.eventCount()
            for coding in ["gzip", "br", "identity", "x", ""] {
                for (path, body) in [
                    ("/v1/launches", #"{"client_user_id":"coded"}"#), (launch.finishPath, session),
                    (launch.finishPath + "/closed", ""), ("/v1/tokens/search", #"{"token":"x"}"#),
                ] {
                    let answer = try await service.post(
                        path,
                        body,
                        headers: ["Content-Encoding": coding]
                    )
                    #expect(answer.status == 415, "\(path) \(coding)")
                    #expect(answer.code == "unsupported_media_type")
                }
            }
            #expect(try await service.eventCount() == count)
            #expect(try await service.finish(launch.finishPath, session).status == 201)
        }
    }

    @Test("a body that breaks off or is wrongly framed is malformed, not too large")
    func brokenBodies() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("broken")
            let count = try await service.eventCount()
            let port = try port(service)
            for path in ["/v1/launches", launch.finishPath, launch.finishPath + "/failed"] {
                for rest in [
                    "Transfer-Encoding: chunked\r\n\r\nx\r\n", "Content-Length: 9\r\n\r\n{}",
                    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n",
                    "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
                    "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}",
                ] {
                    let answer = try await RawConnection.exchange(
                        "POST \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(service.key)\r\n"
                            + rest,
                        port: port
                    )
                    #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(path) \(rest): \(answer)")
                    #expect(answer.contains(#""code":"malformed_request""#), "\(path) \(rest)")
                }
            }
            #expect(try await service.eventCount() == count)
        }
    }

    @Test("HTTP/1.0 gets whole answers, also of exports, and the end of the connection")
    func old() async throws {
        try await TestService.run { service in
            try await service.connect("old")
            let port = try port(service)
            let whole = try await service.get("/v1/export")
            let answer = try await RawConnection.exchange(
                [
                    Array(
                        "GET /v1/export HTTP/1.0\r\nauthorization: bearer \(service.key)\r\n\r\n"
                            .utf8
                    )
                ],
                port: port,
                endsInput: false
            )
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(!answer.contains("Transfer-Encoding"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(answer.hasSuffix("\r\n\r\n" + whole.text))
            let coded = try await RawConnection.exchange(
                "GET /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x, chunked\r\n\r\n0\r\n\r\n",
                port: port
            )
            #expect(coded.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test("a blank that a form would write never names another person")
    func blanks() async throws {
        try await TestService.run { service in
            for user in ["a b", "a+b"] { try await service.connect(user) }
            for path in ["/v1/users/a+b", "/v1/users/a+b/tokens", "/v1/export?user=a+b"] {
                let answer = try await service.get(path)
                #expect(answer.status == 400, "\(path)")
                #expect(answer["detail"]?.contains("%2B") == true, "\(path)")
            }
            for (spelling, user) in [("a%20b", "a b"), ("a%2Bb", "a+b"), ("a%2bb", "a+b")] {
                let shown = try await service.get("/v1/users/\(spelling)")
                #expect(shown["client_user_id"] == user)
                let identity = try await service.get("/v1/export/identities?user=\(spelling)")
                #expect(identity["client_user_id"] == user)
            }
        }
    }
}

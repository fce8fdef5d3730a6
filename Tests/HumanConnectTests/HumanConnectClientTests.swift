import HumanConnect
import Ledger
import TestSupport
import Testing

@Suite("the client against a misbehaving provider")
struct HumanConnectClientTests {
    static let session = SessionTokenObject(
        humanID: Secret("HUMAN-MARK"),
        clientID: "ignored",
        sessionToken: Secret("SESSION-MARK")
    )
    static let good = """
        {"humanId":"h","accessToken":"a=-_","publicToken":"p","clientId":"c",\
        "clientUserId":"a@b"}
        """

    static func response(
        _ status: String,
        _ body: String,
        type: String? = "application/json; charset=utf-8",
        header: String = ""
    ) -> String {
        let type = type.map { "Content-Type: \($0)\r\n" } ?? ""
        return "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(type)\(header)\r\n"
            + body
    }

    static func app(_ url: String) throws -> ProviderApp {
        ProviderApp(
            clientID: "c",
            clientSecret: Secret("SECRET-MARK"),
            appKey: Secret("key"),
            endpoints: try ProviderEndpoints(all: url)
        )
    }

    /// Calls `exchange` at a stub and checks that there was one connection, or as many as told.
    private func exchange(
        _ script: StubProvider.Script,
        limit: Duration = .seconds(60)
    ) async throws -> Result<TokenAnswer, HumanConnectError> {
        try await StubProvider.run(script) { stub, url in
            let result = try await call(url, limit: limit)
            #expect(stub.connections == 1)
            return result
        }
    }

    private func call(
        _ url: String,
        limit: Duration = .seconds(60)
    ) async throws -> Result<TokenAnswer, HumanConnectError> {
        try await Self.withClient(limit: limit) { client in
            do {
                return .success(try await client.exchange(Self.session, for: Self.app(url)))
            } catch let error as HumanConnectError {
                return .failure(error)
            }
        }
    }

    /// Lends a client, and ends it in any case.
    ///
    /// A client that is let go without its end ends the process, and with it the whole test run.
    /// The limits are wide, since a loaded machine is slow to connect.
    static func withClient<Value>(
        limit: Duration = .seconds(60),
        _ change: (inout HumanConnectClient.Configuration) -> Void = { _ in },
        _ body: (HumanConnectClient) async throws -> Value
    ) async throws -> Value {
        var configuration = HumanConnectClient.Configuration()
        configuration.totalTimeMax = limit
        configuration.lookTimeMax = limit
        configuration.connectTimeMax = min(limit, .seconds(30))
        change(&configuration)
        let client = HumanConnectClient(configuration: configuration)
        let value: Value
        do {
            value = try await body(client)
        } catch {
            try await client.shutdown()
            throw error
        }
        try await client.shutdown()
        return value
    }

    private func expect(
        _ error: HumanConnectError,
        from script: StubProvider.Script,
        limit: Duration = .seconds(60),
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let result = try await exchange(script, limit: limit)
        guard case .failure(let thrown) = result else {
            Issue.record("expected an error", sourceLocation: location)
            return
        }
        #expect(thrown == error, sourceLocation: location)
        #expect(!"\(thrown)\(String(reflecting: thrown))".contains("MARK"))
    }

    @Test("200 and 201 with all fields are tokens", arguments: ["200 OK", "201 Created"])
    func success(status: String) async throws {
        let answer = try await exchange(.answer(Self.response(status, Self.good))).get()
        #expect(answer.humanID.exposed == "h")
        #expect(answer.accessToken.exposed == "a=-_")
        #expect(answer.publicToken.exposed == "p")
        #expect(answer.clientID == "c")
        #expect(answer.clientUserID?.exposed == "a@b")
    }

    @Test("clientId and clientUserId may be absent")
    func old() async throws {
        let body = #"{"humanId":"h","accessToken":"a","publicToken":"p"}"#
        let answer = try await exchange(.answer(Self.response("200 OK", body))).get()
        #expect(answer.clientUserID == nil && answer.clientID == nil)
    }

    @Test("the request is the documented one, with the app's own clientId")
    func request() async throws {
        try await StubProvider.run(.answer(Self.response("200 OK", Self.good))) { stub, url in
            _ = try await call(url).get()
            let request = try #require(stub.requests.first)
            #expect(request.hasPrefix("POST /v1/connect/tokens HTTP/1.1\r\n"))
            #expect(request.lowercased().contains("\r\ncontent-type: application/json\r\n"))
            #expect(request.lowercased().contains("\r\nconnection: close\r\n"))
            #expect(
                request.hasSuffix(
                    #"{"humanId":"HUMAN-MARK","clientId":"c","sessionToken":"SESSION-MARK","#
                        + #""clientSecret":"SECRET-MARK"}"#
                )
            )
        }
    }

    @Test(
        "a 4xx in the words of the vendor's APIs is a refusal for certain",
        arguments: [400, 401, 403, 404, 409, 410, 412, 422]
    )
    func rejected(status: Int) async throws {
        for body in [
            #"{"code":"session_over","message":"m","detailedMessage":"d"}"#,
            #"{"code":17,"message":"m"}"#, #"{"error":"invalid_token"}"#,
            #"{"statusCode":401,"error":"Unauthorized","message":"m"}"#,
        ] {
            try await expect(
                .rejected(status: status),
                from: .answer(Self.response("\(status) X", body))
            )
        }
    }

    @Test("any other 4xx may be from something in between, and leaves the outcome unknown")
    func foreignRefusals() async throws {
        let refusal = #"{"code":"c","message":"m"}"#
        for (status, body, type) in [
            (403, "<html><h1>Forbidden</h1></html>", "text/html"), (404, refusal, "text/html"),
            (403, refusal, nil), (403, "", "application/json"), (401, refusal, "text/htmljson"),
            (403, #"{"message":"Forbidden"}"#, "application/json"),
            (403, #"{"code":"","error":null}"#, "application/json"),
            (403, #"{"error":7,"code":{}}"#, "application/json"),
            (403, #"["code"]"#, "application/json"), (403, #""code""#, "application/json"),
            (403, #"{"code":"c""#, "application/json"), (403, Self.good, "application/json"),
            (407, refusal, "application/json"),
        ] as [(Int, String, String?)] {
            try await expect(
                .unknown(.foreignRefusal(status: status)),
                from: .answer(Self.response("\(status) X", body, type: type))
            )
        }
    }

    @Test("a 200 that is a page is no answer, whatever is in it")
    func contentType() async throws {
        for type in ["text/html", "text/html; charset=utf-8", "application/jsonp", "", nil, ";"] {
            try await expect(
                .unknown(.notJSON),
                from: .answer(Self.response("200 OK", Self.good, type: type))
            )
        }
        let two = Self.response("200 OK", Self.good, header: "Content-Type: text/html\r\n")
        try await expect(.unknown(.notJSON), from: .answer(two))
        for type in [
            "Application/JSON", "text/json", "text/javascript;charset=utf-8", "text/plain",
        ] {
            let text = Self.response("200 OK", Self.good, type: type)
            #expect(try await exchange(.answer(text)).get().humanID.exposed == "h")
        }
    }

    @Test("every other status leaves the outcome unknown, whatever the body")
    func unknownStatuses() async throws {
        for (status, reason) in [
            (408, .tryLater(status: 408)), (425, .tryLater(status: 425)), (429, .tooManyRequests),
            (500, .serverError(status: 500)), (502, .serverError(status: 502)),
            (503, .serverError(status: 503)), (202, .unexpectedStatus(202)),
        ] as [(Int, HumanConnectError.UnknownReason)] {
            try await expect(
                .unknown(reason),
                from: .answer(Self.response("\(status) X", Self.good))
            )
        }
        try await expect(
            .unknown(.unexpectedStatus(204)),
            from: .answer("HTTP/1.1 204 No Content\r\n\r\n")
        )
    }

    @Test("a redirect is not followed", arguments: [301, 302, 303, 307, 308])
    func redirects(status: Int) async throws {
        try await StubProvider.run(.answer(Self.response("200 OK", Self.good))) { other, url in
            let head = "Location: \(url)/v1/connect/tokens\r\n"
            try await expect(
                .unknown(.redirected),
                from: .answer(Self.response("\(status) X", Self.good, header: head))
            )
            #expect(other.connections == 0)
        }
    }

    @Test("a provider that never answers is timed out")
    func hang() async throws {
        try await expect(.unknown(.timedOut), from: .hang, limit: .seconds(2))
    }

    @Test("an answer that drips is timed out too")
    func drip() async throws {
        try await expect(
            .unknown(.timedOut),
            from: .drip(
                after: "HTTP/1.1 200 OK\r\nContent-Type: text/json\r\nContent-Length: 9000\r\n\r\n{"
            ),
            limit: .seconds(2)
        )
    }

    @Test("a cut answer is unknown, even if what came is valid")
    func truncated() async throws {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n"
            + Self.good
        try await expect(.unknown(.connectionLost), from: .answer(head))
        try await expect(.unknown(.connectionLost), from: .reset(after: head))
        try await expect(.unknown(.connectionLost), from: .reset(after: "HTTP/1.1 200 O"))
        try await expect(.unknown(.connectionLost), from: .reset(after: ""))
    }

    @Test("an answer that is cut at any byte is unknown")
    func cutAnywhere() async throws {
        let whole = Array(Self.response("200 OK", Self.good).utf8)
        for length in 0..<whole.count {
            let text = String(decoding: whole.prefix(length), as: UTF8.self)
            try await expect(.unknown(.connectionLost), from: .answer(text))
        }
    }

    @Test("a missing, empty or wrongly typed field never becomes a token")
    func fields() async throws {
        for (body, reason) in [
            (#"{"humanId":"h","publicToken":"p"}"#, .missingField("accessToken")),
            (#"{"humanId":"h","accessToken":"a"}"#, .missingField("publicToken")),
            (#"{"accessToken":"a","publicToken":"p"}"#, .missingField("humanId")),
            (#"{"humanId":"h","accessToken":"","publicToken":"p"}"#, .invalidField("accessToken")),
            (
                #"{"humanId":"h","accessToken":null,"publicToken":"p"}"#,
                .invalidField("accessToken")
            ),
            (#"{"humanId":"h","accessToken":1,"publicToken":"p"}"#, .invalidField("accessToken")),
            (
                #"{"humanId":"h","accessToken":"a\n","publicToken":"p"}"#,
                .invalidField("accessToken")
            ),
            (
                #"{"humanId":"h","accessToken":"a","publicToken":"p","publicToken":"q"}"#,
                .invalidField("publicToken")
            ),
            (
                #"{"humanId":"h","accessToken":"a","publicToken":"p","clientUserId":7}"#,
                .invalidField("clientUserId")
            ),
            ("[]", .malformedAnswer), ("", .malformedAnswer), ("<html>", .malformedAnswer),
            (#"{"humanId":"h""#, .malformedAnswer),
            (String(repeating: "[", count: 60_000), .malformedAnswer),
            (
                #"{"humanId":"h","publicToken":"p","accessToken":""#
                    + String(repeating: "a", count: 16_385) + #""}"#,
                .invalidField("accessToken")
            ),
        ] as [(String, HumanConnectError.UnknownReason)] {
            try await expect(.unknown(reason), from: .answer(Self.response("200 OK", body)))
        }
    }

    @Test("an answer of 10 MB is dropped")
    func large() async throws {
        let padding = String(repeating: " ", count: 10_000_000)
        try await expect(
            .unknown(.answerTooLarge),
            from: .answer(Self.response("200 OK", Self.good + padding))
        )
    }

    @Test("nobody listening, or no such name, means not sent")
    func notListening() async throws {
        let url = try await StubProvider.run(.hang) { _, url in url }
        #expect(try await call(url).failure == .notSent(.connectionRefused))
        let secure = try await call(url.replacing("http:", with: "https:"))
        #expect(secure.failure == .notSent(.connectionRefused))
        let name = try await call("https://no-such-host.invalid")
        #expect(name.failure == .notSent(.nameLookup))
    }

    @Test("TLS that does not come about means not sent")
    func noTLS() async throws {
        try await StubProvider.run(.closeAtOnce) { _, url in
            let secure = url.replacing("http:", with: "https:")
            let result = try await call(secure)
            #expect(result.failure == .notSent(.tlsFailed))
        }
    }

    @Test(
        "a certificate that nobody vouches for, or for another host, means not sent",
        arguments: TLSServer.Certificate.allCases
    )
    func wrongCertificate(certificate: TLSServer.Certificate) async throws {
        try await TLSServer.run(certificate) { server in
            #expect(try await call(server.url).failure == .notSent(.tlsFailed))
            while server.connections.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            #expect(server.connections == ["refused"])
        }
    }

    @Test("TLS to a port without it means not sent; the other way round the request has left")
    func otherProtocol() async throws {
        try await StubProvider.run(.hang) { stub, url in
            let secure = url.replacing("http:", with: "https:")
            let result = try await call(secure, limit: .seconds(2))
            #expect(result.failure == .notSent(.connectTimedOut))
            #expect(stub.requests == [])
        }
        // Whoever listens there has read the session in the clear, whatever he makes of it.
        try await TLSServer.run(.selfSigned) { server in
            let plain = server.url.replacing("https:", with: "http:")
            #expect(try await call(plain).failure == .unknown(.connectionLost))
            while server.connections.isEmpty { try await Task.sleep(for: .milliseconds(20)) }
            #expect(server.connections == ["refused"])
        }
    }

    @Test("a public token of another person is refused")
    func publicTokens() async throws {
        let body = Self.response("200 OK", #"{"humanId":"h","publicToken":"p"}"#)
        try await StubProvider.run(.answer(body)) { stub, url in
            let app = try Self.app(url)
            try await Self.withClient { client in
                let token = try await client.publicToken(humanID: Secret("h"), for: app)
                #expect(token.exposed == "p")
                await #expect(throws: HumanConnectError.unknown(.differentHuman)) {
                    try await client.publicToken(humanID: Secret("other"), for: app)
                }
            }
            #expect(stub.requests.first?.hasPrefix("POST /v1/connect/publictokens ") == true)
            #expect(stub.connections == 2)
        }
    }
}

extension Result {
    /// The error, nil when there is a value.
    var failure: Failure? {
        guard case .failure(let error) = self else { return nil }
        return error
    }
}

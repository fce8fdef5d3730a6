import NIOHTTP1
import Testing
import Wire

/// Somebody in front of the console, as a browser of today behaves: it keeps the cookie, says where
/// requests come from, and follows no redirect unseen.
struct TestVisitor: Sendable {
    let service: TestService
    /// What the browser keeps; empty for who has not signed in.
    var cookie = ""

    /// Signs in with a key.
    init(_ service: TestService, key: String) async throws {
        self.service = service
        let answer = try await Self.signIn(service, key)
        try #require(answer.status == 303, "\(answer.status) \(answer.text)")
        cookie = try #require(
            answer.headers["set-cookie"]?.split(separator: ";").first.map(String.init)
        )
    }

    private init(_ service: TestService) {
        self.service = service
    }

    /// Somebody who has not signed in.
    static func stranger(_ service: TestService) -> TestVisitor { TestVisitor(service) }

    /// Shows a key, whatever comes of it.
    static func signIn(
        _ service: TestService,
        _ key: String,
        to target: String = "/console",
        headers: [String: String] = ["Sec-Fetch-Site": "same-origin"]
    ) async throws -> TestAnswer {
        try await send(service, .POST, "/console/sign-in", headers, [("key", key), ("to", target)])
    }

    private static func send(
        _ service: TestService,
        _ method: HTTPMethod,
        _ path: String,
        _ headers: [String: String],
        _ fields: [(String, String)]
    ) async throws -> TestAnswer {
        var headers = headers
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        let body = fields.map { name, value in
            "\(name)=" + PercentCoding.encode(value, keeping: .unreserved)
        }.joined(separator: "&")
        return try await service.call(
            method,
            path,
            key: nil,
            headers: headers,
            body: Array(body.utf8)
        )
    }

    /// A page.
    func get(
        _ path: String,
        method: HTTPMethod = .GET,
        headers: [String: String] = ["Sec-Fetch-Site": "same-origin"]
    ) async throws -> TestAnswer {
        var headers = headers
        if !cookie.isEmpty { headers["Cookie"] = cookie }
        return try await service.call(method, path, key: nil, headers: headers)
    }

    /// Sends a form of a page; `token` is nil for the session's own.
    func post(
        _ path: String,
        _ fields: [(String, String)],
        token: String? = nil,
        headers: [String: String] = ["Sec-Fetch-Site": "same-origin"]
    ) async throws -> TestAnswer {
        var headers = headers
        if !cookie.isEmpty { headers["Cookie"] = cookie }
        let form: String
        if let token { form = token } else { form = try await formToken() }
        return try await Self.send(service, .POST, path, headers, fields + [("form", form)])
    }

    /// Pastes something into the box.
    func find(_ text: String) async throws -> TestAnswer {
        try await post("/console/find", [("q", text)])
    }

    /// What the forms of the session hold.
    func formToken() async throws -> String {
        let page = try await get("/console").text
        return page.firstMatch(of: /name="form" value="([^"]+)"/).map { String($0.1) } ?? ""
    }
}

import BoundedClient
import LedgerStack
import NIOHTTP1
import Wire

/// Who acts in the demo: the integrator's backend, its page, the provider's popup.
struct DemoActors: Sendable {
    let identity: DevIdentity
    /// The person, with characters that must be encoded.
    let user: String
    private let caller = HTTPCaller()

    init(_ identity: DevIdentity) {
        self.identity = identity
        user = "demo+\(UInt32.random(in: 1...UInt32.max))@example.com"
    }

    /// A launch as the backend got it for its page.
    struct Launch: Sendable {
        let mode: String
        let publicToken: String
        let finishURL: String
    }

    /// The user's tokens as the ledger or the sandbox names them.
    struct Tokens: Sendable, Equatable {
        let humanID: String?
        let accessToken: String?
        let publicToken: String?
    }

    private var userURL: String {
        identity.ledgerURL + "/v1/users/" + HTTPCaller.encoded(user)
    }

    /// The backend asks for launch options.
    func launch() async throws -> Launch {
        let answer = try await expect(
            201,
            .POST,
            identity.ledgerURL + "/v1/launches",
            scope: "launch",
            json: ["client_user_id": .string(user), "finish": "direct"]
        )
        return Launch(
            mode: answer["mode"]?.text ?? "",
            publicToken: answer["options"]?["publicToken"]?.text ?? "",
            finishURL: answer["finish_url"]?.text ?? ""
        )
    }

    /// The person acts in the popup; gives what the popup hands to the page.
    func popup(
        _ launch: Launch,
        connect: [String],
        done: Bool = true
    ) async throws -> JSONValue {
        try await expect(
            200,
            .POST,
            identity.sandboxURL + "/sandbox/sessions",
            json: [
                "client_id": .string(identity.clientID), "client_user_id": .string(user),
                "public_token": .string(launch.publicToken),
                "connect": .array(connect.map { .string($0) }), "done": .bool(done),
            ]
        )
    }

    /// What the popup shows when a page opens it without the token.
    func popupWithoutToken() async throws -> String {
        let answer = try await expect(
            409,
            .POST,
            identity.sandboxURL + "/sandbox/sessions",
            json: ["client_id": .string(identity.clientID), "client_user_id": .string(user)]
        )
        return answer["message"]?.text ?? ""
    }

    /// The page hands the finish on, as a browser does: from its own origin.
    func finish(_ launch: Launch, _ session: JSONValue) async throws -> HTTPAnswer {
        try await caller.call(
            .POST,
            launch.finishURL,
            json: session,
            origin: identity.demoURL
        )
    }

    /// The page reports that the popup was closed.
    func reportClosed(_ launch: Launch) async throws {
        _ = try await expect(200, .POST, launch.finishURL + "/closed", json: [:])
    }

    /// A backend asks for the current tokens, or those of an earlier position.
    func tokens(at position: Int64? = nil) async throws -> JSONValue {
        let query = position.map { "?as_of_position=\($0)" } ?? ""
        return try await expect(200, .GET, userURL + "/tokens" + query, scope: "tokens:read")
    }

    /// An auditor reads the user's history.
    func history() async throws -> [JSONValue] {
        let answer = try await expect(
            200,
            .GET,
            userURL + "/events?limit=500",
            scope: "events:read"
        )
        guard case .array(let events) = answer["events"] else { return [] }
        return events
    }

    /// Compliance exports the log, one record a line.
    func export() async throws -> [String] {
        let answer = try await caller.call(
            .GET,
            identity.ledgerURL + "/v1/export",
            key: identity.apiKeys["export"]
        )
        try require(answer, 200, "GET /v1/export")
        return String(decoding: answer.body, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// What the provider itself holds.
    func providerTokens() async throws -> Tokens {
        let answer = try await expect(
            200,
            .GET,
            identity.sandboxURL + "/sandbox/users/\(identity.clientID)/"
                + HTTPCaller.encoded(user)
        )
        return Self.tokens(answer)
    }

    /// The exchanges that the provider saw for this user: session (hashed), and whether it acted.
    func exchanges() async throws -> [(session: String, acted: Bool)] {
        let answer = try await expect(200, .GET, identity.sandboxURL + "/sandbox/requests")
        guard case .array(let requests) = answer else { return [] }
        return requests.compactMap { request in
            guard request["client_user_id"]?.text == user,
                let session = request["exchange"]?["session_token_sha256"]?.text
            else { return nil }
            return (session, request["exchange"]?["acted"] == .bool(true))
        }
    }

    /// The three values of an answer, which both sides name alike.
    static func tokens(_ answer: JSONValue) -> Tokens {
        Tokens(
            humanID: answer["human_id"]?.text,
            accessToken: answer["access_token"]?.text,
            publicToken: answer["public_token"]?.text
        )
    }

    private func expect(
        _ status: Int,
        _ method: HTTPMethod,
        _ url: String,
        scope: String? = nil,
        json: JSONValue? = nil
    ) async throws -> JSONValue {
        let answer = try await caller.call(
            method,
            url,
            key: scope.flatMap { identity.apiKeys[$0] },
            json: json
        )
        try require(
            answer,
            status,
            "\(method) \(url.split(separator: "/").dropFirst(2).first ?? "")"
        )
        return answer.json
    }

    private func require(_ answer: HTTPAnswer, _ status: Int, _ call: String) throws {
        guard answer.status == status else {
            let code = answer.json["code"]?.text ?? "no code"
            throw Transcript.Failure(
                description: "\(call) answered \(answer.status) (\(code)), \(status) was expected."
            )
        }
    }
}

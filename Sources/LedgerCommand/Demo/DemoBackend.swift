import BoundedClient
import Ledger
import LedgerStack
import NIOHTTP1
import Vault
import Wire

/// The demo page's backend: it alone holds API keys, one per thing that it does.
struct DemoBackend: Sendable {
    let configuration: DemoPage.Configuration
    private let caller = HTTPCaller()

    init(_ configuration: DemoPage.Configuration) {
        self.configuration = configuration
    }

    private static let historyPage = 500
    private static let historyPagesMax = 20

    /// Everything that the page shows about a user.
    struct View: Sendable {
        var user: JSONValue = .null
        /// Status, versions and tokens; null for a user who is not connected.
        var tokens: JSONValue = .null
        var sources: [JSONValue] = []
        /// The records with their positions, oldest first.
        var history: [JSONValue] = []
        /// A sentence when something could not be read.
        var failure: String?
    }

    /// Asks the ledger for everything, and the provider for the sources.
    func view(of user: String) async -> View {
        var view = View()
        do {
            view.user = try await read(user, "", scope: "users:read") ?? .null
            if view.user != .null {
                view.tokens = try await read(user, "/tokens", scope: "tokens:read") ?? .null
                view.history = try await history(of: user)
            }
        } catch {
            view.failure = error.description
            return view
        }
        do {
            if let token = view.tokens["access_token"]?.text {
                view.sources = try await sources(token)
            }
        } catch {
            view.failure = error.description
        }
        return view
    }

    /// Launch options from the ledger, to be handed to the page as they came, for the session that
    /// has the verifier.
    func launch(_ user: String, verifier: String) async throws(CommandError) -> HTTPAnswer {
        guard let challenge = SessionChallenge(verifier: Secret(verifier)) else {
            preconditionFailure("A verifier of ours is one.")
        }
        return try await call(
            "/v1/launches",
            scope: "launch",
            json: [
                "client_user_id": .string(user), "finish": "direct",
                "session_challenge": .string(challenge.spelled),
            ]
        )
    }

    /// Shows the ledger whose session has finished the popup.
    func confirm(
        _ launch: String,
        verifier: String,
        code: String
    ) async throws(CommandError) -> HTTPAnswer {
        try await call(
            "/v1/launches/\(HTTPCaller.encoded(launch))/confirm",
            scope: "finish",
            json: ["session_verifier": .string(verifier), "finish_code": .string(code)]
        )
    }

    private func history(of user: String) async throws(CommandError) -> [JSONValue] {
        var events: [JSONValue] = []
        var next = "/events?limit=\(Self.historyPage)"
        for _ in 0..<Self.historyPagesMax {
            guard let page = try await read(user, next, scope: "events:read"),
                case .array(let found) = page["events"]
            else { break }
            events += found
            guard let cursor = page["next_cursor"]?.text else { break }
            next = "/events?limit=\(Self.historyPage)&cursor=\(HTTPCaller.encoded(cursor))"
        }
        return events
    }

    /// What the ledger says below a user's path; nil where it says 404.
    private func read(
        _ user: String,
        _ path: String,
        scope: String
    ) async throws(CommandError) -> JSONValue? {
        let answer = try await call(
            "/v1/users/\(HTTPCaller.encoded(user))\(path)",
            scope: scope,
            json: nil
        )
        if answer.status == 404 { return nil }
        guard answer.status == 200 else {
            throw CommandError(
                answer.json["detail"]?.text ?? "The ledger answered with \(answer.status)."
            )
        }
        return answer.json
    }

    private func call(
        _ path: String,
        scope: String,
        json: JSONValue?
    ) async throws(CommandError) -> HTTPAnswer {
        do {
            return try await caller.call(
                json == nil ? .GET : .POST,
                configuration.ledgerURL + path,
                key: configuration.apiKeys[scope],
                json: json
            )
        } catch {
            throw CommandError("The ledger does not answer. Please try again in a moment.")
        }
    }

    private func sources(_ accessToken: String) async throws(CommandError) -> [JSONValue] {
        let answer: HTTPAnswer
        do {
            answer = try await caller.call(
                .GET,
                configuration.sandboxURL + "/v1/human/sources",
                key: accessToken
            )
        } catch {
            throw CommandError("The provider does not answer, so the sources are not shown.")
        }
        guard answer.status == 200, case .array(let sources) = answer.json else {
            throw CommandError(
                "The provider refused the access token; connecting again repairs that."
            )
        }
        return sources
    }
}

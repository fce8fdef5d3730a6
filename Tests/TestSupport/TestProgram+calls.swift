internal import AsyncHTTPClient
internal import Foundation

extension TestProgram {
    /// A user's current tokens at the ledger.
    package func tokens(of user: String) async throws -> BrowserValue {
        try await ledger("/v1/users/\(Self.encoded(user))/tokens", scope: "tokens:read")
    }

    /// A user's history at the ledger, oldest first: the records without their positions.
    package func history(of user: String) async throws -> [BrowserValue] {
        let path = "/v1/users/\(Self.encoded(user))/events?limit=500"
        return try await ledger(path, scope: "events:read")["events"]?.array
            .compactMap { $0["event"] } ?? []
    }

    /// A user as the sandbox provider knows it.
    package func sandboxUser(_ user: String) async throws -> BrowserValue {
        try await sandbox("/sandbox/users/\(ready.clientID)/\(Self.encoded(user))")
    }

    /// The requests that the sandbox provider saw for a user, oldest first.
    package func sandboxRequests(of user: String) async throws -> [BrowserValue] {
        try await sandbox("/sandbox/requests").array.filter {
            $0["client_user_id"]?.string == user
        }
    }

    /// What the service answers to a key of that scope.
    package func ledger(_ path: String, scope: String) async throws -> BrowserValue {
        try await JSONCall.get(ready.ledgerURL + path, key: ready.apiKeys[scope])
    }

    /// What the sandbox provider answers.
    package func sandbox(_ path: String) async throws -> BrowserValue {
        try await JSONCall.get(ready.sandboxURL + path)
    }

    /// Connects a source for a user without a browser: launch, popup, finish.
    package func connect(_ user: String, source: String) async throws {
        let (url, session) = try await finishedPopup(user, source: source)
        _ = try await JSONCall.post(url, session)
    }

    /// Reports a user's connection as broken.
    package func reportBroken(_ user: String) async throws {
        let path = "/v1/users/\(Self.encoded(user))/broken"
        _ = try await JSONCall.post(
            ready.ledgerURL + path,
            ["reason": .string("provider_401")],
            key: ready.apiKeys["tokens:report"]
        )
    }

    /// The same up to the exchange, which is under way when this returns.
    package func beginConnecting(_ user: String, source: String) async throws {
        let (url, session) = try await finishedPopup(user, source: source)
        // Whatever comes of it: the program will not be there to answer.
        Task { try? await JSONCall.post(url, session) }
        while try await history(of: user).last?["type"]?.string != "exchange.dispatched" {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Where a finish belongs, and what the popup has handed over.
    private func finishedPopup(
        _ user: String,
        source: String
    ) async throws -> (url: String, session: BrowserValue) {
        let launch = try await JSONCall.post(
            ready.ledgerURL + "/v1/launches",
            ["client_user_id": .string(user), "finish": .string("direct")],
            key: ready.apiKeys["launch"]
        )
        let session = try await JSONCall.post(
            ready.sandboxURL + "/sandbox/sessions",
            [
                "client_id": .string(ready.clientID), "client_user_id": .string(user),
                "public_token": launch["options"]?["publicToken"] ?? .string(""),
                "connect": .array([.string(source)]), "done": .bool(true),
            ]
        )
        return (launch["finish_url"]?.string ?? "", session)
    }

    /// The number of records that the last checkpoint covers.
    package func checkpointSize() async throws -> Int {
        let request = HTTPClientRequest(url: ready.ledgerURL + "/checkpoint")
        let key = ready.apiKeys["events:read"]
        let lines = try await JSONCall.answer(to: request, key: key).text.split(separator: "\n")
        return lines.count > 1 ? Int(lines[1]) ?? 0 : 0
    }

    /// A text as one part of a path, or as a value in a query (RFC 3986's unreserved characters).
    package static func encoded(_ text: String) -> String {
        text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                String(UnicodeScalar(byte))
            default: String(format: "%%%02X", byte)
            }
        }.joined()
    }
}

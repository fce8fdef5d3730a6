import TestSupport
import Testing

/// What must have been recorded, and at both ends, of one user.
struct Story {
    let program: TestProgram
    let user: String

    /// What a whole popup leaves in the log.
    static let create = [
        "connect.launched", "finish.received", "exchange.dispatched", "connect.finalized",
        "access_token.rotated", "public_token.rotated",
    ]
    static let edit = [
        "edit.launched", "finish.received", "exchange.dispatched", "edit.finalized",
        "access_token.rotated", "public_token.rotated",
    ]

    /// The same from the demo page, whose launches are bound to its session.
    static let boundCreate = bound(create)
    static let boundEdit = bound(edit)

    private static func bound(_ types: [String]) -> [String] {
        types.flatMap { $0 == "finish.received" ? ["finish.held", "finish.confirmed"] : [$0] }
    }

    /// The types of the recorded events, oldest first.
    func types() async throws -> [String] {
        try await program.history(of: user).map { $0["type"]?.string ?? "" }
    }

    /// The value that the only event of a type has in its data.
    func value(_ name: String, of type: String) async throws -> BrowserValue? {
        let events = try await program.history(of: user).filter { $0["type"] == .string(type) }
        try #require(events.count == 1)
        return events[0]["data"]?[name]
    }

    /// Checks that the ledger holds what the provider itself holds, in these versions.
    func checkTokens(access: Int, public: Int, sources: [String]) async throws {
        let held = try await program.tokens(of: user)
        let provider = try await program.sandboxUser(user)
        for name in ["human_id", "access_token", "public_token"] {
            #expect(held[name]?.string?.isEmpty == false, "\(name)")
            #expect(held[name] == provider[name], "\(name)")
        }
        #expect(held["status"] == "connected")
        #expect(
            held["versions"] == [
                "access_token": .number(Double(access)), "public_token": .number(Double(`public`)),
            ]
        )
        #expect(provider["client_user_id"] == .string(user))
        #expect(provider["sources"] == .array(sources.map(BrowserValue.string)))
    }

    /// Checks that the provider saw each session exchanged exactly once.
    func checkExchanges(_ count: Int) async throws {
        let exchanges = try await program.sandboxRequests(of: user).compactMap { request in
            request["exchange"]?["session_token_sha256"].map { (request, $0.string ?? "") }
        }
        #expect(exchanges.count == count)
        #expect(Set(exchanges.map(\.1)).count == count)
        for (request, _) in exchanges {
            #expect(request["exchange"]?["acted"] == true)
            #expect(request["status"] == 200)
        }
    }
}

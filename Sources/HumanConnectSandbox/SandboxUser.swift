import Foundation

/// One user at the provider, valid inside one app (docs/provider.md#names-and-formats).
///
/// There is one from the first connected source on, or when an app registers the user: from
/// then on the popup refuses create mode (docs/provider.md#unknown-8).
struct SandboxUser: Codable, Sendable, Equatable {
    struct Connection: Codable, Sendable, Equatable {
        var source: String
        var connectedAt: Date
    }

    struct OldPublicToken: Codable, Sendable, Equatable {
        var token: String
        var replacedAt: Date
    }

    let humanID: String
    /// The second, internal id that the popup's object carries.
    let userID: String
    let clientID: String
    let clientUserID: String
    let createdAt: Date
    var updatedAt: Date
    var publicToken: String
    /// The token replaced last, for the grace switch.
    var oldPublicToken: OldPublicToken?
    /// All that work, the newest last.
    var accessTokens: [String] = []
    var connections: [Connection] = []

    init(clientID: String, clientUserID: String, now: Date) {
        humanID = RandomText.hex(32)
        userID = RandomText.hex(24)
        self.clientID = clientID
        self.clientUserID = clientUserID
        createdAt = now
        updatedAt = now
        publicToken = RandomText.hex(32)
    }

    func isConnected(to source: String) -> Bool {
        connections.contains { $0.source == source }
    }

    mutating func rotatePublicToken(now: Date) {
        oldPublicToken = OldPublicToken(token: publicToken, replacedAt: now)
        publicToken = RandomText.hex(32)
    }

    /// Whether a public token opens this user's popup.
    func accepts(_ token: String, graceSeconds: Int, now: Date) -> Bool {
        if token == publicToken { return true }
        guard let old = oldPublicToken, old.token == token else { return false }
        return now.timeIntervalSince(old.replacedAt) < TimeInterval(graceSeconds)
    }
}

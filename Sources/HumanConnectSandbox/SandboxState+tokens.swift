import Foundation
import Ledger

/// What an exchange made, or made earlier.
struct ExchangeResult: Sendable {
    var user: SandboxUser
    var grant: SandboxSession.Grant
    /// The same session was exchanged before and got the same answer.
    var repeated: Bool
}

extension SandboxState {
    func checkSecret(clientID: String, clientSecret: String) throws(SandboxRefusal) {
        guard try app(clientID).clientSecret.exposed == clientSecret else { throw .unknownClient }
    }

    /// Trades a finished session for tokens (docs/provider.md#the-tokens-endpoint,
    /// docs/provider.md#unknown-2, docs/provider.md#unknown-6).
    mutating func exchange(
        sessionToken: String,
        humanID: String,
        clientID: String,
        now: Date
    ) throws(SandboxRefusal) -> ExchangeResult {
        var user = try user(humanID: humanID, clientID: clientID)
        guard var session = sessions[sessionToken], session.clientID == clientID,
            session.humanID == humanID, let endedAt = session.endedAt,
            now.timeIntervalSince(endedAt) < SandboxLimits.exchangeSeconds
        else { throw .deadSession }
        switch session.phase {
        case .open, .closed: throw .deadSession
        case .exchanged:
            guard let grant = session.grant, !switches.singleUseSessions else {
                throw .deadSession
            }
            return ExchangeResult(user: user, grant: grant, repeated: true)
        case .finished: break
        }
        let accessToken = issueAccessToken(to: &user)
        let grant = SandboxSession.Grant(accessToken: accessToken, publicToken: user.publicToken)
        session.phase = .exchanged
        session.grant = grant
        sessions[sessionToken] = session
        save(user)
        return ExchangeResult(user: user, grant: grant, repeated: false)
    }

    private func issueAccessToken(to user: inout SandboxUser) -> String {
        if switches.keepAccessToken, let current = user.accessTokens.last { return current }
        if switches.endOldAccessTokens { user.accessTokens = [] }
        let token = RandomText.accessToken()
        user.accessTokens.append(token)
        user.accessTokens = user.accessTokens.suffix(SandboxLimits.accessTokensMax)
        return token
    }

    /// A user's public token, the current one unless the switch says to make one
    /// (docs/provider.md#unknown-7).
    mutating func publicToken(
        humanID: String,
        clientID: String,
        now: Date
    ) throws(SandboxRefusal) -> SandboxUser {
        var user = try user(humanID: humanID, clientID: clientID)
        guard switches.mintPublicTokens else { return user }
        user.rotatePublicToken(now: now)
        save(user)
        return user
    }

    /// Pre-registers a user.
    ///
    /// An existing one stays as it is (docs/provider.md#unknown-20).
    mutating func register(
        clientUserID: String,
        clientID: String,
        now: Date
    ) throws(SandboxRefusal) -> SandboxUser {
        try Self.check(clientUserID: clientUserID)
        var user =
            user(clientID: clientID, clientUserID: clientUserID)
            ?? SandboxUser(clientID: clientID, clientUserID: clientUserID, now: now)
        user.updatedAt = now
        save(user)
        return user
    }

    func owner(ofAccessToken token: String) -> SandboxUser? {
        users.values.first { $0.accessTokens.contains(token) }
    }
}

internal import BoundedClient
internal import NIOHTTP1
internal import Synchronization
internal import Wire

extension LedgerClient {
    /// Why a connection is reported as broken.
    public enum BrokenReason: String, Sendable {
        /// The provider answered 401 to the access token.
        case provider401 = "provider_401"
        /// The provider called the token invalid.
        case invalidToken = "invalid_token"
        /// The provider said that access was revoked.
        case accessRevoked = "access_revoked"
        /// The user asked for it.
        case userRequest = "user_request"
        /// Something else.
        case other
    }

    /// A user's current tokens (scope `tokens:read`).
    ///
    /// The service is asked each time, and answers without the tokens while they are those of the last time:
    /// that puts no further reading on record. At most one call about a user is under way; whoever asks
    /// meanwhile shares the next one. So an answer is never older than the question. Where the service
    /// does not answer, there are no tokens.
    ///
    /// - Parameter clientUserID: your own id of the user.
    /// - Returns: the tokens.
    /// - Throws: `LedgerClientError`; the problem `notConnected` for a user without tokens.
    public func tokens(of clientUserID: String) async throws(LedgerClientError) -> UserTokens {
        let path = Self.path(of: clientUserID, "/tokens")
        return try await flights.run(path) { () async throws(LedgerClientError) in
            try await readTokens(path)
        }
    }

    /// Reports that the provider refuses a user's access token (scope `tokens:report`).
    ///
    /// - Parameters:
    ///   - clientUserID: your own id of the user.
    ///   - reason: how that showed.
    /// - Throws: `LedgerClientError`
    public func reportBroken(
        _ clientUserID: String,
        reason: BrokenReason = .provider401
    ) async throws(LedgerClientError) {
        _ = try await post(
            Self.path(of: clientUserID, "/broken"),
            ["reason": .string(reason.rawValue)],
            success: 200
        )
    }

    private func readTokens(_ path: String) async throws(LedgerClientError) -> UserTokens {
        let known = cache.withLock { $0.entry(path) }
        let headers: HTTPHeaders = known.map { ["If-None-Match": $0.tag] } ?? [:]
        let answer = try await answer(.GET, path, headers: headers)
        let tag = answer.headers.first(name: "etag")
        if answer.status == 304, let known, tag == nil || tag == known.tag {
            return known.tokens
        }
        guard answer.status == 200 else {
            // Whoever is away or has too much to do has said nothing about the user.
            if answer.status < 500, answer.status != 429 { cache.withLock { $0.forget(path) } }
            throw Self.failure(answer)
        }
        cache.withLock { $0.forget(path) }
        let tokens = try UserTokens(answer)
        if let tag { cache.withLock { $0.keep(TokenCache.Entry(tag: tag, tokens: tokens), path) } }
        return tokens
    }
}

internal import BoundedClient
internal import Foundation
internal import NIOHTTP1
internal import Wire

extension LedgerClient {
    /// Launches the popup for a user, in the mode that fits (scope `launch`).
    ///
    /// - Parameters:
    ///   - clientUserID: your own id of the user who is signed in.
    ///   - finish: who posts what the popup hands over.
    ///   - sessionChallenge: binds the launch to the user's session: the SHA-256 of a verifier that stays in
    ///     the session, in base64url (RFC 7636, S256).
    ///   - idempotencyKey: the same key with the same user is the same launch while that may be opened. Nil
    ///     makes one.
    /// - Returns: the launch, for the user's own page.
    /// - Throws: `LedgerClientError`
    public func launch(
        _ clientUserID: String,
        finish: PopupLaunch.Finish = .relay,
        sessionChallenge: String? = nil,
        idempotencyKey: String? = nil
    ) async throws(LedgerClientError) -> PopupLaunch {
        var members: [JSONValue.Member] = [
            JSONValue.Member("client_user_id", .string(clientUserID)),
            JSONValue.Member("finish", .string(finish.rawValue)),
        ]
        if let sessionChallenge {
            members.append(JSONValue.Member("session_challenge", .string(sessionChallenge)))
        }
        let answer = try await post(
            "/v1/launches",
            .object(members),
            headers: ["Idempotency-Key": idempotencyKey ?? UUID().uuidString],
            success: 201
        )
        return try PopupLaunch(answer)
    }

    /// Forwards what the popup handed to the page, and waits for the tokens (scope `finish`).
    ///
    /// A repeat answers as the first did. What the body says of `client_user_id` and `session_verifier`
    /// is the page's word, and is not forwarded.
    ///
    /// - Parameters:
    ///   - launchID: the launch under which the popup was opened.
    ///   - body: what the page or the mobile SDK posted, as it came: JSON or a form.
    ///   - contentType: the header with which it came.
    ///   - clientUserID: the user of your own session; another one than the launch's is refused.
    ///   - sessionVerifier: the verifier of your own session, where the launch has a challenge.
    /// - Returns: the answer for the page.
    /// - Throws: `LedgerClientError`; the problem `finalizeUnresolved` (202) is no success either.
    public func relayFinish(
        of launchID: String,
        body: [UInt8],
        contentType: String?,
        clientUserID: String? = nil,
        sessionVerifier: SecretValue? = nil
    ) async throws(LedgerClientError) -> FinishAnswer {
        let finish = try RelayedFinish(
            body,
            contentType: contentType,
            clientUserID: clientUserID,
            verifier: sessionVerifier
        )
        let answer = try await answer(
            .POST,
            Self.path(ofLaunch: launchID, "/finish"),
            headers: ["Content-Type": finish.contentType],
            body: finish.body
        )
        guard answer.status == 201 else { throw Self.failure(answer) }
        return try FinishAnswer(answer)
    }

    /// Confirms a finish that the page posted directly and that is held (scope `finish`).
    ///
    /// - Parameters:
    ///   - launchID: the launch, bound to a session by its challenge.
    ///   - finishCode: what the page was answered with.
    ///   - sessionVerifier: the verifier of the session that the page's call to you has.
    /// - Returns: the answer for the page.
    /// - Throws: `LedgerClientError`; the problem `finalizeUnresolved` (202) is no success either.
    public func confirm(
        launchID: String,
        finishCode: String,
        sessionVerifier: SecretValue
    ) async throws(LedgerClientError) -> FinishAnswer {
        let answer = try await post(
            Self.path(ofLaunch: launchID, "/confirm"),
            [
                "finish_code": .string(finishCode),
                "session_verifier": .string(sessionVerifier.exposed),
            ],
            success: 201
        )
        return try FinishAnswer(answer)
    }

    /// Forwards that the popup was closed (scope `finish`).
    ///
    /// - Parameter launchID: the launch under which it was open.
    /// - Throws: `LedgerClientError`
    public func relayClosed(of launchID: String) async throws(LedgerClientError) {
        _ = try await post(Self.path(ofLaunch: launchID, "/closed"), .object([]), success: 200)
    }

    /// Forwards that the popup showed an error (scope `finish`).
    ///
    /// - Parameters:
    ///   - launchID: the launch under which it was open.
    ///   - code: the error's own code; what the ledger does not know becomes `other`.
    /// - Throws: `LedgerClientError`
    public func relayFailed(
        of launchID: String,
        code: String?
    ) async throws(LedgerClientError) {
        let body = code.map { JSONValue.object([JSONValue.Member("code", .string($0))]) }
        let path = Self.path(ofLaunch: launchID, "/failed")
        _ = try await post(path, body ?? .object([]), success: 200)
    }

    private static func path(ofLaunch id: String, _ rest: String) -> String {
        "/v1/launches/" + PercentCoding.encode(id, keeping: .unreserved) + rest
    }
}

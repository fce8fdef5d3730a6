/// A question about the provider that no public source answers, and what the sandbox does.
///
/// The order is that of docs/provider.md#unknowns.
struct SandboxChoice: Sendable {
    let question: String
    let choice: String

    private init(_ question: String, _ choice: String) {
        self.question = question
        self.choice = choice
    }

    static let all = [
        SandboxChoice(
            "Errors of the token endpoints",
            "400 missing field, 401 wrong client or secret, 404 unknown humanId, 412 dead "
                + "session; body {code, message, detailedMessage}"
        ),
        SandboxChoice(
            "Life and reuse of a session token",
            "30 minutes after Done; a repeat answers the same; switch single_use_sessions"
        ),
        SandboxChoice(
            "When the public token rotates",
            "when a source is connected; the exchange announces it"
        ),
        SandboxChoice(
            "Whether the earlier public token is refused at once",
            "yes; switch public_token_grace_seconds"
        ),
        SandboxChoice(
            "Whether removing a source rotates",
            "no, but finish is sent; switch rotate_on_disconnect"
        ),
        SandboxChoice(
            "Whether an exchange in edit mode replaces the access token",
            "a new one each time, earlier ones still work; switches keep_access_token and "
                + "end_old_access_tokens"
        ),
        SandboxChoice(
            "Whether publictokens makes a token",
            "no, the current one; switch mint_public_tokens"
        ),
        SandboxChoice(
            "What an existing user is",
            "one source connected once, or registered by the app"
        ),
        SandboxChoice(
            "How User Already Exists reaches the page",
            "shown in the popup and sent as hapi-connect-error; closing it sends "
                + "hapi-connect-close"
        ),
        SandboxChoice(
            "A stale public token, or another user's",
            "an error page, hapi-connect-error, no session"
        ),
        SandboxChoice(
            "What the popup polls",
            "GET /v1/connect/sessions/{sessionToken} every 3 seconds: 200 while open, 412 once "
                + "finished, closed or exchanged; it stops at the first 412"
        ),
        SandboxChoice(
            "Finish once per source or once per Done",
            "once at Done; switch finish_per_source, then each with a session of its own"
        ),
        SandboxChoice("Done in edit mode without a change", "close"),
        SandboxChoice(
            "Close after connecting, without Done",
            "close; user and source are kept, the public token has rotated"
        ),
        SandboxChoice(
            "How finish parameters join a finish_url that has a query",
            "with & after a ?"
        ),
        SandboxChoice(
            "Whether finish_url must be under /blank/",
            "no; script URLs are refused"
        ),
        SandboxChoice("Unknown language or mode", "accepted and ignored; the popup is English"),
        SandboxChoice(
            "Case and length of clientUserId",
            "exact bytes after one decoding, 1 to 512 characters"
        ),
        SandboxChoice(
            "After a user is deleted",
            "tokens are dead, the clientUserId is free and gets a new humanId"
        ),
        SandboxChoice(
            "POST users for an existing externalId",
            "201, same humanId, new updatedAt"
        ),
        SandboxChoice("CORS on the token endpoints", "none; switch cors_on_tokens"),
        SandboxChoice("Notifications", "left out"),
        SandboxChoice(
            "Values of style, test, ka, sourceId, addedSource",
            "accepted and ignored"
        ),
    ]
}

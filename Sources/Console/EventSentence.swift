internal import Ledger
package import Wire

/// What happened, in a sentence for people.
package enum EventSentence {
    /// Nil for a type whose data says all there is to say.
    package static func text(_ type: String, _ data: JSONValue) -> String? {
        let version = number(data["version"])
        return switch type {
        case "connect.launched": "The popup was opened in create mode."
        case "edit.launched":
            "The popup was opened in edit mode with public token "
                + "\(number(data["public_token_version"]))."
        case "launch.closed": "The popup was closed."
        case "launch.failed": "The popup showed an error: \(data["code"]?.text ?? "")."
        case "finish.received": "The popup reported its finish."
        case "finish.held": "The popup reported its finish, which waits for this session."
        case "finish.confirmed": "The page's backend showed that it was this session."
        case "verifier.refused": "Somebody else's session came with a finish."
        case "exchange.dispatched": "The session was sent to the provider."
        case "connect.finalized": "The user is connected."
        case "edit.finalized": "The changed sources are stored."
        case "access_token.rotated": "Access token \(version) was issued."
        case "public_token.rotated": "Public token \(version) was issued."
        case "public_token.recovered": "Public token \(version) was fetched again."
        case "tokens.imported": "The tokens of another system were taken over."
        case "finalize.rejected": "The provider refused the session."
        case "finalize.unresolved": "The provider's answer is not known."
        case "finalize.refused": "The answer was about somebody else."
        case "finalize.abandoned": "The provider's answer is not waited for any more."
        case "finalize.superseded": "An answer came too late: newer tokens are held."
        case "finish.refused": "A finish came for a launch that takes none any more."
        case "person.gone": "The provider does not know this person any more."
        case "connection.broken": "The user must reconnect."
        case "subject.held": "The user must not be erased for now."
        case "subject.released": "The user may be erased again."
        case "subject.erased": "Everything that was kept of the user is gone."
        case "token.read":
            "\(token(data)) \(version) was handed out to the key \(data["key"]?.text ?? "")."
        case "token.revealed":
            "\(token(data)) \(version) was shown in the console: \(data["reason"]?.text ?? "")."
        case "user.viewed": "The user's page was opened in the console."
        case "token.searched": "Somebody asked whose a token was."
        case "log.exported": "Records left as \(data["format"]?.text ?? "")."
        case "log.followed": "Somebody began to follow the log."
        case "problem.muted": "Somebody muted the problem: \(problem(data))."
        case "problem.unmuted": "Somebody unmuted the problem: \(problem(data))."
        case "webhook.paused":
            "The endpoint is sent nothing for now: \(data["reason"]?.text ?? "")."
        case "webhook.resumed": "The endpoint goes on where it was left."
        case "webhook.removed": "The endpoint was removed."
        case "access.noted": "There was an access: \(data["access"]?.text ?? "")."
        default: nil
        }
    }

    private static func problem(_ data: JSONValue) -> String {
        let kind = data["kind"]?.text.flatMap { ProblemKind(rawValue: $0) }
        return kind.map { ProblemSentence.label($0).lowercased() } ?? ""
    }

    private static func token(_ data: JSONValue) -> String {
        data["kind"]?.text == "public_token" ? "Public token" : "Access token"
    }

    private static func number(_ json: JSONValue?) -> String {
        guard case .number(let spelling) = json else { return "" }
        return spelling
    }
}

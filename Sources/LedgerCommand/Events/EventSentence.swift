import Wire

/// What happened, in a sentence for people.
enum EventSentence {
    /// Nil for a type whose data says all there is to say.
    static func text(_ type: String, _ data: JSONValue) -> String? {
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
        default: nil
        }
    }

    private static func number(_ json: JSONValue?) -> String {
        guard case .number(let spelling) = json else { return "" }
        return spelling
    }
}

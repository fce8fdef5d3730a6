internal import Ledger

/// What a problem is, in words: what happened, and what to do next.
enum ProblemSentence {
    /// What it is, as a heading.
    static func title(_ kind: ProblemKind) -> String {
        switch kind {
        case .needsReconnect: "The user must reconnect"
        case .finishRefused: "A finish was refused"
        case .unresolved: "An exchange has no known outcome"
        case .providerRefuses: "The provider refuses the session"
        case .erasedElsewhere: "The provider does not know the person"
        case .endpointPaused: "An endpoint takes no messages"
        }
    }

    /// The same in a word or two, where there are many.
    static func label(_ kind: ProblemKind) -> String {
        switch kind {
        case .needsReconnect: "Must reconnect"
        case .finishRefused: "Finish refused"
        case .unresolved: "Outcome unknown"
        case .providerRefuses: "Provider refuses"
        case .erasedElsewhere: "Unknown to the provider"
        case .endpointPaused: "Endpoint paused"
        }
    }

    /// What happened, as far as the last occurrence says.
    static func happened(_ kind: ProblemKind, _ reason: String?) -> String {
        switch kind {
        case .needsReconnect: broken[reason ?? ""] ?? "A backend reported the connection as broken."
        case .finishRefused: refused[reason ?? ""] ?? "A finish was refused."
        case .unresolved:
            unresolved[reason ?? ""]
                ?? "A session was sent to the provider, and its answer is not known"
                + (reason.map { " (\(words($0)))." } ?? ".")
        case .providerRefuses:
            "The provider refused the session of a finish"
                + (reason.map { " with status \($0)." } ?? ".")
        case .erasedElsewhere:
            "When it was asked for the public token, the provider knew no such person."
        case .endpointPaused:
            reason == WebhookPauseReason.gone.rawValue
                ? "The endpoint answered that it is gone for good (410), and is sent nothing any more."
                : "For three days the endpoint took nothing of what it was sent. It is sent nothing any more."
        }
    }

    /// What to do next.
    static func nextStep(_ kind: ProblemKind) -> String {
        switch kind {
        case .needsReconnect:
            "Ask the user to open the popup again. The next finished popup resolves this."
        case .finishRefused:
            "If the user finished the popup and waits, ask for another try. Many of these for one user are "
                + "worth a look at who posts them: each event names its launch."
        case .unresolved:
            "The service goes on by itself: it asks the provider, and records a late answer. If this stays open "
                + "for a day, ask the user to open the popup again."
        case .providerRefuses:
            "Ask the user to open the popup again. If it happens to many users, compare the app's client id and "
                + "secret with the provider's."
        case .erasedElsewhere:
            "Nothing must be done here: the next launch opens the popup for somebody new. If nobody deleted the "
                + "person, ask the provider."
        case .endpointPaused:
            "Mend the receiver, then resume the endpoint: it goes on where it was left, and nothing is lost. An "
                + "endpoint that is not needed any more can be removed."
        }
    }

    private static let broken = [
        "provider_401": "A backend reported that the provider answered 401 to the access token.",
        "invalid_token": "A backend reported that the provider called the access token invalid.",
        "access_revoked": "A backend reported that the user has revoked the access.",
        "user_request": "A backend reported that the user has asked for it.",
    ]

    private static let refused = [
        "launch_consumed": "A finish came for a launch that takes none any more.",
        "verifier_refused":
            "A finish was relayed or confirmed without the verifier of the launch's session.",
        "unconfirmed": "A finish waited for its session's verifier, and nobody showed it in time.",
        "human_id": "The finish, or the provider's answer, was about another person.",
        "human_id_taken": "The person belongs to another user of the app.",
        "client_user_id": "The provider's answer was about another user.",
        "client_id": "The provider's answer was about another app.",
        "user_unproven": "Nothing but the launch said that the person is the launched user.",
    ]

    private static let unresolved = [
        "answer_lost": "The provider's answer is lost, and is not waited for any more.",
        "never_sent": "The session was never sent to the provider, and is too old for it by now.",
        "not_sent": "The session could not be sent to the provider yet.",
    ]

    /// A word of a record, for people.
    static func words(_ word: String) -> String { word.replacing("_", with: " ") }
}

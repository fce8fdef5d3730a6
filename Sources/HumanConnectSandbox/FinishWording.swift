import Wire

/// Words a finish the way the popup hands it over.
struct FinishWording: Sendable {
    private let state: SandboxState

    init(_ state: SandboxState) {
        self.state = state
    }

    /// The sessionTokenObject with its four real fields (docs/provider.md#the-sessiontokenobject).
    func sessionTokenObject(_ session: SandboxSession) -> JSONValue {
        let humanID = session.humanID ?? ""
        return [
            "humanId": .string(humanID),
            "clientId": .string(session.clientID),
            "sessionToken": .string(session.token),
            "userId": .string(state.users[humanID]?.userID ?? ""),
        ]
    }

    /// The answer to the popup's own script: the object, how often to send it, where to go.
    func finish(_ session: SandboxSession, more: Bool) -> JSONValue {
        let redirect = session.redirects.finish(
            humanID: session.humanID ?? "",
            sessionToken: session.token,
            clientID: session.clientID
        )
        let twice = state.behaviour(of: session.clientUserID) == .duplicateFinish
        return [
            "finish": sessionTokenObject(session),
            "copies": twice ? 2 : 1,
            "more": .bool(more),
            "redirect": redirect.map { .string($0) } ?? .null,
        ]
    }
}

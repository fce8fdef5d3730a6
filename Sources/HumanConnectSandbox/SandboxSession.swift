import Foundation

/// One popup session (docs/provider.md#messages-from-the-popup,
/// docs/provider.md#the-sessiontokenobject, docs/provider.md#finish-close-and-error).
struct SandboxSession: Codable, Sendable, Equatable {
    enum Mode: String, Codable, Sendable {
        case create
        case edit
    }

    enum Phase: String, Codable, Sendable {
        case open
        /// Done was pressed: the token can be exchanged.
        case finished
        case closed
        case exchanged
    }

    /// What the first exchange made, so that a repeat answers the same.
    struct Grant: Codable, Sendable, Equatable {
        var accessToken: String
        var publicToken: String
    }

    let token: String
    let clientID: String
    let clientUserID: String
    let mode: Mode
    let createdAt: Date
    /// Known from the first connected source on, in edit mode from the start.
    var humanID: String?
    var phase = Phase.open
    /// A source was connected or removed since the session, or its last finish, began.
    var changed = false
    var endedAt: Date?
    var grant: Grant?
    /// Where the browser goes at the end, when the popup is not in a frame.
    var redirects: SandboxRedirects

    init(
        clientID: String,
        clientUserID: String,
        mode: Mode,
        humanID: String?,
        redirects: SandboxRedirects,
        now: Date
    ) {
        token = RandomText.hex(32)
        self.clientID = clientID
        self.clientUserID = clientUserID
        self.mode = mode
        self.humanID = humanID
        self.redirects = redirects
        createdAt = now
    }

    /// The session that a finish per source hands out: same user, token of its own.
    func finishedTwin(now: Date) -> SandboxSession {
        var twin = SandboxSession(
            clientID: clientID,
            clientUserID: clientUserID,
            mode: mode,
            humanID: humanID,
            redirects: redirects,
            now: createdAt
        )
        twin.phase = .finished
        twin.endedAt = now
        return twin
    }
}

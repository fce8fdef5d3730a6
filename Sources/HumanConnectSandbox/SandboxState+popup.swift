import Foundation

/// What a popup is opened with.
struct PopupLaunch: Sendable {
    var clientID: String?
    var clientUserID: String?
    var publicToken: String?
    var sessionToken: String?
    var redirects: SandboxRedirects
}

/// How a popup ended.
enum PopupEnd: Sendable, Equatable {
    case finished(SandboxSession)
    case closed(SandboxSession)
}

extension SandboxState {
    /// Opens the popup: a resumed session, a new one, or the refusal the popup shows.
    mutating func open(
        _ launch: PopupLaunch,
        now: Date
    ) throws(SandboxRefusal) -> SandboxSession {
        let clientUserID = launch.clientUserID ?? ""
        try Self.check(clientUserID: clientUserID)
        let clientID = try clientID(of: launch)
        guard apps[clientID] != nil else { throw .unknownClient }
        guard behaviour(of: clientUserID) != .popupError else { throw .popupError }
        if let session = resumable(launch.sessionToken, clientID, clientUserID, now: now) {
            return session
        }
        let user = user(clientID: clientID, clientUserID: clientUserID)
        if let token = launch.publicToken, !token.isEmpty {
            try check(publicToken: token, of: user, clientID: clientID, now: now)
        } else if user != nil {
            throw .userExists
        }
        let session = SandboxSession(
            clientID: clientID,
            clientUserID: clientUserID,
            mode: user == nil ? .create : .edit,
            humanID: user?.humanID,
            redirects: launch.redirects,
            now: now
        )
        sessions[session.token] = session
        return session
    }

    /// Old edit-mode pages name no app: then the public token does.
    private func clientID(of launch: PopupLaunch) throws(SandboxRefusal) -> String {
        if let clientID = launch.clientID, !clientID.isEmpty { return clientID }
        guard let token = launch.publicToken, !token.isEmpty else { throw .missing("clientId") }
        for clientID in apps.keys {
            for user in users(of: clientID) where user.publicToken == token { return clientID }
        }
        throw .stalePublicToken
    }

    /// A stored session counts only for the user it was opened for: browsers keep it per site,
    /// so on a shared computer another user's may come (docs/provider.md#session-of-another-user).
    private func resumable(
        _ token: String?,
        _ clientID: String,
        _ clientUserID: String,
        now: Date
    ) -> SandboxSession? {
        guard let token = token?.trimmingCharacters(in: .whitespaces),
            let session = sessions[token], session.phase == .open,
            session.clientID == clientID,
            ExactText(session.clientUserID) == ExactText(clientUserID),
            now.timeIntervalSince(session.createdAt) < SandboxLimits.openSeconds
        else { return nil }
        return session
    }

    private func check(
        publicToken: String,
        of user: SandboxUser?,
        clientID: String,
        now: Date
    ) throws(SandboxRefusal) {
        let grace = switches.publicTokenGraceSeconds
        if let user, user.accepts(publicToken, graceSeconds: grace, now: now) { return }
        let isAnothers = users(of: clientID).contains { $0.publicToken == publicToken }
        throw isAnothers ? .foreignPublicToken : .stalePublicToken
    }

    static func check(clientUserID: String) throws(SandboxRefusal) {
        guard !clientUserID.isEmpty else { throw .missing("clientUserId") }
        guard clientUserID.count <= SandboxLimits.clientUserIDCharactersMax,
            !clientUserID.unicodeScalars.contains(where: {
                $0.properties.generalCategory == .control
            })
        else { throw .invalid("clientUserId must have 1 to 512 characters, none of control") }
    }

    /// A session whose popup is still open.
    func openSession(_ token: String, now: Date) throws(SandboxRefusal) -> SandboxSession {
        guard let session = sessions[token], session.phase == .open,
            now.timeIntervalSince(session.createdAt) < SandboxLimits.openSeconds
        else { throw .deadSession }
        return session
    }

    /// Connects a source; the user is made with the first one, and every new one rotates the
    /// public token at once (docs/provider.md#create-mode-and-edit-mode,
    /// docs/provider.md#unknown-3).
    ///
    /// - Returns: a finish to announce now, with the switch for that.
    mutating func connect(
        _ sourceID: String,
        in token: String,
        now: Date
    ) throws(SandboxRefusal) -> SandboxSession? {
        var session = try openSession(token, now: now)
        let source = try SandboxSource.named(sourceID)
        var user =
            user(clientID: session.clientID, clientUserID: session.clientUserID)
            ?? SandboxUser(
                clientID: session.clientID,
                clientUserID: session.clientUserID,
                now: now
            )
        guard !user.isConnected(to: source.id) else { return nil }
        user.connections.append(SandboxUser.Connection(source: source.id, connectedAt: now))
        user.updatedAt = now
        user.rotatePublicToken(now: now)
        save(user)
        session.humanID = user.humanID
        session.changed = !switches.finishPerSource
        sessions[token] = session
        guard switches.finishPerSource else { return nil }
        let twin = session.finishedTwin(now: now)
        sessions[twin.token] = twin
        return twin
    }

    /// Removes a source; whether that rotates nobody knows (docs/provider.md#unknown-5).
    mutating func disconnect(
        _ sourceID: String,
        in token: String,
        now: Date
    ) throws(SandboxRefusal) {
        var session = try openSession(token, now: now)
        let source = try SandboxSource.named(sourceID)
        guard var user = user(clientID: session.clientID, clientUserID: session.clientUserID),
            user.isConnected(to: source.id)
        else { return }
        user.connections.removeAll { $0.source == source.id }
        user.updatedAt = now
        if switches.rotateOnDisconnect { user.rotatePublicToken(now: now) }
        save(user)
        session.changed = true
        sessions[token] = session
    }

    /// Done: a finish when anything changed, otherwise a close (docs/provider.md#unknown-13).
    mutating func finish(_ token: String, now: Date) throws(SandboxRefusal) -> PopupEnd {
        var session = try openSession(token, now: now)
        guard session.changed, session.humanID != nil else {
            return .closed(try close(token, now: now))
        }
        session.phase = .finished
        session.endedAt = now
        sessions[token] = session
        return .finished(session)
    }

    /// Closed without Done: what was connected stays, and so does the rotation
    /// (docs/provider.md#unknown-14).
    mutating func close(_ token: String, now: Date) throws(SandboxRefusal) -> SandboxSession {
        var session = try openSession(token, now: now)
        session.phase = .closed
        session.endedAt = now
        sessions[token] = session
        return session
    }
}

import Foundation

/// Everything the provider knows.
///
/// Pure: times come in, decisions come out, nothing is sent.
struct SandboxState: Codable, Sendable {
    var apps: [String: SandboxApp] = [:]
    /// By humanId.
    private(set) var users: [String: SandboxUser] = [:]
    /// By session token.
    var sessions: [String: SandboxSession] = [:]
    /// The humanId of an app's user, by `clientID` and then by `clientUserID`.
    private var humanIDs: [String: [String: String]] = [:]
    /// Sessions whose exchange failed once on purpose.
    var failedOnce: Set<String> = []

    /// Switches and behaviours are for one run and are not kept.
    var switches = SandboxSwitches()
    var behaviours: [String: SandboxBehaviour] = [:]
    var behaviourOfAll: SandboxBehaviour?

    private enum CodingKeys: String, CodingKey {
        case apps, users, sessions, humanIDs, failedOnce
    }

    /// The behaviour that holds for a user: a set one, one named in the id, one for everybody.
    func behaviour(of clientUserID: String) -> SandboxBehaviour? {
        behaviours[clientUserID] ?? SandboxBehaviour.named(in: clientUserID) ?? behaviourOfAll
    }

    func user(clientID: String, clientUserID: String) -> SandboxUser? {
        humanIDs[clientID]?[clientUserID].flatMap { users[$0] }
    }

    func user(humanID: String, clientID: String) throws(SandboxRefusal) -> SandboxUser {
        guard let user = users[humanID], user.clientID == clientID else { throw .unknownHuman }
        return user
    }

    func users(of clientID: String) -> [SandboxUser] {
        users.values.filter { $0.clientID == clientID }
            .sorted { ($0.createdAt, $0.humanID) < ($1.createdAt, $1.humanID) }
    }

    mutating func save(_ user: SandboxUser) {
        users[user.humanID] = user
        humanIDs[user.clientID, default: [:]][user.clientUserID] = user.humanID
    }

    /// Takes a user out with all that belongs to it.
    ///
    /// The clientUserId is free again and will get a new humanId (docs/provider.md#unknown-19).
    mutating func delete(_ user: SandboxUser) {
        users[user.humanID] = nil
        humanIDs[user.clientID]?[user.clientUserID] = nil
        sessions = sessions.filter { $0.value.humanID != user.humanID }
    }

    func app(_ clientID: String) throws(SandboxRefusal) -> SandboxApp {
        guard let app = apps[clientID] else { throw .unknownClient }
        return app
    }

    /// The only app, for callers who name none.
    func onlyApp() throws(SandboxRefusal) -> SandboxApp {
        guard apps.count == 1, let app = apps.values.first else { throw .missing("client_id") }
        return app
    }

    /// Forgets sessions nobody can use any more.
    mutating func forgetOldSessions(now: Date) {
        sessions = sessions.filter {
            now.timeIntervalSince($0.value.endedAt ?? $0.value.createdAt)
                < SandboxLimits.sessionKeptSeconds
        }
        failedOnce.formIntersection(sessions.keys)
    }
}

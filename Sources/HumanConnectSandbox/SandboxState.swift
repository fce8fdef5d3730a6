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
    /// The humanId of an app's user, by `clientID` and then by `ExactText` of `clientUserID`.
    ///
    /// It follows from the users, so it is not kept.
    private var humanIDs: [String: [ExactText: String]] = [:]
    /// Sessions whose exchange failed once on purpose.
    var failedOnce: Set<String> = []

    /// Switches and behaviours are for one run and are not kept.
    var switches = SandboxSwitches()
    var behaviours: [ExactText: SandboxBehaviour] = [:]
    var behaviourOfAll: SandboxBehaviour?

    private enum CodingKeys: String, CodingKey {
        case apps, users, sessions, failedOnce
    }

    init() {}

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        apps = try values.decode([String: SandboxApp].self, forKey: .apps)
        sessions = try values.decode([String: SandboxSession].self, forKey: .sessions)
        failedOnce = try values.decode(Set<String>.self, forKey: .failedOnce)
        for user in try values.decode([String: SandboxUser].self, forKey: .users).values {
            save(user)
        }
    }

    /// The behaviour that holds for a user: a set one, one named in the id, one for everybody.
    func behaviour(of clientUserID: String) -> SandboxBehaviour? {
        behaviours[ExactText(clientUserID)] ?? SandboxBehaviour.named(in: clientUserID)
            ?? behaviourOfAll
    }

    func user(clientID: String, clientUserID: String) -> SandboxUser? {
        humanIDs[clientID]?[ExactText(clientUserID)].flatMap { users[$0] }
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
        let id = ExactText(user.clientUserID)
        humanIDs[user.clientID, default: [:]][id] = user.humanID
    }

    /// Takes a user out with all that belongs to it.
    ///
    /// The clientUserId is free again and will get a new humanId (docs/provider.md#unknown-19).
    mutating func delete(_ user: SandboxUser) {
        users[user.humanID] = nil
        humanIDs[user.clientID]?[ExactText(user.clientUserID)] = nil
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

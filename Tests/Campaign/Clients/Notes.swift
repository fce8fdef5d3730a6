internal import Synchronization

/// What the campaign knows beside the calls of its users, and the checker has to know.
final class Notes: Sendable {
    private struct State {
        var providerIsDisturbed = false
        var excused: Set<String> = []
        var changes: [String: [Duration]] = [:]
        var formerUsers: [String: [ProviderUser]] = [:]
        var humans: [String] = []
        var launchTokens: Set<String> = []
    }

    private let state = Mutex(State())

    /// Whether the provider cannot be asked just now.
    var providerIsDisturbed: Bool {
        get { state.withLock { $0.providerIsDisturbed } }
        set { state.withLock { $0.providerIsDisturbed = newValue } }
    }

    /// Notes a launch that was made while the provider could not be asked.
    func excuse(_ launch: String) {
        state.withLock { _ = $0.excused.insert(launch) }
    }

    /// Notes that something changed at the provider without a popup of ours; the user as it was, if
    /// it was deleted.
    func changed(_ user: String, at time: Duration, deleted former: ProviderUser?) {
        state.withLock { state in
            state.changes[user, default: []].append(time)
            if let former { state.formerUsers[user, default: []].append(former) }
        }
    }

    /// Notes a person, whose `humanId` others may come to know.
    func met(_ human: String) {
        state.withLock { $0.humans.append(human) }
    }

    /// Somebody's `humanId`.
    func anybody(using random: inout some RandomNumberGenerator) -> String? {
        let humans = state.withLock { $0.humans }
        return humans.randomElement(using: &random)
    }

    /// Notes a launch's one-time token.
    func issued(launchToken: String) {
        state.withLock { _ = $0.launchTokens.insert(launchToken) }
    }

    /// The one-time tokens so far.
    var launchTokens: Set<String> { state.withLock { $0.launchTokens } }

    /// Adds all of it to the evidence.
    func add(to evidence: inout Evidence) {
        state.withLock { state in
            evidence.excusedLaunches = state.excused
            evidence.changesElsewhere = state.changes
            evidence.formerUsers = state.formerUsers
        }
    }
}

internal import Ledger
internal import LedgerStore
internal import Synchronization
internal import Vault

/// Users' stories as the service writes them: a launch, a finish, its exchange, its tokens, and the
/// same again when the user comes back.
///
/// Every step is an append of its own, with the claims and the sealed values that the service adds.
struct BenchHistory: Sendable {
    /// How many stories are told at once: enough to fill the writer's batches.
    private static let tellersMax = 256
    /// How often each user comes back to connect something more.
    private static let returns = 2
    /// How many characters an access token has beside the user's name: as many as real ones.
    private static let accessTokenLength = 240

    let store: LedgerStore
    let app: StoredApp

    /// Tells stories of users whose names begin with `prefix` until so many events were written.
    func fill(events: Int, prefix: String) async throws {
        let told = Told(eventsMax: events)
        try await withThrowingDiscardingTaskGroup { group in
            for _ in 0..<Self.tellersMax {
                group.addTask {
                    while let number = told.nextUser() {
                        let user = try await tell("\(prefix)-\(number)", returns: Self.returns)
                        told.add(Int(user.state.version))
                    }
                }
            }
        }
    }

    /// Connects users, each by a story of its own; gives them as they are then, if they are kept.
    func connect(
        _ numbers: Range<Int>,
        keeps: Bool,
        name: @escaping @Sendable (Int) -> String
    ) async throws -> [StoredUser] {
        let tellers = min(Self.tellersMax, numbers.count)
        return try await withThrowingTaskGroup(of: [StoredUser].self) { group in
            for teller in 0..<tellers {
                group.addTask {
                    var users: [StoredUser] = []
                    // In turn, so that all are told at about the same time.
                    let first = numbers.lowerBound + teller
                    for number in stride(from: first, to: numbers.upperBound, by: tellers) {
                        let user = try await tell(name(number), returns: 0)
                        if keeps { users.append(user) }
                    }
                    return users
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Tells a user's whole story; gives the user as it is then.
    @discardableResult
    func tell(_ name: String, returns: Int) async throws -> StoredUser {
        var user = try await launched(store.newUser(Secret(name), of: app))
        user = try await connected(user, name, visit: 0)
        for visit in 0..<returns {
            user = try await launched(user)
            user = try await connected(user, name, visit: visit + 1)
        }
        return user
    }

    /// Writes one launch of a user and gives the user as it is then.
    func launched(_ user: StoredUser) async throws -> StoredUser {
        let launch = LedgerEvent.Launch(
            launch: store.clock.identifier(),
            finish: .direct,
            expiry: store.clock.now().adding(seconds: 1_800)
        )
        var change = Change(context: Self.context)
        change.append(user.state.launch(launch), id: launch.launch)
        return try await written(change, user)
    }

    /// Intent, dispatch and outcome of one exchange; every other visit changes the public token.
    private func connected(
        _ user: StoredUser,
        _ name: String,
        visit: Int
    ) async throws -> StoredUser {
        let human = Secret("human-" + name)
        let access = Secret(name + String(repeating: "=", count: Self.accessTokenLength))
        let publicToken = Secret("public-\(name)-\(visit / 2)")
        let session = Secret("session-\(name)-\(visit)")
        let finish = LedgerEvent.Finish(
            finalize: store.clock.identifier(),
            launch: user.state.popups.last?.launch ?? store.clock.identifier(),
            session: fingerprint(.session, session),
            human: fingerprint(.human, human)
        )
        var change = Change(context: Self.context)
        for event in user.state.receive(finish) { change.append(event, id: finish.finalize) }
        change.claim(.session, finish.session)
        change.keep(session, .sessionToken, version: user.state.version + 1)
        var user = try await written(change, user)
        change = Change(context: Self.context)
        change.append(
            .exchangeDispatched(finalize: finish.finalize, number: 1),
            id: finish.finalize.derived("dispatch/1")
        )
        user = try await written(change, user)
        return try await written(
            outcome(of: finish, user, (human: human, access: access, public: publicToken)),
            user
        )
    }

    private func outcome(
        of finish: LedgerEvent.Finish,
        _ user: StoredUser,
        _ values: (human: Secret, access: Secret, public: Secret)
    ) -> Change {
        let answer = AnswerFingerprints(
            human: finish.human,
            accessToken: fingerprint(.accessToken, values.access),
            publicToken: fingerprint(.publicToken, values.public),
            mismatch: nil
        )
        let mode: LaunchMode = user.state.publicToken == nil ? .create : .edit
        var change = Change(context: Self.context)
        for event in user.state.finalize(finish, mode: mode, answer: answer) {
            change.append(event)
            switch event {
            case .accessTokenRotated(let token, _):
                change.keep(values.access, .accessToken, version: token.version)
            case .publicTokenRotated(let token, _):
                change.keep(values.public, .publicToken, version: token.version)
            default: break
            }
        }
        if user.state.human == nil {
            change.claim(.human, finish.human)
            change.keep(values.human, .humanID, version: 1)
        }
        for open in user.state.openFinalizes where open.finalize == finish.finalize {
            change.drop(.sessionToken, version: open.received)
        }
        return change
    }

    private static var context: RecordContext { RecordContext(actor: "bench") }

    private func fingerprint(_ kind: FingerprintKind, _ value: Secret) -> Fingerprint {
        store.vault.fingerprint(kind, of: value, app: app.id)
    }

    private func written(_ change: Change, _ user: StoredUser) async throws -> StoredUser {
        guard case .written(let user, _) = try await store.write(change, to: user) else {
            throw BenchError.notWritten
        }
        return user
    }
}

/// How much of a history is told.
private final class Told: Sendable {
    private let counts = Mutex((users: 0, events: 0))
    private let eventsMax: Int

    init(eventsMax: Int) {
        self.eventsMax = eventsMax
    }

    /// The number of one more user; nil when there are events enough.
    func nextUser() -> Int? {
        counts.withLock { counts in
            guard counts.events < eventsMax else { return nil }
            counts.users += 1
            return counts.users
        }
    }

    func add(_ events: Int) {
        counts.withLock { $0.events += events }
    }
}

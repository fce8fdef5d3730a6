package import Ledger
internal import Postgres
internal import Vault

/// What it would come to, or came to, to take over a user's tokens.
package enum TakeOver: Sendable, Equatable {
    /// They count from now on, or would.
    case taken
    /// They were taken over before, or are held; nothing is written.
    case present
    case refused(ImportRefusal)
}

/// Up to where it was looked, log by log, who holds the tokens that are to be taken over.
package struct TakeOversBegin: Sendable {
    fileprivate let positions: [Log: Int64]
}

extension LedgerStore {
    /// How many users `takeOvers` is asked about at once.
    package static let takeOversMax = StoreLimits.identitiesMax

    /// The fingerprints of what is to be taken over.
    package func fingerprints(
        of user: TakenOverUser,
        _ app: StoredApp
    ) -> TakenOverFingerprints {
        let make = { (kind: FingerprintKind, value: Secret) in
            self.vault.fingerprint(kind, of: value, app: app.id)
        }
        let values = [
            make(.user, user.clientUserID), make(.human, user.humanID),
            make(.accessToken, user.accessToken), make(.publicToken, user.publicToken),
        ]
        return TakenOverFingerprints(values, in: home(of: user.clientUserID, in: app), app, vault)
    }

    /// The same, each in the log where the user is, or where these were taken over before the user was erased.
    func placed(
        _ users: [TakenOverFingerprints],
        _ app: StoredApp
    ) async throws(StoreError) -> [TakenOverFingerprints] {
        var placed = users
        for log in logs.closed {
            let there = users.map { TakenOverFingerprints($0.values, in: log, app, vault) }
            let answers = await UserReader.readAll(there.map { $0.question(app) }, bulk)
            let taken = try await self.answers(
                of: there,
                by: { $0.log },
                { Self.takenOver($0, among: $1) }
            ) { result, row throws(PostgresError) in try result.bool(row, 0) }
            var isThere: [Bool] = []
            for answer in answers { isThere.append(try answer.get() != nil) }
            for index in users.indices where isThere[index] || taken[index] {
                placed[index] = there[index]
            }
        }
        return placed
    }

    /// What it would come to to take over these, in their order; nothing is written.
    package func takeOvers(
        of users: [TakenOverFingerprints],
        app: StoredApp
    ) async throws(StoreError) -> [TakeOver] {
        let users = try await placed(users, app)
        let questions = users.map { $0.question(app) }
        let answers = await UserReader.readAll(questions, bulk)
        let places = try await places(of: users)
        let others = zip(users, places).filter { !$1.isTaken }.map(\.0)
        let held = try await heldTokens(among: others, app)
        var verdicts: [TakeOver] = []
        verdicts.reserveCapacity(users.count)
        for (index, (user, answer)) in zip(users, answers).enumerated() {
            let place = places[index]
            guard !place.isTaken else {
                verdicts.append(.present)
                continue
            }
            let found = try answer.get()
            var state = SubjectState()
            if let found {
                do {
                    state = try self.user(found, questions[index], app).state
                } catch {
                    guard case .damaged = error else { throw error }
                    verdicts.append(.refused(.damaged))
                    continue
                }
            }
            switch state.takeOver(user) {
            case .held: verdicts.append(.present)
            case .refused(let refusal): verdicts.append(.refused(refusal))
            case .write:
                let isFree = place.linked == nil || place.linked == found?.subject
                let isHeld = user.hasToken(in: held)
                verdicts.append(
                    !isFree ? .refused(.personTaken) : isHeld ? .refused(.tokenTaken) : .taken
                )
            }
        }
        return verdicts
    }

    /// From which positions on a write looks who got the tokens that are to be taken over: to be asked for before
    /// `takeOvers`, which looks at what is before.
    package func takeOversBegin() async throws(StoreError) -> TakeOversBegin {
        var positions: [Log: Int64] = [:]
        for log in logs.list(.facts) { positions[log] = try await size(log: log) }
        return TakeOversBegin(positions: positions)
    }

    /// Takes over what another system held for a user, once: the same again writes nothing, also
    /// after the tokens have changed or the user was erased.
    ///
    /// `checkedFrom` is what `takeOversBegin` answered before `takeOvers` found nobody who holds one of
    /// the tokens: who got one since is seen by the write itself. Durable when it returns `.taken`. Throws
    /// `StoreError`.
    package func takeOver(
        _ taken: TakenOverUser,
        of app: StoredApp,
        checkedFrom begin: TakeOversBegin,
        context: RecordContext
    ) async throws -> TakeOver {
        guard let fingerprints = try await placed([fingerprints(of: taken, app)], app).first else {
            throw StoreError.defect
        }
        var begin = begin
        for _ in 0..<StoreLimits.decisionTriesMax {
            let takeOver =
                logs.pairs > 1
                ? try await takeOverReserved(taken, fingerprints, app, begin, context)
                : try await self.takeOver(taken, fingerprints, [nil, nil], app, begin, context)
            if let takeOver { return takeOver }
            // Somebody got one of the tokens, and may have got another one since: or another worker of this user.
            begin = try await takeOversBegin()
            let own = try await user(taken.clientUserID, of: app)?.subject
            let held = try await heldTokens(among: [fingerprints], app, but: own)
            if fingerprints.hasToken(in: held) { return .refused(.tokenTaken) }
        }
        throw StoreError.conflict
    }

    /// The same where there are several logs.
    ///
    /// A write sees its own log alone. So both tokens are reserved first, and it is looked in the other logs who
    /// holds one; nobody else takes one over from then on until this is done, or burned its reservations
    /// (docs/decisions/0067-k-logs-of-facts.md#a-token-that-two-bring-along).
    private func takeOverReserved(
        _ taken: TakenOverUser,
        _ fingerprints: TakenOverFingerprints,
        _ app: StoredApp,
        _ begin: TakeOversBegin,
        _ context: RecordContext
    ) async throws -> TakeOver? {
        let claimant = claimant(toTakeOver: fingerprints)
        var held = try await claimer.hold(fingerprints.tokens, for: claimant)
        let result: Result<TakeOver?, any Error>
        do {
            let others = logs.list(.facts).filter { $0 != fingerprints.log }
            let found = try await heldTokens(among: [fingerprints], app, in: others)
            if fingerprints.hasToken(in: found) {
                result = .success(.refused(.tokenTaken))
            } else {
                result = .success(
                    try await takeOver(
                        taken,
                        fingerprints,
                        held.references,
                        app,
                        begin,
                        context
                    )
                )
            }
        } catch {
            result = .failure(error)
        }
        var isWritten = false
        if case .success(.taken) = result { isWritten = true }
        await claimer.letGo(&held, of: claimant, isWritten: isWritten)
        return try result.get()
    }

    /// Who takes over, for reservations: the same for all who work at the same line of a file, in whatever run.
    func claimant(toTakeOver fingerprints: TakenOverFingerprints) -> Claimant {
        let log = fingerprints.log
        return Claimant(subject: fingerprints.event, logID: log.id) { [clock] in
            clock.identifier(in: log)
        }
    }

    /// Nil when somebody else got one of the tokens from `begin` on, or burned its reservation.
    func takeOver(
        _ taken: TakenOverUser,
        _ fingerprints: TakenOverFingerprints,
        _ reservations: [Identifier?],
        _ app: StoredApp,
        _ begin: TakeOversBegin,
        _ context: RecordContext
    ) async throws -> TakeOver? {
        var verdict = TakeOver.taken
        // Where there are several logs, a person is claimed before the write sees that the user is stored by now.
        let stored = logs.pairs > 1 ? try await user(taken.clientUserID, of: app) : nil
        if logs.isClosed(fingerprints.log), stored?.log != fingerprints.log {
            // Nobody new begins there: the user was erased, before these were to be taken over or just now.
            guard try await event(id: fingerprints.event) != nil else { throw StoreError.conflict }
            return .present
        }
        let outcome = try await change(stored ?? newUser(taken.clientUserID, of: app), of: app) {
            user in
            switch user.state.takeOver(fingerprints) {
            case .held: verdict = .present
            case .refused(let refusal): verdict = .refused(refusal)
            case .write(let event):
                var change = Change(context: context)
                change.append(event, id: fingerprints.event)
                change.claim(.human, fingerprints.human)
                let begin = begin.positions[fingerprints.log] ?? 0
                for (token, reservation) in zip(fingerprints.tokens, reservations) {
                    change.requireUnheld(token, since: begin, reservation: reservation)
                }
                change.keep(taken.humanID, .humanID, version: 1)
                change.keep(taken.accessToken, .accessToken, version: 1)
                change.keep(taken.publicToken, .publicToken, version: 1)
                verdict = .taken
                return change
            }
            return nil
        }
        switch outcome {
        case .repeated: return .present
        case .claimed(.token): return nil
        case .claimed:
            // Where there are several logs, the person is looked at before the user, whom another worker may have
            // stored meanwhile, with this person.
            let user = logs.pairs > 1 ? try await user(taken.clientUserID, of: app) : nil
            return user?.state.human == fingerprints.human ? nil : .refused(.personTaken)
        case .conflict: throw StoreError.conflict
        case .written, nil: break
        }
        // Tokens that changed since stand in a state that refuses them; the event tells.
        if case .refused = verdict, try await event(id: fingerprints.event) != nil {
            return .present
        }
        return verdict
    }

    /// What those in the app hold now who were ever given one of their tokens, in all logs or some, but for one user.
    func heldTokens(
        among users: [TakenOverFingerprints],
        _ app: StoredApp,
        in logs: [Log]? = nil,
        but own: Identifier? = nil
    ) async throws(StoreError) -> Set<Fingerprint> {
        guard !users.isEmpty else { return [] }
        let subjects = try await subjects(
            with: users.flatMap(\.tokens),
            of: app,
            in: logs ?? self.logs.list(.facts),
            eventsMax: StoreLimits.takenTokenEventsMax
        )
        var held: Set<Fingerprint> = []
        for case .user(let user) in try await found(
            questions(subjects.filter { $0 != own }, app),
            of: app
        ) {
            held.formUnion(
                [user.state.accessToken?.fingerprint, user.state.publicToken?.fingerprint]
                    .compactMap(\.self)
            )
        }
        return held
    }

    /// Whether each was taken over before, and to which subject its person is linked.
    private func places(
        of users: [TakenOverFingerprints]
    ) async throws(StoreError) -> [(isTaken: Bool, linked: Identifier?)] {
        let taken = try await answers(
            of: users,
            by: { $0.log },
            { Self.takenOver($0, among: $1) }
        ) { result, row throws(PostgresError) in try result.bool(row, 0) }
        var linked = try await self.linked(users) { self.logs.home(of: $0.human) }
        // To whom a person was linked before logs were added.
        for log in logs.closed {
            linked = zip(linked, try await self.linked(users) { _ in log }).map { $0 ?? $1 }
        }
        return zip(taken, linked).map { ($0, $1) }
    }

    /// To whom each user's person is linked, as one log for each says.
    private func linked(
        _ users: [TakenOverFingerprints],
        by log: (TakenOverFingerprints) -> Log
    ) async throws(StoreError) -> [Identifier?] {
        try await answers(of: users, by: log, { Self.linked($0, among: $1) }) {
            result,
            row throws(PostgresError) in
            try result.uuidOrNil(row, 0).map { Identifier(value: $0) }
        }
    }

    /// What each user's log answers, in the order of the users; a statement gives a row for each.
    private func answers<Answer: Sendable>(
        of users: [TakenOverFingerprints],
        by log: (TakenOverFingerprints) -> Log,
        _ statement: (Log, [TakenOverFingerprints]) -> Statement,
        _ decode: @escaping RowDecoder<Answer>
    ) async throws(StoreError) -> [Answer] {
        var answers = [Answer?](repeating: nil, count: users.count)
        for (log, places) in Dictionary(grouping: users.indices, by: { log(users[$0]) }) {
            let rows = try await bulk[log].rows(statement(log, places.map { users[$0] }), decode)
            for (place, row) in zip(places, rows) { answers[place] = row }
        }
        let known = answers.compactMap(\.self)
        guard known.count == users.count else { throw .defect }
        return known
    }

    private static func takenOver(_ log: Log, among users: [TakenOverFingerprints]) -> Statement {
        Statement(
            "taken_over_users",
            """
            select (
                select true from ledger.event stored
                where stored.event_id = asked.event and stored.log_id = $1
            ) is not null
            from unnest($2::uuid[]) with ordinality as asked (event, number)
            order by asked.number
            """,
            .int4(log.id),
            .uuidArray(users.map(\.event.value))
        )
    }

    private static func linked(_ home: Log, among users: [TakenOverFingerprints]) -> Statement {
        Statement(
            "linked_users",
            """
            select (
                select linked.subject from vault.lookup linked
                where linked.log_id = $1 and linked.kind = 'human'
                    and linked.fingerprint = asked.human
                    -- Whether one that is reserved was claimed is for the write to see.
                    and linked.reserved_at is null
            )
            from unnest($2::bytea[]) with ordinality as asked (human, number)
            order by asked.number
            """,
            .int4(home.id),
            .byteaArray(users.map(\.human.bytes))
        )
    }
}

extension SubjectState {
    fileprivate func takeOver(_ user: TakenOverFingerprints) -> ImportDecision {
        takeOver(
            human: user.human,
            accessToken: user.accessToken,
            publicToken: user.publicToken
        )
    }
}

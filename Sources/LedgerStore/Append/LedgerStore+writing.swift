internal import Ledger
internal import Vault

extension LedgerStore {
    /// Writes a change to a user as it was read.
    ///
    /// Durable when it returns `.written`.
    package func write(
        _ change: Change,
        to user: StoredUser
    ) async throws(StoreError) -> ChangeOutcome {
        let (command, changed) = try prepare(change, of: user)
        switch try await append(command, of: user) {
        case .appended(let position): return .written(changed, position: position)
        case .repeated(let position):
            // An id can be guessed where it is derived: what somebody else wrote under it settles
            // nothing.
            guard try await event(at: position, log: user.log)?.isForged == false else {
                throw .damaged(.record)
            }
            return .repeated(position: position)
        case .claimed(let kind): return .claimed(kind)
        case .conflict: return .conflict
        // A claim whose reservation was burned is reserved anew.
        case .fenced: throw .defect
        }
    }

    private func append(
        _ command: AppendCommand,
        of user: StoredUser
    ) async throws(StoreError) -> AppendVerdict {
        let writer = writer(of: user.log)
        // With one log of facts it is the home of all.
        guard logs.pairs > 1, !command.claims.isEmpty else {
            return try await writer.append(command)
        }
        let claimant = Claimant(subject: user.subject, logID: user.log.id) { [clock] in
            clock.identifier(in: user.log)
        }
        return try await claimer.append(command, of: claimant) { command throws(StoreError) in
            try await writer.append(command)
        }
    }

    /// Composes the records, seals the values and folds the events into the new state.
    func prepare(
        _ change: Change,
        of user: StoredUser
    ) throws(StoreError) -> (AppendCommand, StoredUser) {
        let time = clock.now()
        var changed = user
        var events: [AppendCommand.Event] = []
        for new in change.events {
            changed.state.apply(new.event, at: time)
            let id = new.id ?? clock.identifier(in: user.log)
            assert(Log(of: id) == user.log, "An id says in which log its event stands.")
            let record = Record(
                id: id,
                clientID: user.clientID,
                subject: user.subject,
                time: time,
                subjectVersion: changed.state.version,
                context: change.context,
                event: new.event
            )
            events.append(AppendCommand.Event(record: record, bytes: record.encoded()))
        }
        guard let first = events.first else { preconditionFailure("A change has an event.") }
        var command = AppendCommand(
            app: user.app,
            subject: user.subject,
            expected: user.state.version,
            time: time,
            state: changed.state,
            events: events
        )
        var values = change.values
        // What a first write answers still carries the id, but the row is made by then.
        if let clientUserID = user.newClientUserID, user.state.version == 0 {
            command.fingerprint = user.newFingerprint
            values.append(Change.NewValue(kind: .clientUserID, version: 1, value: clientUserID))
        }
        command.claims = change.claims.map {
            AppendCommand.Claim(
                kind: $0.kind,
                fingerprint: $0.fingerprint,
                reference: first.record.id
            )
        }
        command.unheld = change.unheld
        command.changesTokens = TokenKind.allCases.contains {
            user.state.token($0) != changed.state.token($0)
        }
        command.drops = change.drops.map {
            AppendCommand.Drop(kind: $0.kind, version: $0.version)
        }
        do {
            try seal(values, of: user, into: &command, &changed)
        } catch {
            throw .damaged(.value)
        }
        return (command, changed)
    }

    private func seal(
        _ values: [Change.NewValue],
        of user: StoredUser,
        into command: inout AppendCommand,
        _ changed: inout StoredUser
    ) throws {
        if case .open(let key) = user.key, user.state.version == 0 {
            command.wrappedKey = try vault.wrap(key, for: user.owner)
        }
        guard !values.isEmpty else { return }
        let key = try key(of: user)
        for value in values {
            let sealed = try vault.seal(
                value.value,
                value.kind,
                version: value.version,
                for: user.owner,
                key: key
            )
            guard changed.isCurrent(value) else {
                command.values.append(
                    AppendCommand.SealedValue(
                        kind: value.kind,
                        version: value.version,
                        bytes: sealed
                    )
                )
                continue
            }
            command.current[value.kind] = sealed
            changed.sealed[value.kind] = sealed
        }
    }
}

extension StoredUser {
    /// Whether a value stands in the user's row.
    fileprivate func isCurrent(_ value: Change.NewValue) -> Bool {
        switch value.kind {
        case .clientUserID, .humanID: true
        case .accessToken: state.accessToken?.version == value.version
        case .publicToken: state.publicToken?.version == value.version
        case .sessionToken, .claimedHumanID, .providerAnswer, .clientSecret, .appKey, .webhook:
            false
        }
    }
}

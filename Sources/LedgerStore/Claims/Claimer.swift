internal import Ledger
internal import Postgres

/// Makes claims whose home may be another log than that of who claims: reserved in the home, made in
/// the own log, each in a transaction of one log (docs/decisions/0067-k-logs-of-facts.md).
///
/// Whatever it was at when it ended, the same user may begin anew.
final class Claimer: Sendable {
    let logs: Logs
    let database: StoreDatabases
    /// What `ledger.appender` has the hash of.
    let secret: [UInt8]

    init(logs: Logs, database: StoreDatabases, secret: [UInt8]) {
        self.logs = logs
        self.database = database
        self.secret = secret
    }

    /// Appends a command with its claims, of which there is one of a kind at most, and gives the verdict.
    ///
    /// `append` sends the command as it is given to it. Throws `StoreError.overloaded` when somebody
    /// else was at work all the time that a call has, besides what `append` throws.
    func append(
        _ command: AppendCommand,
        of claimant: Claimant,
        append: (AppendCommand) async throws(StoreError) -> AppendVerdict
    ) async throws(StoreError) -> AppendVerdict {
        var attempt = ClaimAttempt(command, of: claimant, logs)
        let latest = ContinuousClock.now + StoreLimits.claimTimeMax
        while true {
            if let kind = try await reach(&attempt, of: claimant, until: latest) {
                await withdraw(&attempt, of: claimant)
                return .claimed(kind)
            }
            let verdict = try await append(attempt.command)
            switch verdict {
            case .appended: return verdict
            // What another worker has written need not have made these claims.
            case .repeated, .conflict:
                await withdraw(&attempt, of: claimant)
                return verdict
            case .claimed(let kind):
                guard attempt.refused(kind, isBurned: false) else { return verdict }
            case .fenced(let kind):
                guard attempt.refused(kind, isBurned: true) else { return verdict }
            }
        }
    }

    /// Removes what a user who is erased has reserved, or claimed, in the homes of persons.
    ///
    /// Whoever is erased appends nothing any more, so no reference need be burned.
    func release(everythingOf subject: Identifier, logID: Int32) async throws(StoreError) {
        for home in logs.list(.facts).map(\.id) where home != logID {
            let reserved = try await database[home].rows(Self.reservations(of: subject, in: home)) {
                result,
                row throws(PostgresError) in
                (try result.bytes(row, 0), try result.uuid(row, 1))
            }
            for (bytes, reference) in reserved {
                guard let fingerprint = Fingerprint(bytes) else { throw .damaged(.value) }
                let place = ClaimPlace(kind: .human, fingerprint: fingerprint, home: home)
                do {
                    try await release(Identifier(value: reference), at: place)
                } catch {
                    throw StoreError(error)
                }
            }
        }
    }

    // MARK: Steps

    /// Goes on with every claim until it can be appended; gives the kind of one that somebody has.
    private func reach(
        _ attempt: inout ClaimAttempt,
        of claimant: Claimant,
        until latest: ContinuousClock.Instant
    ) async throws(StoreError) -> LookupKind? {
        for index in attempt.claims.indices {
            try await go(&attempt.claims[index], of: claimant, until: latest)
            if attempt.claims[index].steps.step == .endClaimed {
                return attempt.claims[index].place.kind
            }
        }
        return nil
    }

    /// Takes one step after the other until there is none, or the append is due.
    func go(
        _ claim: inout ClaimAttempt.Claim,
        of claimant: Claimant,
        until latest: ContinuousClock.Instant
    ) async throws(StoreError) {
        var pause = RetryPause()
        while claim.isUnderWay {
            guard ContinuousClock.now < latest else { throw .overloaded }
            do {
                try await take(&claim, of: claimant, &pause)
            } catch {
                // Each step can be taken again, whatever became of it.
                guard error.code == .outcomeUnknown else { throw StoreError(error) }
                await pause.wait()
            }
        }
    }

    private func take(
        _ claim: inout ClaimAttempt.Claim,
        of claimant: Claimant,
        _ pause: inout RetryPause
    ) async throws(PostgresError) {
        let place = claim.place
        switch claim.steps.step {
        case .search:
            claim.steps.searched(isTaken: try await isTaken(place, butBy: claimant.subject))
        case .reserve: claim.steps.found(try await reserve(place, for: claimant))
        case .look: claim.steps.found(try await look(at: place))
        case .ask(let row):
            claim.steps.asked(row, isMade: try await isMade(place, logID: row.reference.logID))
        case .wait:
            await pause.wait()
            claim.steps.waited()
        case .fence(let reference):
            claim.steps.fenced(reference, isMade: try await fence(reference, at: place))
        case .release(let reference):
            try await release(reference, at: place)
            claim.steps.released()
        case .append, .endClaimed, .endWithdrawn: break
        }
    }

    /// Gives up what is reserved.
    ///
    /// What cannot be removed now is taken over later by whoever wants it.
    private func withdraw(_ attempt: inout ClaimAttempt, of claimant: Claimant) async {
        let latest = ContinuousClock.now + StoreLimits.claimTimeMax
        for index in attempt.claims.indices {
            attempt.claims[index].steps.withdraw()
            try? await go(&attempt.claims[index], of: claimant, until: latest)
        }
    }
}

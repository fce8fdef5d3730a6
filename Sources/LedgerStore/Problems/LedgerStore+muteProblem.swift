package import Ledger

extension LedgerStore {
    /// Mutes or unmutes a problem as it stands now, and gives it as it is then; nil where the app has none
    /// of this name, or its user was erased meanwhile.
    ///
    /// What was done a moment ago counts: the log is folded first, in steps of which there may be as many as are
    /// given. Throws `StoreError.overloaded` when more are needed.
    package func mark(
        _ name: ProblemName,
        muted isMuted: Bool,
        of app: StoredApp,
        context: RecordContext,
        stepsMax: Int = StoreLimits.problemCatchUpSteps
    ) async throws(StoreError) -> NamedProblem? {
        guard let log = logs.log(of: name.about) else { return nil }
        try await catchUpProblems(log, stepsMax: stepsMax)
        guard let found = try await namedProblem(name, of: app),
            let marked = try await mark(found.problem, muted: isMuted, of: app, context: context)
        else { return nil }
        return NamedProblem(problem: marked, clientUserID: found.clientUserID)
    }

    /// Says in the log that a problem is muted, or unmuted; gives the problem as it is then.
    ///
    /// Durable when it returns. The rows follow as the log is folded. Nothing is said where the problem, as
    /// it was read, is in no state for it. Nil when it is about a user who was erased meanwhile.
    package func mark(
        _ problem: TrackedProblem,
        muted isMuted: Bool,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> TrackedProblem? {
        guard problem.state == (isMuted ? .open : .muted) else { return problem }
        let mark = LedgerEvent.ProblemMark(problem.name)
        let event: LedgerEvent = isMuted ? .problemMuted(mark) : .problemUnmuted(mark)
        guard
            let position = problem.name.kind.isOfEndpoint
                ? try await tell(event, of: app, context)
                : try await tell(event, of: problem.name.about, app, context),
            let stored = try await self.event(at: position, log: Log(of: problem.name.about))
        else { return nil }
        var changed = problem
        let moment = TrackedProblem.Moment(position: position, time: try stored.record().time)
        if isMuted {
            changed.mute(by: context.actor, at: moment)
        } else {
            changed.unmute(at: moment)
        }
        return changed
    }

    /// Writes an event of an app that is about none of its users.
    private func tell(
        _ event: LedgerEvent,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws(StoreError) -> Int64? {
        let command = command(
            administering: app.id,
            clientID: app.clientID,
            [event],
            at: clock.now(),
            context
        )
        switch try await writer(of: .facts).append(command) {
        case .appended(let position), .repeated(let position): return position
        case .claimed, .fenced, .conflict: throw .defect
        }
    }

    /// Writes an event of a user; nil when there is no such user any more.
    private func tell(
        _ event: LedgerEvent,
        of subject: Identifier,
        _ app: StoredApp,
        _ context: RecordContext
    ) async throws(StoreError) -> Int64? {
        guard let user = try await user(subject: subject, of: app) else { return nil }
        do {
            let outcome = try await change(user, of: app) { _ in
                var change = Change(context: context)
                change.append(event)
                return change
            }
            guard case .written(_, let position)? = outcome else { throw StoreError.defect }
            return position
        } catch StoreError.erased {
            return nil
        } catch {
            throw StoreError(error)
        }
    }
}

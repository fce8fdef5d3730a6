import Ledger
@testable import LedgerStore

/// Several workers that claim one fingerprint, between two of their steps.
struct ClaimWorld: Hashable {
    struct Worker: Hashable {
        /// The user's subject, which is an id of the user's log.
        let subject: Identifier
        /// The event that is to make the claim.
        let event: Identifier
        /// How often it may begin anew after it has ended.
        var beginsLeft: Int
        /// Nil once it has ended for good, with or without an answer.
        var steps: ClaimSteps?
        /// Whether there is a closed log.
        let searches: Bool

        var log: Int32 { subject.logID }

        init(subject: Identifier, event: Identifier, begins: Int, searches: Bool = false) {
            self.subject = subject
            self.event = event
            self.searches = searches
            beginsLeft = begins
            begin()
        }

        mutating func begin() {
            steps = ClaimSteps(
                subject: subject,
                isAtHome: log == ClaimModel.home,
                searches: searches
            )
        }
    }

    /// A statement of a worker that has ended, still on its way; it may come at any time, or never.
    enum Late: Hashable {
        case reserve(Identifier)
        case fence(Identifier)
        case release(Identifier)
        case append(Identifier, of: Identifier, Identifier?)
        case releaseEverything(of: Identifier)
    }

    /// Why a world must not be.
    enum Flaw: Hashable {
        case twoWinners
        /// Somebody was told that somebody has it, and nobody had.
        case claimedByNobody
        /// A worker that is alone would go on for ever.
        case stuck
    }

    var logs: ClaimModel
    var workers: [Worker]
    var late: Set<Late> = []
    /// Who may still be erased.
    var erasable: Set<Identifier> = []
    /// The users, or for a session the events, that have made the claim and were not erased.
    private(set) var winners: Set<Identifier> = []
    private(set) var flaw: Flaw?

    init(_ logs: ClaimModel, _ workers: [Worker]) {
        self.logs = logs
        self.workers = workers
    }

    /// All that can be next.
    var successors: [ClaimWorld] {
        var worlds: [ClaimWorld] = []
        for index in workers.indices {
            guard let step = workers[index].steps?.step else { continue }
            worlds += after(step, of: index)
            worlds.append(afterEnd(of: index, at: step))
        }
        for statement in late {
            var world = self
            world.late.remove(statement)
            world.carryOut(statement)
            worlds.append(world)
        }
        for subject in erasable {
            var world = self
            world.erasable.remove(subject)
            world.logs.erase(subject, in: subject.logID)
            // No session is exchanged twice, whoever was erased.
            if logs.kind == .human { world.winners.remove(subject) }
            world.late.insert(.releaseEverything(of: subject))
            worlds.append(world)
        }
        return worlds.map(\.pruned)
    }

    /// The same where a user of the closed log has made the claim.
    mutating func claim(_ event: Identifier, of subject: Identifier) {
        _ = append(event, of: subject, nil)
    }

    // MARK: Workers

    /// What there is after a worker's next step, and after each that it can take instead.
    private func after(_ step: ClaimSteps.Step, of index: Int) -> [ClaimWorld] {
        var worlds = [taking(step, of: index, isOld: false)]
        switch step {
        case .reserve, .look: worlds.append(taking(step, of: index, isOld: true))
        case .append:
            // It was decided meanwhile that nothing is to be written.
            var world = self
            world.change(index) { steps, _ in steps.withdraw() }
            worlds.append(world)
        default: break
        }
        return worlds
    }

    /// The worker takes its step; a reservation of others that it finds is old, or it is not.
    private func taking(_ step: ClaimSteps.Step, of index: Int, isOld: Bool) -> ClaimWorld {
        var world = self
        let worker = workers[index]
        let reference = freeReference(in: worker.log)
        world.change(index) { steps, logs in
            switch step {
            case .search: steps.searched(isTaken: logs.isTaken(butBy: worker.subject))
            case .reserve:
                steps.found(
                    logs.reserve(worker.subject, reference).map { Reservation($0, isOld: isOld) }
                )
            case .look: steps.found(logs.rows[0].map { Reservation($0, isOld: isOld) })
            case .ask(let row):
                steps.asked(row, isMade: logs.isMade(in: row.reference.logID))
            case .wait: steps.waited()
            case .fence(let reference):
                // What this worker fences may be its own user's: then it withdraws.
                let isOwn = reference.logID == worker.log && !logs.isMade(in: worker.log)
                steps.fenced(
                    reference,
                    isMade: isOwn && logs.fault == .withdrawsUnburned
                        ? false : logs.fence(reference)
                )
            case .release(let reference):
                logs.release(reference)
                steps.released()
            case .append, .endClaimed, .endWithdrawn: break
            }
        }
        if case .append(let reservation) = step { world.append(reservation, of: index) }
        return world
    }

    private mutating func append(_ reservation: Identifier?, of index: Int) {
        let worker = workers[index]
        let verdict = append(worker.event, of: worker.subject, reservation)
        change(index) { steps, _ in
            switch verdict {
            case .claimed: steps.refused()
            case .fenced: steps.burned(reservation ?? worker.event)
            case .repeated, .conflict: steps.withdraw()
            case .appended: break
            }
        }
        if case .appended = verdict { workers[index].steps = nil }
    }

    private mutating func append(
        _ event: Identifier,
        of subject: Identifier,
        _ reservation: Identifier?
    ) -> AppendVerdict {
        let verdict = logs.append(event, of: subject, in: subject.logID, reservation: reservation)
        if case .appended = verdict {
            winners.insert(logs.kind == .session ? event : subject)
            if winners.count > 1 { flaw = .twoWinners }
        }
        return verdict
    }

    /// Changes what a worker knows, and the logs; notes what it ends with.
    private mutating func change(_ index: Int, _ body: (inout ClaimSteps, inout ClaimModel) -> Void)
    {
        guard var steps = workers[index].steps else { return }
        body(&steps, &logs)
        // Nobody sees how long it waits.
        if steps.step == .wait { steps.waited() }
        switch steps.step {
        case .endClaimed:
            if !logs.isMade { flaw = .claimedByNobody }
            workers[index].steps = nil
        case .endWithdrawn: workers[index].steps = nil
        default: workers[index].steps = steps
        }
    }

    // MARK: Ends

    /// A worker ends; its statement is on its way, and another one may begin anew.
    private func afterEnd(of index: Int, at step: ClaimSteps.Step) -> ClaimWorld {
        var world = self
        let worker = workers[index]
        switch step {
        case .reserve: world.late.insert(.reserve(worker.subject))
        case .fence(let reference): world.late.insert(.fence(reference))
        case .release(let reference): world.late.insert(.release(reference))
        case .append(let reference):
            world.late.insert(.append(worker.event, of: worker.subject, reference))
        case .search, .look, .ask, .wait, .endClaimed, .endWithdrawn: break
        }
        world.workers[index].steps = nil
        if worker.beginsLeft > 0 {
            world.workers[index].beginsLeft -= 1
            world.workers[index].begin()
        }
        return world
    }

    private mutating func carryOut(_ statement: Late) {
        switch statement {
        case .reserve(let subject):
            _ = logs.reserve(subject, freeReference(in: subject.logID))
        case .fence(let reference): _ = logs.fence(reference)
        case .release(let reference): logs.release(reference)
        case .append(let event, let subject, let reservation):
            _ = append(event, of: subject, reservation)
        case .releaseEverything(let subject): logs.releaseEverything(of: subject)
        }
    }

    // MARK: Alone

    /// Whether each worker, left alone, comes to an end.
    var isLive: Bool {
        workers.indices.allSatisfy { index in
            var world = self
            for _ in 0..<12 {
                guard let step = world.workers[index].steps?.step else { return true }
                world = world.taking(step, of: index, isOld: true).pruned
            }
            return false
        }
    }

    // MARK: References

    /// Those that somebody can still name.
    private var references: Set<Identifier> {
        var references = Set(logs.rows.compactMap { $0?.reference })
        for worker in workers {
            switch worker.steps?.step {
            case .ask(let row): references.insert(row.reference)
            case .fence(let reference), .release(let reference), .append(let reference?):
                references.insert(reference)
            default: break
            }
        }
        for statement in late {
            switch statement {
            case .fence(let reference), .release(let reference), .append(_, _, let reference?):
                references.insert(reference)
            default: break
            }
        }
        return references
    }

    /// One that nobody can name is as good as one that there never was, so there are finitely many worlds.
    private func freeReference(in log: Int32) -> Identifier {
        let references = references
        var number = 1
        while references.contains(ClaimModel.id(number, in: log)) { number += 1 }
        return ClaimModel.id(number, in: log)
    }

    /// The same without what can have no effect any more.
    private var pruned: ClaimWorld {
        guard !late.isEmpty || !logs.burned.isEmpty else { return self }
        var world = self
        world.late = late.filter { canMatter($0) }
        world.logs.burned.formIntersection(world.references)
        return world
    }

    /// Whether a statement may still change something: a reference that left the home never comes back.
    private func canMatter(_ statement: Late) -> Bool {
        switch statement {
        case .reserve: true
        case .release(let reference): logs.rows[0]?.reference == reference
        case .fence(let reference): !logs.burned.contains(reference)
        case .append(let event, _, let reservation):
            !logs.events.contains(event)
                && !(logs.fault == nil && reservation.map(logs.burned.contains) ?? false)
        case .releaseEverything(let subject):
            logs.kind == .human && logs.erased.contains(subject)
        }
    }
}

extension Reservation {
    /// As a worker finds a row in the home.
    init(_ row: ClaimModel.Row, isOld: Bool) {
        self.init(
            subject: row.subject,
            reference: row.reference,
            standing: !row.isReserved ? .made : isOld ? .old : .young
        )
    }
}

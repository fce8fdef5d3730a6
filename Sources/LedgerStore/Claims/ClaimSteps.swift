internal import Ledger

/// What one worker knows of one claim that it is to make, and what it does next
/// (docs/decisions/0067-k-logs-of-facts.md).
///
/// Pure: each thing that happened is a method that changes `step`, so that all ways in which several
/// workers can come between each other are tried without a database. A worker may end at any step, and
/// another one of the same user begin anew.
struct ClaimSteps: Sendable, Hashable {
    /// What is to be done next.
    enum Step: Sendable, Hashable {
        /// See in the closed logs whether somebody else has claimed the fingerprint there.
        case search
        /// Reserve the fingerprint in its home, or see who has.
        case reserve
        /// See in the home, the own log, what was found there.
        case look
        /// See in its log whether the claim was made for which there is this reservation.
        case ask(Reservation)
        /// Wait a little: somebody is at work.
        case wait
        /// Burn this reference in its log, unless the claim was made there.
        case fence(Identifier)
        /// Remove the reservation from the home where it still has this reference, which is burned.
        case release(Identifier)
        /// Append, with this reference as that of the reservation; nil in the home itself.
        case append(Identifier?)
        /// Nothing: somebody has the fingerprint.
        case endClaimed
        /// Nothing: nobody has it by this worker.
        case endWithdrawn
    }

    let subject: Identifier
    /// Whether the user's own log is the home.
    let isAtHome: Bool
    private(set) var step: Step
    private var isWithdrawing = false

    /// A user is to claim a fingerprint.
    ///
    /// Where logs are closed, what was claimed in them was at home in one of them. Of such claims there never are
    /// more, so it is enough to look once.
    init(subject: Identifier, isAtHome: Bool, searches: Bool = false) {
        self.subject = subject
        self.isAtHome = isAtHome
        // In the home itself the append looks.
        step = searches ? .search : isAtHome ? .append(nil) : .reserve
    }

    /// After `search`.
    mutating func searched(isTaken: Bool) {
        if isTaken { step = .endClaimed } else { begin() }
    }

    /// After `reserve` or `look`: the home has this row, or none.
    mutating func found(_ row: Reservation?) {
        switch row {
        case nil: begin()
        case .some(let row) where row.standing == .made: step = .endClaimed
        // Perhaps another worker's of the same user: their log decides between them.
        case .some(let row) where row.subject == subject: step = .append(row.reference)
        case .some(let row): step = .ask(row)
        }
    }

    /// After `ask`.
    mutating func asked(_ row: Reservation, isMade: Bool) {
        if isMade {
            step = .endClaimed
        } else {
            // Else two who are quick could burn each other's references without end.
            step = row.standing == .old ? .fence(row.reference) : .wait
        }
    }

    /// After `wait`.
    mutating func waited() { step = isAtHome ? .look : .reserve }

    /// After `fence`.
    mutating func fenced(_ reference: Identifier, isMade: Bool) {
        if !isMade {
            step = .release(reference)
        } else {
            step = isWithdrawing ? .endWithdrawn : .endClaimed
        }
    }

    /// After `release`, whoever removed it.
    mutating func released() {
        guard !isWithdrawing else {
            step = .endWithdrawn
            return
        }
        begin()
    }

    /// After `append`: its log found the fingerprint taken.
    mutating func refused() { step = isAtHome ? .look : .endClaimed }

    /// After `append`: the reference was burned, by somebody who thought that nobody was at work.
    mutating func burned(_ reference: Identifier) { step = .release(reference) }

    /// Instead of `append`, or after it: this worker does not make the claim, nor has it just made it.
    ///
    /// Another worker of the user may be about to make it with the same reservation, so that is burned
    /// before it is removed.
    mutating func withdraw() {
        isWithdrawing = true
        if case .append(let reference?) = step {
            step = .fence(reference)
        } else {
            step = .endWithdrawn
        }
    }

    /// After `append`, which has written what the reservation was for: others may have it from now on.
    ///
    /// For tokens that are taken over; a claim keeps its reservation.
    mutating func letGo() {
        isWithdrawing = true
        if case .append(let reference?) = step {
            step = .release(reference)
        } else {
            step = .endWithdrawn
        }
    }

    private mutating func begin() { step = isAtHome ? .append(nil) : .reserve }
}

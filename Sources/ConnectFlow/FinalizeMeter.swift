internal import Ledger
internal import Measures
internal import Synchronization

/// What is counted of finalizes in this copy of the service, for metrics.
final class FinalizeMeter: Sendable {
    /// How one ended, as it was written.
    enum Outcome: String, CaseIterable {
        case finalized, rejected, refused, unresolved, abandoned, unconfirmed, superseded
    }

    /// What the last round over left finalizes found.
    struct Round {
        /// Users who have one that somebody must look after.
        var due = 0
        /// Of these, those with one that could not be settled.
        var failed = 0
        /// Of these, those with one that is older than it should become.
        var old = 0
    }

    private let outcomes = CounterTable<Outcome>()
    private let round = Mutex(Round())

    /// Takes how a finalize ended.
    func note(_ outcome: FinalizeOutcome) {
        switch outcome {
        case .finalized, .tokenDropped: outcomes.add(.finalized)
        case .rejected: outcomes.add(.rejected)
        case .refused: outcomes.add(.refused)
        case .unresolved: outcomes.add(.unresolved)
        case .abandoned: outcomes.add(.abandoned)
        case .unconfirmed: outcomes.add(.unconfirmed)
        case .superseded: outcomes.add(.superseded)
        }
    }

    /// Takes that one was given up.
    func note(_ reason: AbandonReason) {
        outcomes.add(reason == .unconfirmed ? .unconfirmed : .abandoned)
    }

    /// Takes what a round found.
    func note(_ found: Round) { round.withLock { $0 = found } }

    /// Adds all of it.
    func fill(_ page: inout MetricPage) {
        page.add(.finalizes, outcomes, by: "outcome")
        let round = round.withLock { $0 }
        page.add(.dueUsers, round.due)
        page.add(.unsettledUsers, round.failed)
        page.add(.unsettledOldUsers, round.old)
    }
}

extension MetricFamily {
    fileprivate static let finalizes = counter(
        "token_ledger_finalizes_total",
        "Finalizes that this copy of the service brought to an end, by how they ended"
    )
    fileprivate static let dueUsers = gauge(
        "token_ledger_left_finalize_users",
        "Users with a finalize that was left open and is due, as of the last round"
    )
    fileprivate static let unsettledUsers = gauge(
        "token_ledger_unsettled_finalize_users",
        "Users with a left finalize that the last round could not settle"
    )
    fileprivate static let unsettledOldUsers = gauge(
        "token_ledger_unsettled_old_finalize_users",
        "Users with a left finalize that cannot be settled and is older than ten minutes"
    )
}

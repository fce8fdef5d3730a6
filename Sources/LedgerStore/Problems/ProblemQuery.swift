package import Ledger

/// Which problems of an app are asked for.
package struct ProblemQuery: Sendable, Equatable {
    /// Of these kinds; empty for all.
    package var kinds: [ProblemKind] = []
    /// In these states; empty for all.
    package var states: [TrackedProblem.State] = []
    /// Of one user or endpoint.
    package var about: Identifier?

    /// All of them.
    package init() {}
}

/// How many problems of a kind are in a state.
package struct ProblemCount: Sendable, Equatable {
    package let kind: ProblemKind
    package let state: TrackedProblem.State
    package let count: Int64
}

/// A page of problems, the one that was opened last first.
package struct ProblemPage: Sendable {
    package let problems: [TrackedProblem]
    /// Before which position of an opening the list goes on; nil where it ends.
    package let next: Int64?
    /// Every event of the log of facts before this position is taken into account.
    package let until: Int64
}

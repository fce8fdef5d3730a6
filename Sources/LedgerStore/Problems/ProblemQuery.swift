package import Ledger
package import Wire

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
package final class ProblemPage: Sendable {
    package let problems: [TrackedProblem]
    /// Before which positions of openings the list goes on; nil where it ends.
    package let next: LogPlaces?
    /// In which logs they were looked for.
    package let logs: [Log]
    /// Every event of a log before its position is taken into account.
    package let until: [Int64]

    init(problems: [TrackedProblem], next: LogPlaces?, logs: [Log], until: [Int64]) {
        self.problems = problems
        self.next = next
        self.logs = logs
        self.until = until
    }

    /// Writes up to where the log was folded, or where there are several, each of them.
    package func writeUntil(to writer: inout JSONWriter) {
        guard logs.count > 1 else {
            writer.member("until_position", until[0])
            return
        }
        writer.key("until_positions")
        writer.openArray()
        for (log, position) in zip(logs, until) {
            writer.element()
            writer.open()
            writer.member("log", log.name)
            writer.member("position", position)
            writer.close()
        }
        writer.closeArray()
    }
}

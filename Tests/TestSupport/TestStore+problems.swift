package import Ledger
@testable package import LedgerStore
import Logging

extension TestStore {
    /// Folds the log into problems, up to its end.
    package func foldProblems() async { await Self.foldProblems(store) }

    /// The same of a store that another test helper lends.
    package static func foldProblems(_ store: LedgerStore) async {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        await ProblemTracker(store: store, logger: logger).look()
    }

    /// Writes events of a user, each by itself.
    package func tell(_ events: LedgerEvent..., of name: String) async throws {
        for event in events {
            let user = try await self.user(name)
            var change = Change(context: Self.context)
            change.append(event)
            guard case .written = try await store.write(change, to: user) else {
                throw StoreError.conflict
            }
        }
    }

    /// The app's problems.
    package func problems(
        _ query: ProblemQuery = ProblemQuery()
    ) async throws -> [TrackedProblem] {
        try await store.problems(of: app, query, limit: 500).problems
    }
}

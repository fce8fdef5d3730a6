package import Ledger
internal import Vault
package import Wire

/// A problem, with the app's own id of the user whom it is about.
package struct NamedProblem: Sendable {
    package let problem: TrackedProblem
    package let clientUserID: Secret?

    package init(problem: TrackedProblem, clientUserID: Secret?) {
        self.problem = problem
        self.clientUserID = clientUserID
    }

    /// Writes it as the API and the program show it.
    package func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("id", "\(problem.name)")
        writer.member("kind", problem.name.kind.rawValue)
        writer.member("state", problem.state.rawValue)
        if problem.name.kind.isOfEndpoint {
            writer.member("endpoint", problem.name.about)
        } else {
            writer.member("subject", problem.name.about)
            if let clientUserID { writer.member("client_user_id", clientUserID.exposed) }
        }
        let log = Log(of: problem.name.about)
        // Whose positions they are, is said where there are several logs.
        if log.pair > 0 { writer.member("log", log.name) }
        if let reason = problem.reason { writer.member("reason", reason) }
        writer.member("occurrences", problem.occurrences)
        writer.member("openings", problem.openings)
        writer.member("first_at", problem.first.time)
        writer.member("first_position", problem.first.position)
        writer.member("opened_at", problem.opened.time)
        writer.member("last_at", problem.last.time)
        writer.member("last_position", problem.last.position)
        writer.member("changed_at", problem.changedAt)
        if let actor = problem.mutedBy { writer.member("muted_by", actor) }
        writer.key("positions")
        writer.openArray()
        for position in problem.positions {
            writer.element()
            writer.json(Array("\(position)".utf8))
        }
        writer.closeArray()
        writer.close()
    }
}

extension LedgerStore {
    /// The problem of this name, with the id of its user; nil where the app has none.
    package func namedProblem(
        _ name: ProblemName,
        of app: StoredApp
    ) async throws(StoreError) -> NamedProblem? {
        guard let problem = try await problem(name, of: app) else { return nil }
        return try await named([problem], of: app).first
    }

    /// The problems with the app's own ids of the users; without those of users who were erased, of whom
    /// the rows are about to go.
    package func named(
        _ problems: [TrackedProblem],
        of app: StoredApp
    ) async throws(StoreError) -> [NamedProblem] {
        let subjects = Set(problems.filter { !$0.name.kind.isOfEndpoint }.map(\.name.about))
        let users = try await users(Array(subjects), of: app)
        return problems.compactMap { problem in
            guard !problem.name.kind.isOfEndpoint else {
                return NamedProblem(problem: problem, clientUserID: nil)
            }
            switch users[problem.name.about] {
            case .user(let user)?:
                // One whose id does not open hides no other, and has its problems all the same.
                return NamedProblem(
                    problem: problem,
                    clientUserID: (try? value(.clientUserID, of: user)) ?? nil
                )
            case .damaged?: return NamedProblem(problem: problem, clientUserID: nil)
            case .erased?, nil: return nil
            }
        }
    }
}

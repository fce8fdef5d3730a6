import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore

/// The problem that a command is about.
struct ProblemChoice: ParsableArguments {
    @Argument(help: "The problem's id, as problem list shows it.")
    var problem: String

    @Option(help: "The app's clientId; needed when there are several apps.")
    var app: String?

    func validate() throws {
        guard ProblemName(problem) != nil else {
            throw ValidationError("A problem's id is a kind and a UUID, with a full stop between.")
        }
    }

    /// The problem, and its app.
    func problem(_ store: LedgerStore) async throws -> (problem: NamedProblem, app: StoredApp) {
        let app = try await PersonOptions.app(app, store)
        guard let name = ProblemName(problem), let found = try await store.problem(name, of: app),
            let named = try await store.named([found], of: app).first
        else {
            throw CommandError(
                "The app has no problem \(problem); token-ledger problem list shows them."
            )
        }
        return (named, app)
    }

    /// Mutes or unmutes it as it is now, and says what it is then.
    func mark(_ options: ServiceDatabaseOptions, muted isMuted: Bool) async throws {
        let state = try await OpenedStore.atWork(options) { store in
            try await store.catchUpProblems()
            let (named, app) = try await problem(store)
            let marked = try await store.mark(
                named.problem,
                muted: isMuted,
                of: app,
                context: .byOperator
            )
            guard let marked else {
                throw CommandError("The user was erased meanwhile, and the problem with it.")
            }
            // Who looks at the list next sees it there, unless there is much to be folded before.
            try? await store.catchUpProblems()
            return marked.state
        }
        Terminal.message("The problem is \(state.rawValue).")
    }
}

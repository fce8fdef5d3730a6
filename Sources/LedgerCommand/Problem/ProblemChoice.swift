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

    /// The problem.
    func problem(_ store: LedgerStore) async throws -> NamedProblem {
        let app = try await PersonOptions.app(app, store)
        guard let name = ProblemName(problem),
            let named = try await store.namedProblem(name, of: app)
        else { throw unknown }
        return named
    }

    private var unknown: CommandError {
        CommandError("The app has no problem \(problem); token-ledger problem list shows them.")
    }

    /// Mutes or unmutes it as it is now, and says what it is then.
    func mark(_ options: ServiceDatabaseOptions, muted isMuted: Bool) async throws {
        let state = try await OpenedStore.atWork(options) { store in
            let app = try await PersonOptions.app(app, store)
            // A terminal waits: after a long time without a service there may be much to be folded.
            guard let name = ProblemName(problem),
                let marked = try await store.mark(
                    name,
                    muted: isMuted,
                    of: app,
                    context: .byOperator,
                    stepsMax: .max
                )
            else { throw unknown }
            // Who looks at the list next sees it there.
            try? await store.catchUpProblems(Log(of: name.about))
            return marked.problem.state
        }
        Terminal.message("The problem is \(state.rawValue).")
    }
}

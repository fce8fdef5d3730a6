import ArgumentParser
import Ledger
import LedgerStore
import Wire

extension ProblemCommand {
    /// `token-ledger problem list`: an app's problems, the one that was opened last first.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show an app's problems, the one that was opened last first.",
            discussion: "Works on the database as the service does."
        )

        /// Which problems are shown.
        enum States: String, CaseIterable, ExpressibleByArgument {
            case open, muted, resolved, all

            var chosen: [TrackedProblem.State] {
                TrackedProblem.State(rawValue: rawValue).map { [$0] } ?? []
            }
        }

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(help: "The app's clientId; needed when there are several apps.")
        var app: String?

        @Option(help: ArgumentHelp("Only those of this user.", valueName: "clientUserId"))
        var user: String?

        @Option(
            help: ArgumentHelp(
                "Only those of this user's pseudonym or endpoint.",
                valueName: "uuid"
            )
        )
        var about: String?

        @Option(help: "Only those of this kind.")
        var kind: ProblemKind?

        @Option(help: "Those that are open, muted or resolved, or all.")
        var state = States.open

        @OptionGroup var list: ListLimit

        @Option(help: ArgumentHelp("Those opened before this position.", valueName: "position"))
        var before: String?

        @Flag(help: "Print one JSON document.")
        var json = false

        func validate() throws {
            if let about, Identifier(about) == nil {
                throw ValidationError("--about must be a UUID.")
            }
            guard user == nil || about == nil else {
                throw ValidationError("--user and --about exclude each other.")
            }
        }

        func run() async throws {
            let (page, named, behind) = try await OpenedStore.atWork(options) { store in
                let app = try await PersonOptions.app(app, store)
                var query = ProblemQuery()
                query.states = state.chosen
                query.kinds = kind.map { [$0] } ?? []
                query.about = try await about(store, app)
                let page = try await store.problems(
                    of: app,
                    query,
                    before: try await places(store, query),
                    limit: list.limit
                )
                let behind = try await store.events(behind: page)
                return (page, try await store.named(page.problems, of: app), behind)
            }
            guard json else {
                Self.show(named, page)
                if behind > 0 {
                    Terminal.message("\(behind) events of the log are not taken into account yet.")
                }
                return
            }
            Terminal.result { writer in
                writer.open()
                writer.key("problems")
                writer.openArray()
                for problem in named {
                    writer.element()
                    problem.write(to: &writer)
                }
                writer.closeArray()
                page.writeUntil(to: &writer)
                if let next = page.next {
                    if page.logs.count == 1 {
                        writer.member("next_before", next.reached[0].next)
                    } else {
                        writer.member("next_before", next.shown)
                    }
                }
                writer.close()
            }
        }

        private func places(
            _ store: LedgerStore,
            _ query: ProblemQuery
        ) async throws -> LogPlaces? {
            guard let before else { return nil }
            let logs = store.logs(.facts, about: query.about)
            guard let places = store.kept(in: logs.count, { LogPlaces(shown: before, count: $0) }),
                try await store.has(places, in: logs)
            else { throw CommandError("--before is none that this list gave out.") }
            return places
        }

        private func about(_ store: LedgerStore, _ app: StoredApp) async throws -> Identifier? {
            guard let user else { return about.flatMap { Identifier($0) } }
            return try await PersonOptions.user(user, of: app, store).subject
        }

        private static func show(_ problems: [NamedProblem], _ page: ProblemPage) {
            if problems.isEmpty {
                Terminal.message("There is no such problem.")
            } else {
                Terminal.result(
                    TextTable.rows(
                        [["PROBLEM", "STATE", "REASON", "COUNT", "OPENED", "LAST", "USER"]]
                            + problems.map { named in
                                let problem = named.problem
                                return [
                                    "\(problem.name)",
                                    problem.isReopened ? "reopened" : problem.state.rawValue,
                                    problem.reason ?? "-", "\(problem.occurrences)",
                                    "\(problem.opened.time)", "\(problem.last.time)",
                                    named.clientUserID?.exposed ?? "-",
                                ]
                            }
                    )
                )
            }
            if let next = page.next { Terminal.message("There are more: --before \(next.shown).") }
        }
    }

    /// `token-ledger problem show`: one problem, and where in the log it stands.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one problem as a JSON document.",
            discussion: "Works on the database as the service does."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: ProblemChoice

        func run() async throws {
            let found = try await OpenedStore.atWork(options) { store in
                try await choice.problem(store)
            }
            Terminal.result { found.write(to: &$0) }
        }
    }
}

extension ProblemKind: ExpressibleByArgument {}

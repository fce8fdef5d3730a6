import ArgumentParser
import LedgerBench
import Logging

/// `token-ledger bench`: how fast this machine is, next to a plain design on the same PostgreSQL.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure, and compare with PostgreSQL's own programs in the same run.",
        discussion: """
            Runs on a private PostgreSQL in a folder that vanishes, with fsync on. Meaningful in a \
            release build only: swift build -c release. Rates depend on the machine and its \
            neighbours; beside each stands the processor time of one operation, in microseconds: of \
            the service (or of the store and its callers), of PostgreSQL's connections together, and \
            of what makes the load.
            """,
        subcommands: [
            Aims.self, Append.self, Read.self, Verify.self, Rebuild.self, Proof.self,
            Integrate.self, Export.self, Import.self, Tail.self, Webhooks.self, Overload.self,
            Hostile.self, Growth.self, Timing.self, Map.self, Gate.self, Count.self,
        ]
    )

    /// Where it runs, and what it prints.
    struct Options: ParsableArguments {
        @Option(
            name: .customLong("data-folder"),
            help: "A folder on the disk to be measured; by default one in /tmp."
        )
        var dataFolder: String?

        @Flag(help: "Print one JSON document.")
        var json = false
    }

    /// How long, and how many at once.
    struct LoadOptions: ParsableArguments {
        @Option(help: "How long each measurement runs, in seconds.")
        var seconds = 5

        @Option(help: "How many callers there are at once.")
        var clients = 64

        func validate() throws {
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
            guard (1...1024).contains(clients) else {
                throw ValidationError("--clients must be 1 to 1024.")
            }
        }
    }

    /// How many users there are.
    struct CrowdOptions: ParsableArguments {
        @Option(help: "How many connected users there are to be launched and read.")
        var users = 100_000

        func validate() throws {
            guard (1...10_000_000).contains(users) else {
                throw ValidationError("--users must be 1 to 10000000.")
            }
        }
    }

    /// How long the history is.
    struct HistoryOptions: ParsableArguments {
        @Option(help: "How many events the history has; those of the data folder count.")
        var events = 200_000

        func validate() throws {
            guard (1...100_000_000).contains(events) else {
                throw ValidationError("--events must be 1 to 100000000.")
            }
        }
    }

    /// `token-ledger bench append`: how fast it writes.
    struct Append: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "append",
            abstract: "Measure writing: launches of users.",
            discussion: """
                pgbench writes an event row and a projection row in one transaction per event. The \
                store has twice as many callers as the service. Afterwards PostgreSQL writes the \
                same rows by one plain statement per 64 and by COPY: the limit of every append.
                """
        )

        @OptionGroup var load: LoadOptions
        @OptionGroup var crowd: CrowdOptions

        @OptionGroup var factLogs: FactLogsOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(
                seconds: load.seconds,
                clients: load.clients,
                users: crowd.users,
                logs: factLogs.logs
            )
            try await BenchCommand.run(options, plan) { try await $0.append() }
        }
    }

    /// `token-ledger bench read`: how fast it reads.
    struct Read: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "read",
            abstract: "Measure reading: current tokens of users.",
            discussion: """
                pgbench selects one projection row by its key. Over HTTP each answer with tokens \
                is recorded in the access log before it leaves, and that record is durable.
                """
        )

        @OptionGroup var load: LoadOptions
        @OptionGroup var crowd: CrowdOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(
                seconds: load.seconds,
                clients: load.clients,
                users: crowd.users
            )
            try await BenchCommand.run(options, plan) { try await $0.read() }
        }
    }

    /// `token-ledger bench verify`: how fast a history is checked.
    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Measure verifying a whole history.",
            discussion: """
                The history is written first, through the store, with what the service writes for \
                users who connect and come back. psql copies all rows once, to nowhere: verifying \
                reads them twice, in the order of the log and in that of the users.
                """
        )

        @OptionGroup var history: HistoryOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(events: history.events)
            try await BenchCommand.run(options, plan) { try await $0.verify() }
        }
    }

    /// `token-ledger bench rebuild`: how fast the projection is made anew.
    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rebuild",
            abstract: "Measure building the projection anew from a whole history.",
            discussion: "psql copies all rows once, to nowhere: that is what reading alone costs."
        )

        @OptionGroup var history: HistoryOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(events: history.events)
            try await BenchCommand.run(options, plan) { try await $0.rebuild() }
        }
    }

    /// `token-ledger bench proof`: how long one proof takes.
    struct Proof: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "proof",
            abstract: "Measure single proofs, in the store and over HTTP.",
            discussion: "Positions and sizes are random, so most tiles are not those read before."
        )

        @OptionGroup var load: LoadOptions
        @OptionGroup var history: HistoryOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(
                seconds: load.seconds,
                clients: load.clients,
                events: history.events
            )
            try await BenchCommand.run(options, plan) { try await $0.proof() }
        }
    }

    /// `token-ledger bench integrate`: what the tree costs those who append.
    struct Integrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "integrate",
            abstract: "Measure appending with and without the integrator, in turn.",
            discussion: "The aim: integrating costs the appends at most 5 percent."
        )

        @OptionGroup var load: LoadOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(
                seconds: load.seconds,
                clients: load.clients,
                integrates: false
            )
            try await BenchCommand.run(options, plan) { try await $0.integrate() }
        }
    }

    /// `token-ledger bench export`: how fast a history leaves.
    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export",
            abstract: "Measure exporting a whole history.",
            discussion: """
                psql copies the same column to a file on the same disk, in its own text format. \
                The aim: NDJSON is at least half as fast.
                """
        )

        @OptionGroup var history: HistoryOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(events: history.events)
            try await BenchCommand.run(options, plan) { try await $0.export() }
        }
    }

    /// `token-ledger bench overload`: what it does with more than it can do.
    struct Overload: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "overload",
            abstract: "Measure five times as many launches as the service can do.",
            discussion: """
                Looks for the peak first, with callers who wait for their answers. Then launches \
                arrive at a rate, whatever becomes of those before: 0.7 times the peak, 5 times, and \
                0.7 times again. The aims: at least 80 percent of the peak are served meanwhile, \
                the others are refused within 50 ms with Retry-After, and all is as usual 10 \
                seconds later. Load, service and PostgreSQL share the machine, so PostgreSQL's \
                syncs are made slow, which leaves room for the load.
                """
        )

        @Option(help: "How long the usual load and the overload last, in seconds.")
        var seconds = 10

        @Option(
            name: .customLong("sync-milliseconds"),
            help: "How long each sync takes at least; 0 for as long as the disk takes."
        )
        var syncMilliseconds = 50

        @OptionGroup var options: Options

        func validate() throws {
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
            guard (0...100).contains(syncMilliseconds) else {
                throw ValidationError("--sync-milliseconds must be 0 to 100.")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(seconds: seconds, syncMilliseconds: syncMilliseconds)
            try await BenchCommand.run(options, plan) { try await $0.overload() }
        }
    }

    /// Measures, prints what came of it, and judges it, if it is to be judged.
    static func run<Report: BenchResult>(
        _ options: Options,
        _ plan: BenchStack.Plan,
        _ measure: @escaping @Sendable (BenchStack) async throws -> Report,
        judge: @escaping @Sendable (Report) throws -> Void = { _ in }
    ) async throws {
        let logger = try ProgramLog.start(level: nil, default: .error)
        let temporary = try options.dataFolder == nil ? TemporaryFolder() : nil
        defer { temporary?.remove() }
        let folder = options.dataFolder ?? temporary?.path ?? ""
        let isJSON = options.json
        try await BenchStack.run(
            folder: folder,
            plan: plan,
            logger: logger,
            tell: { Terminal.message($0) }
        ) { stack in
            let report = try await measure(stack)
            if isJSON {
                Terminal.result(report.document)
            } else {
                Terminal.result(report.table(head: Terminal.bold))
            }
            try judge(report)
        }
    }
}

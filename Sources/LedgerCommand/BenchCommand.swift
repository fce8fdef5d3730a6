import ArgumentParser
import Logging

/// `token-ledger bench`: how fast this machine is, next to a plain design on the same PostgreSQL.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure, and compare with pgbench in the same run.",
        discussion: """
            Runs on a private PostgreSQL in a folder that vanishes, with fsync on. Meaningful in a \
            release build only: swift build -c release.
            """,
        subcommands: [Append.self, Read.self]
    )

    /// The flags of both measurements.
    struct Options: ParsableArguments {
        @Option(help: "How long each measurement runs, in seconds.")
        var seconds = 5

        @Option(help: "How many callers there are at once.")
        var clients = 64

        @Option(
            name: .customLong("data-folder"),
            help: "A folder on the disk to be measured; by default one in /tmp."
        )
        var dataFolder: String?

        @Flag(help: "Print one JSON document.")
        var json = false

        func validate() throws {
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
            guard (1...1024).contains(clients) else {
                throw ValidationError("--clients must be 1 to 1024.")
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
                aims: the store appends at least 4 times as many, and launches over HTTP are at \
                least 1.5 times as many.
                """
        )

        @OptionGroup var options: Options

        func run() async throws {
            try await BenchCommand.run(options, title: "append") { try await $0.append() }
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

        @OptionGroup var options: Options

        func run() async throws {
            try await BenchCommand.run(options, title: "read") { try await $0.read() }
        }
    }

    private static func run(
        _ options: Options,
        title: String,
        _ measure: @escaping @Sendable (BenchStack) async throws -> [Measurement]
    ) async throws {
        let logger = try Log.start(level: nil, default: .error)
        let temporary = try options.dataFolder == nil ? TemporaryFolder() : nil
        defer { temporary?.remove() }
        let folder = options.dataFolder ?? temporary?.path ?? ""
        let plan = BenchStack.Plan(seconds: options.seconds, clients: options.clients)
        let isJSON = options.json
        try await BenchStack.run(folder: folder, plan: plan, logger: logger) { stack in
            let report = BenchReport(
                title: title,
                plan: plan,
                measurements: try await measure(stack)
            )
            if isJSON {
                Terminal.result(report.document)
            } else {
                Terminal.result(report.table)
            }
        }
    }
}

import ArgumentParser
import LedgerBench

// What is compared with something that it is to reach, or not to pass.

extension BenchCommand {
    /// `token-ledger bench aims`: what it is to reach, and what it does reach.
    struct Aims: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "aims",
            abstract: "Measure launches and reads in turn, and compare with the aims.",
            discussion: """
                Three rounds of pgbench, the store and the service, each row the middle of its \
                rounds, each ratio the middle of theirs. Then the limit: PostgreSQL writes the rows \
                of launches again, by one plain statement per 64 and by COPY.
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
            try await BenchCommand.run(options, plan) { try await $0.aims() }
        }
    }

    /// `token-ledger bench growth`: what it costs when there is much.
    struct Growth: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "growth",
            abstract: "Measure with 100,000 events, ten times as many, and so on.",
            discussion: """
                Fills the ledger through the store with users who connect, and measures at each \
                size what a launch, a read, a proof and a checkpoint cost, and what memory the \
                service holds, which is a process of its own. A million events take two minutes, ten \
                millions about ten times as long.
                """
        )

        @Option(help: "How many events there are at the end: 100000 times a power of ten.")
        var events = 1_000_000

        @OptionGroup var load: LoadOptions
        @OptionGroup var options: Options

        func validate() throws {
            guard [100_000, 1_000_000, 10_000_000, 100_000_000].contains(events) else {
                throw ValidationError("--events must be 100000 times a power of ten.")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(
                seconds: load.seconds,
                clients: load.clients,
                events: events,
                integrates: false
            )
            try await BenchCommand.run(options, plan) { try await $0.growth() }
        }
    }

    /// `token-ledger bench gate`: whether anything has become much costlier.
    struct Gate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gate",
            abstract: "Fail when a launch or a read takes much more processor time than it did.",
            discussion: """
                Compares processor times of one round with each other, never rates, so that it holds \
                on any machine, beside neighbours, and in a debug build. Takes half a minute; \
                "make test" runs it.
                """
        )

        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(seconds: 1, clients: 32, integrates: false)
            try await BenchCommand.run(options, plan) {
                try await $0.gate()
            } judge: { report in
                guard !report.isMissed else {
                    throw CommandError("Something has become too costly.")
                }
            }
        }
    }
}

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
}

import ArgumentParser
import LedgerBench

extension BenchCommand {
    /// `token-ledger bench import`: how fast users of another system are taken over.
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "import",
            abstract: "Measure taking over users with their tokens from a file.",
            discussion: """
                Runs token-ledger import three times over one file, as a process of its own: to check \
                it, to write everybody, and once more when all are there. One operation is one user.
                """
        )

        @OptionGroup var crowd: CrowdOptions
        @OptionGroup var factLogs: FactLogsOptions
        @OptionGroup var options: Options

        func run() async throws {
            let plan = BenchStack.Plan(users: crowd.users, logs: factLogs.logs)
            try await BenchCommand.run(options, plan) { try await $0.importUsers() }
        }
    }
}

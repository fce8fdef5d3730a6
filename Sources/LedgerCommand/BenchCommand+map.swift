import ArgumentParser
import LedgerBench

extension BenchCommand {
    /// `token-ledger bench map`: what the map of current states takes.
    struct Map: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "map",
            abstract: "Measure the map of current states, and its proofs.",
            discussion: """
                Launches of connected users are appended to the store first, so that the processor \
                time of an event in the map stands beside that of its append. The map is made up \
                and in memory; its proofs hold one witness's cosignatures and stand at the end of a \
                log of a million statements.
                """
        )

        @Option(help: "How many users the map has.")
        var users = 1_000_000

        @Option(help: "How long the appends are measured, in seconds.")
        var seconds = 5

        @OptionGroup var options: Options

        func validate() throws {
            guard (10_000...10_000_000).contains(users) else {
                throw ValidationError("--users must be 10000 to 10000000.")
            }
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(seconds: seconds, users: users)
            try await BenchCommand.run(options, plan) { try await $0.map() }
        }
    }
}

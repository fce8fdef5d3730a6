import ArgumentParser
import LedgerBench

extension BenchCommand {
    /// `token-ledger bench tail`: what it takes to tell many what happens.
    struct Tail: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "tail",
            abstract: "Measure telling followers what happens.",
            discussion: """
                Followers of one app, each on a connection of its own, at the end of the log. Events are \
                appended at fixed rates by another copy than the one that they follow. One operation is \
                one event delivered to one follower.
                """
        )

        @Option(help: "How long each measurement runs, in seconds.")
        var seconds = 5

        @Option(help: "How many follow.")
        var followers = 1_000

        @OptionGroup var options: Options

        func validate() throws {
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
            guard (1...2_000).contains(followers) else {
                throw ValidationError("--followers must be 1 to 2000.")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(seconds: seconds, clients: followers)
            try await BenchCommand.run(options, plan) { try await $0.tail() }
        }
    }
}

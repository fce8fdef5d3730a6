import ArgumentParser
import LedgerBench

extension BenchCommand {
    /// `token-ledger bench timing`: what a caller could learn from the time of an answer.
    struct Timing: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "timing",
            abstract: "Measure whether the time of a refusal tells what was wrong.",
            discussion: """
                Calls two kinds in random order and compares their times by Welch's t, inside of \
                the process: an API key or a launch token that is wrong at its beginning or at its \
                end, a key that is nobody's, a user who is nobody's or another app's. The aim: \
                |t| < 4.5. A comparison that ends early stands beside them and must be found.
                """
        )

        @Option(help: "How many calls are timed of each comparison, after 1,000 to begin with.")
        var samples = 20_000

        @OptionGroup var options: Options

        func validate() throws {
            guard (1_000...100_000_000).contains(samples) else {
                throw ValidationError("--samples must be 1000 to 100000000.")
            }
        }

        func run() async throws {
            let samples = samples
            try await BenchCommand.run(options, BenchStack.Plan()) {
                try await $0.timing(samples: samples)
            } judge: { report in
                if report.isMissed { throw CommandError("Something is told apart, or not seen.") }
            }
        }
    }
}

import ArgumentParser
import LedgerBench

extension BenchCommand {
    /// `token-ledger bench hostile`: what honest callers get while others mean harm.
    struct Hostile: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "hostile",
            abstract: "Measure what honest callers get while others mean harm.",
            discussion: """
                The service runs as its settings are by default, but for the rates of the one key. \
                Honest requests, half of them recorded reads of tokens and half launches, arrive at a \
                rate; meanwhile others, from other addresses of this machine, ask without a \
                key, send slowly, read nothing, or send without end. Beside each attack stands what \
                honest callers got just before. The aims: 80 percent are answered, the slowest in a \
                hundred takes at most twice as long, the service grows by at most 64 MB (32 MB in floods).
                """
        )

        @Option(help: "How long each attack lasts, in seconds.")
        var seconds = 20

        @OptionGroup var options: Options

        func validate() throws {
            guard (1...600).contains(seconds) else {
                throw ValidationError("--seconds must be 1 to 600.")
            }
        }

        func run() async throws {
            // Enough of them that an export does not fit into what a socket takes.
            let plan = BenchStack.Plan(seconds: seconds, users: 20_000)
            try await BenchCommand.run(options, plan) { try await $0.hostile() }
        }
    }
}

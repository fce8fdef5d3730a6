import ArgumentParser
import LedgerBench
import LedgerStore

extension BenchCommand {
    /// `token-ledger bench webhooks`: how fast endpoints are told what has happened.
    struct Webhooks: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "webhooks",
            abstract: "Measure delivering webhooks.",
            discussion: """
                A receiver on this machine takes everything at once. The endpoints are behind by a whole \
                history, so this is the most that one copy of the service delivers. One operation is one \
                delivery; it fails when a user's messages come out of order.
                """
        )

        @Option(help: "How many endpoints there are.")
        var endpoints = 1

        @OptionGroup var history: HistoryOptions
        @OptionGroup var options: Options

        func validate() throws {
            guard (1...WebhookLimits.endpointsMax).contains(endpoints) else {
                throw ValidationError("--endpoints must be 1 to \(WebhookLimits.endpointsMax).")
            }
        }

        func run() async throws {
            let plan = BenchStack.Plan(
                clients: endpoints,
                events: history.events,
                delivers: false
            )
            try await BenchCommand.run(options, plan) { try await $0.webhooks() }
        }
    }
}

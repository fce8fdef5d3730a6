import ArgumentParser

/// `token-ledger webhook`: where apps have their events sent.
struct WebhookCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhook",
        abstract: "Send what happens to backends: endpoints, deliveries, replays.",
        subcommands: [
            Add.self, List.self, Update.self, Pause.self, Resume.self, Remove.self,
            RotateSecret.self, Test.self, Deliveries.self, Replay.self, Listen.self,
        ]
    )
}

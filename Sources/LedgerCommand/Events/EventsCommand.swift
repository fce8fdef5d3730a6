import ArgumentParser

/// `token-ledger events`: what happens, as a service tells it.
struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events",
        abstract: "Follow what happens to users, apps and keys.",
        subcommands: [Tail.self]
    )
}

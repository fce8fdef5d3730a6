import ArgumentParser

/// `token-ledger problem`: what somebody should look at.
struct ProblemCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "problem",
        abstract: "What somebody should look at, and who wants to hear no more of it.",
        subcommands: [List.self, Show.self, Mute.self, Unmute.self]
    )
}

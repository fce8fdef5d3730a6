import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore

extension ProblemCommand {
    /// `token-ledger problem mute`: to hear no more of a problem until it is resolved.
    struct Mute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "mute",
            abstract: "Hear no more of a problem until it is resolved.",
            discussion: "Works on the database as the service does. The log says so for ever."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: ProblemChoice

        func run() async throws { try await choice.mark(options, muted: true) }
    }

    /// `token-ledger problem unmute`: to hear of it again.
    struct Unmute: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "unmute",
            abstract: "Hear of a muted problem again.",
            discussion: "Works on the database as the service does. The log says so for ever."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: ProblemChoice

        func run() async throws { try await choice.mark(options, muted: false) }
    }
}

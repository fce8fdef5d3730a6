import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Webhooks

extension WebhookCommand {
    /// `token-ledger webhook update`: changes where and what is sent.
    struct Update: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "update",
            abstract: "Change an endpoint: its URL, its types, whether it names users.",
            discussion: "What is not named stays as it is. It counts within some seconds."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        @Option(help: "Where to send events from now on, also those that wait.")
        var url: String?

        @OptionGroup var webhook: WebhookOptions

        func validate() throws {
            guard
                url != nil || !webhook.types.isEmpty || webhook.namesUser != nil
                    || webhook.label != nil
            else {
                throw ValidationError(
                    "Say what to change; token-ledger help webhook update lists it."
                )
            }
        }

        func run() async throws {
            let settings = try await options.settings()
            let order = try webhook.order(url, try WebhookAddresses(settings))
            try await choice.lend(options) { store, webhook, app in
                try WebhookCommand.tell(
                    try await store.update(webhook, order.change, of: app, context: .byOperator),
                    "The endpoint is changed."
                )
            }
        }
    }

    /// `token-ledger webhook pause`: sends nothing for now.
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pause",
            abstract: "Send an endpoint nothing until it is resumed.",
            discussion: "Nothing is lost: what happens meanwhile is sent afterwards."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        func run() async throws {
            try await choice.lend(options) { store, webhook, app in
                try WebhookCommand.tell(
                    try await store.pause(webhook, .requested, of: app, context: .byOperator),
                    "The endpoint is paused; token-ledger webhook resume goes on."
                )
            }
        }
    }

    /// `token-ledger webhook resume`: goes on.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "resume",
            abstract: "Go on sending to an endpoint that was paused, where it was left."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        func run() async throws {
            try await choice.lend(options) { store, webhook, app in
                try WebhookCommand.tell(
                    try await store.resume(webhook, of: app, context: .byOperator),
                    "The endpoint is sent what has waited, and what comes."
                )
            }
        }
    }

    /// `token-ledger webhook remove`: ends it.
    struct Remove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove",
            abstract: "Send an endpoint nothing any more, for good."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        func run() async throws {
            try WebhookCommand.tell(
                try await choice.remove(options),
                "The endpoint is removed."
            )
        }
    }

    private static func tell(_ outcome: AdministrationOutcome, _ sentence: String) throws {
        switch outcome {
        case .written: Terminal.message(sentence)
        case .unchanged: Terminal.message("The endpoint is so already; nothing was written.")
        case .conflict: throw WebhookChoice.conflict
        }
    }
}

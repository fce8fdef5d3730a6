import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Vault
import Webhooks

extension WebhookCommand {
    /// `token-ledger webhook add`: has an app's events sent somewhere.
    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract:
                "Have an app's events sent to a URL, and print the secret of their signatures.",
            discussion: """
                Works on the database as the service does. What happens from now on is sent, by the \
                specification of Standard Webhooks (docs/integrator.md, "Webhooks"). The secret is \
                never shown again.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(name: .customLong("app"), help: "The clientId of the app.")
        var clientID: String

        @Argument(help: "Where to send them: an https URL.")
        var url: String

        @OptionGroup var webhook: WebhookOptions

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let settings = try await options.settings()
            let order = try webhook.order(url, try WebhookAddresses(settings))
            let opened = try await OpenedStore.open(options)
            defer { opened.close() }
            guard let app = try await opened.store.app(clientID: clientID) else {
                throw CommandError("There is no app \(clientID); token-ledger app list shows all.")
            }
            guard let definition = order.definition,
                let made = try await opened.store.add(definition, of: app, context: .byOperator)
            else {
                throw CommandError(
                    "The app has \(WebhookLimits.endpointsMax) endpoints, as many as it may; "
                        + "token-ledger webhook remove removes one."
                )
            }
            guard !json else {
                Terminal.result { made.write(to: &$0, withSecret: true) }
                return
            }
            Terminal.result(made.definition.signings[0].secret.text.exposed)
            Terminal.message(
                "The endpoint \(made.id) is sent what happens from now on. Keep the secret now: it is "
                    + "not shown again. token-ledger webhook test \(made.id) tries it."
            )
        }
    }

    /// `token-ledger webhook rotate-secret`: gives an endpoint a new one.
    struct RotateSecret: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-secret",
            abstract: "Give an endpoint a new secret, and print it.",
            discussion: """
                Messages bear two signatures meanwhile, of the new secret and of the old one, so that \
                the receiver can change in its own time.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        @Option(
            help: ArgumentHelp(
                "For how long the old one is used beside it: 24h unless given, 7d at most.",
                valueName: "span"
            )
        )
        var overlap = TimeSpan(seconds: WebhookLimits.usualOverlapSeconds)

        @Flag(help: "Print one JSON document.")
        var json = false

        func validate() throws {
            guard overlap.seconds <= WebhookLimits.overlapSecondsMax else {
                throw ValidationError("--overlap is 7d at most.")
            }
        }

        func run() async throws {
            try await choice.lend(options) { store, webhook, app in
                let rotated = try await store.rotateSecret(
                    of: webhook,
                    overlapSeconds: overlap.seconds,
                    of: app,
                    context: .byOperator
                )
                guard let rotated else { throw WebhookChoice.conflict }
                guard !json else {
                    Terminal.result { rotated.write(to: &$0, withSecret: true) }
                    return
                }
                Terminal.result(rotated.definition.signings[0].secret.text.exposed)
                Terminal.message("Keep it now: it is not shown again.")
            }
        }
    }
}

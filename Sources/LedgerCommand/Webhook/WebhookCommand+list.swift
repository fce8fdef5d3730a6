import ArgumentParser
import Ledger
import LedgerStore
import Webhooks
import Wire

extension WebhookCommand {
    /// `token-ledger webhook list`: shows endpoints, and never a secret.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show the endpoints of an app, or of all.",
            discussion: "Works on the database as the service does."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(name: .customLong("app"), help: "Only those of the app with this clientId.")
        var clientID: String?

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            defer { opened.close() }
            var apps = try await opened.store.apps()
            if let clientID {
                apps = apps.filter { $0.clientID == clientID }
                guard !apps.isEmpty else {
                    throw CommandError(
                        "There is no app \(clientID); token-ledger app list shows all."
                    )
                }
            }
            var found: [(app: String, webhook: StoredWebhook)] = []
            for app in apps {
                let list = try await opened.store.webhooks(of: app)
                found += list.opened.map { (app.clientID, $0) }
                for id in list.damaged {
                    Terminal.message(
                        "The endpoint \(id) of \(app.clientID) is damaged: nobody with the "
                            + "deployment's keys made it, and it is sent nothing. "
                            + "token-ledger webhook remove takes it away."
                    )
                }
            }
            guard json else {
                Self.show(found)
                return
            }
            Terminal.result { writer in
                writer.openArray()
                for (_, webhook) in found {
                    writer.element()
                    webhook.write(to: &writer)
                }
                writer.closeArray()
            }
        }

        private static func show(_ found: [(app: String, webhook: StoredWebhook)]) {
            guard !found.isEmpty else {
                Terminal.message("There is no endpoint; token-ledger webhook add makes one.")
                return
            }
            Terminal.result(
                TextTable.rows(
                    [["ENDPOINT", "APP", "STATE", "LABEL", "TYPES", "URL"]]
                        + found.map { app, webhook in
                            let types = webhook.definition.types
                            return [
                                "\(webhook.id)", app,
                                webhook.pauseReason.map { "paused: \($0.rawValue)" } ?? "active",
                                webhook.definition.label ?? "-",
                                types.isEmpty ? "all" : types.joined(separator: ","),
                                webhook.definition.url,
                            ]
                        }
                )
            )
        }
    }

    /// `token-ledger webhook deliveries`: shows what an endpoint was sent.
    struct Deliveries: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "deliveries",
            abstract: "Show what an endpoint was sent, and what came of it, the newest first.",
            discussion: "What has ended is kept for 30 days."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        @Option(help: "Only those that are pending, delivered or failed.")
        var state: WebhookDelivery.State?

        @OptionGroup var list: ListLimit

        @Flag(help: "Print one JSON document, with every attempt.")
        var json = false

        func run() async throws {
            try await choice.lend(options) { store, webhook, _ in
                let found = try await store.deliveries(
                    to: webhook.id,
                    state: state,
                    limit: list.limit
                )
                guard json else {
                    Self.show(found, isOfSeveral: store.logs.pairs > 1)
                    return
                }
                Terminal.result { writer in
                    writer.openArray()
                    for delivery in found {
                        writer.element()
                        delivery.write(to: &writer)
                    }
                    writer.closeArray()
                }
            }
        }

        /// `isOfSeveral` says that there are several logs, so that a position is one of the log beside it.
        private static func show(_ found: [WebhookDelivery], isOfSeveral: Bool) {
            guard !found.isEmpty else {
                Terminal.message("There is no such delivery to this endpoint.")
                return
            }
            let log = isOfSeveral ? ["LOG"] : []
            let head =
                ["DELIVERY", "KIND", "STATE"] + log
                + ["POSITION", "TYPE", "ATTEMPTS", "LAST", "NEXT"]
            Terminal.result(
                TextTable.rows(
                    [head]
                        + found.map { delivery in
                            let last = delivery.attempts.last
                            let log = isOfSeveral ? [delivery.log?.ownName ?? "-"] : []
                            return [
                                "\(delivery.id)", delivery.kind.rawValue, delivery.state.rawValue,
                            ] + log + [
                                delivery.position.map { "\($0)" } ?? "-", delivery.type,
                                "\(delivery.attemptCount)",
                                last.map { attempt in
                                    attempt.outcome.rawValue
                                        + (attempt.status.map { " \($0)" } ?? "")
                                } ?? "-",
                                delivery.nextAttemptAt.map { "\($0)" } ?? "-",
                            ]
                        }
                )
            )
        }
    }
}

extension WebhookDelivery.State: ExpressibleByArgument {}

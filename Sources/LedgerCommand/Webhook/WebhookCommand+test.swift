import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Webhooks

extension WebhookCommand {
    /// `token-ledger webhook test`: tries an endpoint.
    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Have the service send an endpoint a message that tries it.",
            discussion: """
                The message has the type webhook.test. It is sent once, also to an endpoint that is \
                paused, by a service that runs.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        @Flag(help: "Print one JSON document.")
        var json = false

        /// Longer than an attempt, and the looks before it, take.
        private static let timeMax: Duration = .seconds(30)
        private static let pause: Duration = .milliseconds(200)

        func run() async throws {
            try await choice.lend(options) { store, webhook, app in
                let asked = try WebhookChoice.asked(
                    try await store.test(webhook, of: app, context: .byOperator)
                )
                let test = try await Self.wait(for: asked, store)
                if json { Terminal.result { test.write(to: &$0) } }
                guard let attempt = test.attempts.last else {
                    throw CommandError("Nothing was sent so far: does a service run?")
                }
                let words =
                    attempt.outcome.rawValue + (attempt.status.map { " (\($0))" } ?? "")
                    + " after \(attempt.milliseconds) ms"
                guard test.state == .delivered else {
                    throw CommandError("The endpoint did not take it: \(words).")
                }
                if !json { Terminal.result(words) }
            }
        }

        private static func wait(
            for asked: WebhookDelivery,
            _ store: LedgerStore
        ) async throws -> WebhookDelivery {
            let until = ContinuousClock.now + timeMax
            var test = asked
            while test.state == .pending, .now < until {
                try await Task.sleep(for: pause)
                test = try await store.delivery(asked.id, to: asked.endpoint) ?? test
            }
            return test
        }
    }

    /// `token-ledger webhook replay`: sends something once more.
    struct Replay: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "replay",
            abstract: "Have an endpoint sent once more what it was sent, or should have been.",
            discussion: """
                Messages keep their webhook-id, are signed with the secret of now, and are sent once \
                each, also to an endpoint that is paused. What the endpoint has yet to be sent is not \
                touched.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: WebhookChoice

        @Option(help: "One delivery, as webhook deliveries shows it.")
        var delivery: String?

        @Option(
            name: .customLong("from"),
            help: ArgumentHelp("The first position of the log.", valueName: "position")
        )
        var first: Int64?

        @Option(
            name: .customLong("until"),
            help: ArgumentHelp("The position behind the last.", valueName: "position")
        )
        var end: Int64?

        @Option(
            help: """
                Which log of facts the positions are of, such as facts-1; named where there are several.
                """,
            transform: LogChoice.reading(.facts)
        )
        var log: LogChoice?

        func validate() throws {
            guard delivery == nil || log == nil else {
                throw ValidationError("--log goes with --from; a delivery is of one log.")
            }
            switch (delivery, first, end) {
            case (.some, nil, nil): break
            case (nil, let first?, let end?):
                guard 0 <= first, first < end,
                    end - first <= WebhookLimits.replayPositionsMax
                else {
                    throw ValidationError(
                        "--from must be smaller than --until, by "
                            + "\(WebhookLimits.replayPositionsMax) at most."
                    )
                }
            default:
                throw ValidationError("Say what: --delivery, or --from with --until.")
            }
        }

        func run() async throws {
            try await choice.lend(options) { store, webhook, app in
                let stretch = try await stretch(store, webhook)
                let ask = try await store.replay(
                    stretch.positions,
                    in: stretch.log,
                    to: webhook,
                    takesAllTypes: delivery != nil,
                    of: app,
                    context: .byOperator
                )
                _ = try WebhookChoice.asked(ask)
                Terminal.message(
                    "The service sends it now; token-ledger webhook deliveries shows what comes of it."
                )
            }
        }

        private func stretch(
            _ store: LedgerStore,
            _ webhook: StoredWebhook
        ) async throws -> (log: Log, positions: Range<Int64>) {
            if let delivery {
                guard let id = Identifier(delivery),
                    let found = try await store.delivery(id, to: webhook.id)
                else {
                    throw CommandError(
                        "There is no delivery \(delivery); token-ledger webhook deliveries shows all."
                    )
                }
                guard let log = found.log, let position = found.position else {
                    throw CommandError("A test is not replayed: send another one.")
                }
                return (log, position..<position + 1)
            }
            let log = try store.logs.one(log ?? LogChoice(.facts))
            let size = try await store.size(log: log)
            guard let first, let end, end <= size else {
                throw CommandError("The log \(log.name) has \(size) positions.")
            }
            return (log, first..<end)
        }
    }
}

import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Logging
import Synchronization
import Vault
import Webhooks
import Wire

extension WebhookCommand {
    /// `token-ledger webhook listen`: for developers.
    struct Listen: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "listen",
            abstract: "Follow events, and post them to a program on this machine as webhooks.",
            discussion: """
                Asks a running service, with an API key that has the scope events:read, so nothing has \
                to be reachable from outside and no endpoint is added. The messages are signed with a \
                secret that is printed first. One that is not taken is told, and not sent again. \
                Ctrl-C ends it.
                """
        )

        @Option(help: ArgumentHelp("Where the service is.", valueName: "origin"))
        var url: String

        @Option(
            name: .customLong("key-file"),
            help: "A file with the API key, that only its owner may read."
        )
        var keyFile: String

        @Option(
            name: .customLong("forward-to"),
            help: ArgumentHelp("Where to post them, on this machine.", valueName: "url")
        )
        var receiver: String

        @Option(
            name: .customLong("secret-file"),
            help: "A file with the secret to sign with; otherwise a new one each time."
        )
        var secretFile: String?

        @OptionGroup var selection: EventSelection

        func validate() throws {
            guard selection.conditions.log.kind == .facts else {
                throw ValidationError("Webhooks tell of logs of facts only.")
            }
        }

        func run() async throws {
            let secret = try self.secret()
            let receiver: WebhookURL
            do {
                receiver = try WebhookURL(self.receiver)
            } catch {
                throw CommandError("--forward-to is no URL to post to: \(error).")
            }
            let lookup = HostLookup()
            let forward = ForwardedEvents(
                receiver: receiver,
                secret: secret,
                // A developer's program is on this machine, and nowhere else.
                sender: WebhookSender(
                    addresses: try WebhookAddresses(networks: "127.0.0.0/8,::1/128"),
                    lookUp: { try await lookup.address(of: $0, for: nil) }
                )
            )
            let tail = TailedService(
                url: try ServiceAddress(url).text + "/v1/events/tail?" + selection.query,
                key: try ServiceAddress.key(inFile: keyFile),
                take: { await forward.take($0) }
            )
            let logger = try ProgramLog.start(level: nil, default: .error)
            Terminal.result(secret.text.exposed)
            Terminal.message(
                "Messages are signed with this secret, and posted to \(self.receiver)."
            )
            try await ServiceRunner.run(
                [
                    ServiceRunner.work {
                        do {
                            try await tail.run()
                        } catch {
                            await forward.close()
                            await lookup.close()
                            throw error
                        }
                        await forward.close()
                        await lookup.close()
                    }
                ],
                logger: logger
            )
        }

        private func secret() throws -> WebhookSecret {
            guard let secretFile else { return WebhookSecret() }
            guard let secret = WebhookSecret(try Settings.secret(inFile: secretFile).exposed) else {
                throw CommandError("The file \(secretFile) holds no secret of webhooks (whsec_…).")
            }
            return secret
        }
    }
}

/// Events of a service, posted to a program on this machine as they come.
struct ForwardedEvents: Sendable {
    let receiver: WebhookURL
    let secret: WebhookSecret
    let sender: WebhookSender

    private static let depthMax = 16

    /// Posts one event, and tells what came of it.
    func take(_ data: String) async -> Bool {
        guard let entry = try? JSONParser.parse(Array(data.utf8), depthMax: Self.depthMax),
            let event = entry["event"], case .number(let spelling)? = entry["position"],
            let position = Int64(spelling), entry["forged"] == nil,
            let record = try? Record(decoding: event.encoded)
        else { return true }
        let log = entry["log"]?.text.flatMap { Log(name: $0) } ?? .facts
        let message = WebhookMessage(record, bytes: event.encoded, at: position, of: log)
        let time = EventClock().now()
        let answer: WebhookAnswer
        if let refusal = await sender.prepare(receiver) {
            answer = WebhookAnswer(refusal)
        } else {
            answer = await sender.send(message, to: receiver, secrets: [secret], at: time)
        }
        let words = answer.outcome.rawValue + (answer.status.map { " \($0)" } ?? "")
        let place = (log.pair > 0 ? "\(log.name):" : "") + "\(position)"
        return TailedService.show("\(place)  \(record.event.type)  \(words)")
    }

    /// Closes the connections.
    func close() async { await sender.close() }
}

import ArgumentParser
import LedgerStack
import Logging
import MerkleLog
import ServiceLifecycle
import Witness

/// `token-ledger witness`: signs other ledgers' checkpoints, each only as the continuation of the
/// one before.
struct WitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Cosign the checkpoints of other ledgers (C2SP tlog-witness).",
        subcommands: [Run.self, Key.self],
        defaultSubcommand: Run.self
    )

    /// Who signs.
    struct Identity: ParsableArguments {
        @Option(help: "The witness's name, like a URL without its scheme: example.com/w1.")
        var name: String

        @Option(
            name: .customLong("key-file"),
            help: """
                A file with the witness's secret key, 64 hexadecimal digits, that only its owner \
                may read: openssl rand -hex 32. A key serves one name and no log.
                """
        )
        var keyFile: String

        func cosigner() throws -> Cosigner { try Cosigner(name: name, file: keyFile) }
    }

    /// `token-ledger witness key`: what the policy of a ledger names.
    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "key",
            abstract: "Print the verifier key of the witness (C2SP signed-note)."
        )

        @OptionGroup var identity: Identity

        func run() async throws {
            Terminal.result(try identity.cosigner().key.description)
        }
    }

    /// The witness itself, the command's usual meaning.
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run",
            abstract: "Run the witness.",
            discussion: """
                Takes checkpoints at POST /add-checkpoint, without TLS: a proxy in front has that. \
                What was signed last stands in the state folder; who loses it must not go on under \
                the same key. SIGTERM and SIGINT end it after the requests under way.
                """
        )

        private static let usualPort = 8070

        @OptionGroup var identity: Identity

        @Option(
            name: .customLong("state-folder"),
            help: "Where the last checkpoint of each log is kept; made when missing."
        )
        var stateFolder: String

        @Option(
            help: ArgumentHelp(
                "A log to sign for, once per log; from token-ledger checkpoint key --log ….",
                valueName: "name+id+base64"
            )
        )
        var log: [String]

        @Option(help: "The address to listen on (TOKEN_LEDGER_HOST).")
        var host: String?

        @Option(help: "The port to listen on, 0 for any (TOKEN_LEDGER_PORT).")
        var port: Int?

        @Option(
            name: .customLong("log-level"),
            help: "trace, debug, info, notice, warning or error."
        )
        var logLevel: String?

        func run() async throws {
            let settings = try await Settings.load(flags: [
                .host: host, .port: port.map(String.init), .logLevel: logLevel,
            ])
            let logger = try ProgramLog.start(level: settings.text(.logLevel))
            let cosigner = try identity.cosigner()
            let host = try settings.text(.host) ?? ServeOptions.usualHost
            let server = WitnessServer(
                witness: try CheckpointWitness(
                    cosigner: cosigner,
                    logs: try logs(),
                    folder: try WitnessFolder(path: stateFolder)
                ),
                host: host,
                port: try settings.port(.port) ?? Self.usualPort,
                logger: logger
            )
            let service = server.service { port in
                Terminal.result(cosigner.key.description)
                Terminal.message(
                    "The witness \(cosigner.key.name) is at \(PublicURL.shown(host, port))"
                )
            }
            try await ServiceRunner.run([ServiceRunner.server("witness", service)], logger: logger)
        }

        private func logs() throws -> [VerifierKey] {
            var keys: [VerifierKey] = []
            for text in log {
                let key: VerifierKey
                do {
                    key = try VerifierKey(text)
                } catch {
                    throw CommandError("--log \(text): \(error).")
                }
                guard key.type == .ed25519 else {
                    throw CommandError("--log \(text): a witness's key is not a log's.")
                }
                guard !keys.contains(key) else {
                    throw CommandError("--log \(text) is there twice.")
                }
                keys.append(key)
            }
            return keys
        }
    }
}

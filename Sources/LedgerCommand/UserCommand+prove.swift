import ArgumentParser
import BoundedClient
import Foundation
import Ledger
import LedgerStack
import MerkleLog
import NIOHTTP1
import StateMap
import Wire

extension UserCommand {
    /// `token-ledger user prove`: gets a file that proves what is current for a user.
    struct Prove: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prove",
            abstract:
                "Get a file that proves what is current for a user, or that there is no such user.",
            discussion: """
                Asks a running service, which keeps the map that is proved from, with an API key that \
                has the scope events:read. token-ledger verify checks the file, offline.
                """
        )

        @Argument(help: ArgumentHelp("The app's own id of the user.", valueName: "clientUserId"))
        var user: String

        @Option(help: ArgumentHelp("Where the service is.", valueName: "origin"))
        var url: String

        @Option(
            name: .customLong("key-file"),
            help: "A file with the API key, that only its owner may read."
        )
        var keyFile: String

        @Option(help: "The file to write; it must not be there yet.")
        var output: String

        private static let jsonDepthMax = 8

        func run() async throws {
            let address = try ServiceAddress(url).text
            let key = try ServiceAddress.key(inFile: keyFile)
            let answer: HTTPAnswer
            do {
                answer = try await HTTPCaller().call(
                    .GET,
                    "\(address)/v1/users/\(HTTPCaller.encoded(user))/proof",
                    key: key.exposed
                )
            } catch {
                throw CommandError("The service cannot be reached: \(type(of: error)).")
            }
            guard answer.status == 200 else {
                let problem = try? JSONParser.parse(answer.body, depthMax: Self.jsonDepthMax)
                let detail = problem?["detail"]?.text ?? "The answer is not one of Token Ledger."
                throw CommandError("The service refuses (\(answer.status)): \(detail)")
            }
            guard let document = try? StateDocument(answer.body) else {
                throw CommandError("The service has answered something that is no proof.")
            }
            do {
                try Data(answer.body).write(
                    to: URL(fileURLWithPath: output),
                    options: .withoutOverwriting
                )
            } catch {
                throw CommandError("\(output) cannot be written, or is there already.")
            }
            let facts = document.proofs.reduce(0) { $0 + $1.statement.facts.size }
            Terminal.message(
                "\(answer.body.count) bytes about the first \(facts) facts. Nothing in it was checked: "
                    + "token-ledger verify \(output) --key … does."
            )
        }
    }
}

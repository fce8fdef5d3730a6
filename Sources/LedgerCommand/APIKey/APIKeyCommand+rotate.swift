import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Wire

extension APIKeyCommand {
    /// `token-ledger api-key rotate`: makes one that takes another one's place.
    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Make a key that takes the place of another one, and print it once.",
            discussion: """
                It has the scopes, networks, client certificates and label of the old one. \
                The old key goes on for the time of the overlap, in which backends change over, and \
                ends then by itself. Where a --client-certificate is named, the new key is bound to what is \
                named, and no more to the old key's certificates.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @OptionGroup var choice: APIKeyChoice

        @Option(
            help: ArgumentHelp(
                "For how long the old key goes on: 0s, 30m, 7d; a day, unless given.",
                valueName: "span"
            )
        )
        var overlap: TimeSpan?

        @Option(
            name: .customLong("expires"),
            help: ArgumentHelp(
                "When the new key ends: 90d, an RFC 3339 time, or never. Needed if the old one ends.",
                valueName: "when"
            )
        )
        var end: KeyEnd?

        @OptionGroup var certificates: ClientCertificateFiles

        @Flag(help: "Print one JSON document.")
        var json = false

        private static let usualOverlap = TimeSpan(seconds: 24 * 3600)

        func validate() throws {
            try end?.check("--expires")
        }

        func run() async throws {
            let clientCertificates = try certificates.thumbprints()
            let opened = try await OpenedStore.open(options, asOwner: true)
            defer { opened.close() }
            let (old, app) = try await choice.livingKey(opened.store)
            // Nobody may be surprised by a key that lives for ever, nor by one that ends.
            if let expiresAt = old.expiresAt, end == nil {
                throw CommandError(
                    "The API key \(old.id) ends at \(expiresAt); say when the new one does: "
                        + "--expires 90d, or --expires never."
                )
            }
            let now = opened.store.clock.now()
            let rotated = try await opened.store.rotate(
                old,
                endingAt: (overlap ?? Self.usualOverlap).end(after: now),
                clientCertificates: clientCertificates,
                expiresAt: end?.time(after: now),
                of: app,
                context: .byOperator,
                owner: opened.databases.first
            )
            guard let (issued, ended) = rotated else { throw APIKeyChoice.conflict }
            let end = ended.expiresAt.map { "\($0)" } ?? ""
            guard json else {
                Terminal.result(issued.secret.exposed)
                Terminal.message(
                    "Keep it now: only its hash is stored. Its id is \(issued.id). "
                        + "The old key \(old.id) ends at \(end)."
                )
                return
            }
            let members = issued.members(clientID: app.clientID)
            Terminal.result(.object(members + [.init("replaced_expires_at", .string(end))]))
        }
    }
}

import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Vault
import Wire

extension APIKeyCommand {
    /// `token-ledger api-key create`: makes one.
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "create",
            abstract: "Make an API key and print it; it is never shown again.",
            discussion: "Scopes: "
                + Scope.allCases.map(\.rawValue).joined(separator: ", ") + ", or all."
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(name: .customLong("app"), help: "The clientId of the app.")
        var clientID: String

        @Option(name: .customLong("scope"), help: "What the key may be used for; repeatable.")
        var scopeNames: [String]

        @Option(help: "What people call the key; it does not stand in the log.")
        var label: String?

        @Option(
            name: .customLong("expires"),
            help: ArgumentHelp(
                "When the key ends: 90d, 12h, an RFC 3339 time; never, unless given.",
                valueName: "when"
            )
        )
        var end: KeyEnd?

        @Option(
            name: .customLong("network"),
            help: ArgumentHelp(
                "From where alone the key may be used, such as 192.0.2.0/24; repeatable.",
                valueName: "cidr"
            )
        )
        var networkTexts: [String] = []

        @OptionGroup var certificates: ClientCertificateFiles

        @Flag(name: .customLong("test"), help: "Make a tl_test_ key rather than a tl_live_ one.")
        var isTest = false

        @Flag(help: "Print one JSON document.")
        var json = false

        private static let networksMax = 100

        func validate() throws {
            _ = try scopes()
            _ = try networks()
            try end?.check("--expires")
            if let label, !isLabel(label) {
                throw ValidationError("A label has 1 to 100 characters, and no control characters.")
            }
        }

        func run() async throws {
            let clientCertificates = try certificates.thumbprints()
            let opened = try await OpenedStore.open(options, asOwner: true)
            guard let app = try await opened.store.app(clientID: clientID) else {
                throw CommandError("There is no app \(clientID); token-ledger app list shows all.")
            }
            let issued = try await opened.store.createAPIKey(
                of: app,
                NewAPIKey(
                    scopes: try scopes(),
                    isTest: isTest,
                    label: label,
                    networks: try networks(),
                    clientCertificates: clientCertificates,
                    expiresAt: end?.time(after: opened.store.clock.now())
                ),
                context: .byOperator,
                owner: opened.databases.first
            )
            opened.close()
            guard json else {
                Terminal.result(issued.secret.exposed)
                Terminal.message("Keep it now: only its hash is stored. Its id is \(issued.id).")
                return
            }
            Terminal.result(.object(issued.members(clientID: clientID)))
        }

        private func scopes() throws -> [Scope] {
            guard !scopeNames.isEmpty else { throw ValidationError("A --scope is needed.") }
            if scopeNames.contains("all") { return Scope.allCases }
            let named = try scopeNames.map { name in
                guard let scope = Scope(rawValue: name) else {
                    let names = Scope.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("There is no scope \(name). There are: \(names), all.")
                }
                return scope
            }
            return Scope.allCases.filter { named.contains($0) }
        }

        private func networks() throws -> [IPNetwork] {
            guard networkTexts.count <= Self.networksMax else {
                throw ValidationError("A key has at most \(Self.networksMax) networks.")
            }
            return try networkTexts.map { text in
                do {
                    return try IPNetwork(text)
                } catch {
                    throw ValidationError("\(text) is no network: \(error).")
                }
            }
        }

        private func isLabel(_ text: String) -> Bool {
            (1...100).contains(text.unicodeScalars.count)
                && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
        }
    }
}

import ArgumentParser
import Ledger
import LedgerStack
import LedgerStore
import Vault
import Wire

/// `token-ledger api-key`: the keys of an app's backends.
struct APIKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "api-key",
        abstract: "The keys of an app's backends.",
        subcommands: [Create.self]
    )

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

        @Flag(name: .customLong("test"), help: "Make a tl_test_ key rather than a tl_live_ one.")
        var isTest = false

        @Flag(help: "Print one JSON document.")
        var json = false

        func validate() throws {
            _ = try scopes()
        }

        func run() async throws {
            let scopes = try scopes()
            let opened = try await OpenedStore.open(options, asOwner: true)
            guard let app = try await opened.store.app(clientID: clientID) else {
                throw CommandError("There is no app \(clientID); token-ledger app list shows all.")
            }
            let key = try await opened.store.createAPIKey(
                of: app,
                scopes: scopes,
                isTest: isTest,
                context: .byOperator,
                owner: opened.configuration
            )
            opened.close()
            guard json else {
                Terminal.result(key.secret.exposed)
                Terminal.message("Keep it now: only its hash is stored.")
                return
            }
            Terminal.result([
                "id": .string(key.id), "key": .string(key.secret.exposed),
                "scopes": .array(scopes.map { .string($0.rawValue) }),
            ])
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
    }
}

import ArgumentParser
import Ledger
import LedgerStore
import Wire

extension APIKeyCommand {
    /// `token-ledger api-key list`: shows all, and never a key itself.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Show API keys, and when they were used last.",
            discussion: """
                Works on the database as the service does. When a key was used last may be half a \
                minute behind.
                """
        )

        @OptionGroup var options: ServiceDatabaseOptions

        @Option(name: .customLong("app"), help: "Only keys of the app with this clientId.")
        var clientID: String?

        @Flag(help: "Print one JSON document.")
        var json = false

        func run() async throws {
            let opened = try await OpenedStore.open(options)
            defer { opened.close() }
            var app: StoredApp?
            if let clientID {
                app = try await opened.store.app(clientID: clientID)
                guard app != nil else {
                    throw CommandError(
                        "There is no app \(clientID); token-ledger app list shows all."
                    )
                }
            }
            let keys = try await opened.store.apiKeys(of: app)
            guard json else {
                Self.show(keys, at: opened.store.clock.now())
                return
            }
            Terminal.result(
                .array(
                    keys.map { listed in
                        .object(
                            listed.key.members(clientID: listed.clientID) + [
                                .init(
                                    "last_used_at",
                                    .string(orNull: listed.lastUsedAt?.description)
                                )
                            ]
                        )
                    }
                )
            )
        }

        private static func show(_ keys: [ListedAPIKey], at now: Timestamp) {
            guard !keys.isEmpty else {
                Terminal.message("There is no API key; token-ledger api-key create makes one.")
                return
            }
            let head = [
                "ID", "APP", "STATE", "CREATED", "LAST USED", "LABEL", "NETWORKS", "CERTIFICATES",
                "SCOPES",
            ]
            Terminal.result(
                TextTable.rows(
                    [head]
                        + keys.map { listed in
                            let key = listed.key
                            return [
                                key.id, listed.clientID, key.state(at: now), day(key.createdAt),
                                listed.lastUsedAt.map { "\($0)" } ?? "never", key.label ?? "-",
                                key.networks.isEmpty
                                    ? "all"
                                    : key.networks.map(\.description).joined(separator: ","),
                                key.clientCertificates.isEmpty
                                    ? "none"
                                    : key.clientCertificates.map(\.description)
                                        .joined(separator: ","),
                                key.scopes.joined(separator: ","),
                            ]
                        }
                )
            )
        }

        private static func day(_ time: Timestamp) -> String { String("\(time)".prefix(10)) }
    }
}

extension StoredAPIKey {
    /// Its life in few words.
    fileprivate func state(at now: Timestamp) -> String {
        if let revokedAt { return "revoked \(revokedAt)" }
        guard let expiresAt else { return "valid" }
        return expiresAt <= now ? "expired \(expiresAt)" : "valid until \(expiresAt)"
    }
}

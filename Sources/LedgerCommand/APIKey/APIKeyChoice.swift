import ArgumentParser
import Ledger
import LedgerStore
import Vault

/// The key that a command is about.
struct APIKeyChoice: ParsableArguments {
    @Argument(help: "The key's id, as api-key list shows it.")
    var id: String

    @Option(name: .customLong("app"), help: "The clientId of the app that the key must belong to.")
    var clientID: String?

    static let conflict = CommandError(
        "The API key was changed meanwhile; nothing was written. Look at it and try again."
    )

    func validate() throws {
        if let key = APIKey(id) {
            throw ValidationError(
                "This is the key itself, which your shell may remember. Name it by its id: \(key.id)."
            )
        }
    }

    /// The key, and its app.
    func key(_ store: LedgerStore) async throws -> (StoredAPIKey, StoredApp) {
        guard let key = try await store.apiKey(id), let app = try await store.app(key.app) else {
            throw CommandError("There is no API key \(id); token-ledger api-key list shows all.")
        }
        guard clientID == nil || clientID == app.clientID else {
            throw CommandError("The API key \(id) belongs to the app \(app.clientID).")
        }
        return (key, app)
    }

    /// The same for a key that has not ended.
    func livingKey(_ store: LedgerStore) async throws -> (StoredAPIKey, StoredApp) {
        let (key, app) = try await key(store)
        let next = "token-ledger api-key create makes another."
        if let revokedAt = key.revokedAt {
            throw CommandError("The API key \(id) was revoked at \(revokedAt); \(next)")
        }
        if let expiresAt = key.expiresAt, !key.isValid(at: store.clock.now()) {
            throw CommandError("The API key \(id) expired at \(expiresAt); \(next)")
        }
        return (key, app)
    }
}

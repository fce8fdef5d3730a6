internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// Who calls: an API key, and the app it belongs to.
struct Caller: Sendable {
    let app: StoredApp
    let keyID: String
    private let scopes: Set<String>

    /// Reads the key of a request and asks for one of its scopes.
    init(
        _ request: Request,
        scope: Scope,
        store: LedgerStore
    ) async throws(LedgerError) {
        guard let header = request.headers[.authorization], header.hasPrefix("Bearer ") else {
            throw .unauthenticated
        }
        do {
            guard let key = try await store.authenticate(String(header.dropFirst(7))),
                let app = try await store.app(key.app)
            else { throw LedgerError.unauthenticated }
            guard key.scopes.contains(scope.rawValue) else {
                throw LedgerError.insufficientScope(scope)
            }
            self.app = app
            keyID = key.id
            scopes = key.scopes
        } catch {
            throw LedgerError(error)
        }
    }

    /// Whether the key has a further scope, for answers that say more to those who may read more.
    func has(_ scope: Scope) -> Bool { scopes.contains(scope.rawValue) }
}

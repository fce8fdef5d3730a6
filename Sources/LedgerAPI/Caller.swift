internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// Who calls: an API key, and the app it belongs to.
struct Caller: Sendable {
    let app: StoredApp
    let keyID: String
    private let scopes: [String]
    private let vault: Vault
    private let secret: Secret

    /// Reads the key of a request, asks for one of its scopes, and counts the call.
    // Swift 6.3.1 with optimization breaks the heap where it inlines this into another asynchronous
    // function: `bench proof` ended with "double free". As a call it is right.
    @inline(never)
    init(
        _ request: Request,
        _ context: LedgerRequestContext,
        scope: Scope,
        store: LedgerStore
    ) async throws(LedgerError) {
        do {
            guard let secret = Self.bearer(request) else {
                try context.meter.countAddress()
                throw LedgerError.unauthenticated
            }
            // Who has shown too many keys that are none does not have another one looked up.
            let found = try await store.authenticate(
                secret,
                from: { context.peer },
                admit: { try context.meter.checkAddress() }
            )
            guard case .key(let key) = found, let app = try await store.app(key.app) else {
                try context.meter.countAddress()
                if case .foreignNetwork = found { throw LedgerError.networkRefused }
                throw LedgerError.unauthenticated
            }
            try context.meter.count(key: key.id)
            guard key.scopes.contains(scope.rawValue) else {
                throw LedgerError.insufficientScope(scope)
            }
            self.app = app
            keyID = key.id
            scopes = key.scopes
            vault = store.vault
            self.secret = Secret(secret)
        } catch {
            throw LedgerError(error)
        }
    }

    /// What follows the name of the scheme, which has no case (RFC 9110, section 11.1).
    private static func bearer(_ request: Request) -> String? {
        guard let header = request.headers[.authorization] else { return nil }
        let blank = UInt8(ascii: " ")
        let parts = header.utf8.split(separator: blank, maxSplits: 1)
        guard parts.count == 2, Substring(parts[0]).lowercased() == "bearer" else { return nil }
        return String(Substring(parts[1].drop { $0 == blank }))
    }

    /// Whether the key still opens what it opened from there, for answers that last.
    func isValid(_ store: LedgerStore, from peer: IPAddress?) async throws -> Bool {
        let found = try await store.authenticate(secret.exposed, from: { peer })
        guard case .key(let key) = found else { return false }
        return key.app == app.id && key.scopes == scopes
    }

    /// What a record may say of the trace that a request belongs to.
    func recordedTrace(_ sent: String) -> String? { vault.traceparent(sent, app: app.id) }

    /// Whether the key has a further scope, for answers that say more to those who may read more.
    func has(_ scope: Scope) -> Bool { scopes.contains(scope.rawValue) }
}

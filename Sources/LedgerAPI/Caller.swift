internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Traces
internal import Vault

/// What somebody shows to be known by.
enum Credential: Sendable {
    /// An API key.
    case key(Secret)
    /// The cookie of the console, which stands for a key.
    case session(ConsoleSession)

    /// The API key of a request: what follows the name of the scheme, which has no case (RFC 9110,
    /// section 11.1).
    init?(bearerOf request: Request) {
        guard let header = request.headers[.authorization] else { return nil }
        let blank = UInt8(ascii: " ")
        guard let end = header.utf8.firstIndex(of: blank),
            header[..<end].lowercased() == "bearer"
        else { return nil }
        self = .key(Secret(String(Substring(header.utf8[end...].drop { $0 == blank }))))
    }
}

/// Who calls: an API key, and the app it belongs to.
struct Caller: Sendable {
    let app: StoredApp
    let keyID: String
    private let scopes: [String]
    private let vault: Vault
    private let credential: Credential

    /// Reads the key of a request, asks for one of its scopes, and counts the call.
    @inline(never)
    init(
        _ request: Request,
        _ context: LedgerRequestContext,
        scope: Scope,
        store: LedgerStore
    ) async throws(LedgerError) {
        try await self.init(
            showing: Credential(bearerOf: request),
            context,
            anyOf: [scope],
            store: store
        )
    }

    /// Looks up what is shown, asks for one of these scopes, if there are any, and counts the call.
    // Swift 6.3.1 with optimization breaks the heap where it inlines this into another asynchronous
    // function: `bench proof` ended with "double free". As a call it is right.
    @inline(never)
    init(
        showing credential: Credential?,
        _ context: LedgerRequestContext,
        anyOf wanted: [Scope],
        store: LedgerStore
    ) async throws(LedgerError) {
        do {
            guard let credential else {
                try context.meter.countAddress()
                throw LedgerError.unauthenticated
            }
            // Who has shown too many keys that are none does not have another one looked up.
            let found = try await store.authenticate(
                credential,
                from: { context.peer },
                with: { await context.clientCertificate() },
                admit: { try context.meter.checkAddress() }
            )
            guard case .key(let key) = found, let app = try await store.app(key.app) else {
                try context.meter.countAddress()
                if case .foreignConnection = found { throw LedgerError.networkRefused }
                throw LedgerError.unauthenticated
            }
            context.trace?.trust()
            try context.meter.count(key: key.id)
            if let first = wanted.first,
                !wanted.contains(where: { key.scopes.contains($0.rawValue) })
            {
                throw LedgerError.insufficientScope(first)
            }
            self.app = app
            keyID = key.id
            scopes = key.scopes
            vault = store.vault
            self.credential = credential
        } catch {
            throw LedgerError(error)
        }
    }

    /// Whether the key still opens what it opened from there and with that certificate, for answers that
    /// last.
    func isValid(
        _ store: LedgerStore,
        from peer: IPAddress?,
        with certificate: CertificateThumbprint?
    ) async throws -> Bool {
        let found = try await store.authenticate(
            credential,
            from: { peer },
            with: { certificate }
        )
        guard case .key(let key) = found else { return false }
        return key.app == app.id && key.scopes == scopes
    }

    /// What a record may say of the trace that a request belongs to.
    func recordedTrace(_ context: TraceContext) -> String {
        vault.traceparent(context, app: app.id)
    }

    /// Whether the key has a further scope, for answers that say more to those who may read more.
    func has(_ scope: Scope) -> Bool { scopes.contains(scope.rawValue) }
}

extension LedgerStore {
    /// What somebody is who shows this; `admit` may refuse before the database is asked for a key.
    fileprivate func authenticate(
        _ credential: Credential,
        from address: () -> IPAddress?,
        with certificate: () async -> CertificateThumbprint?,
        admit: () throws -> Void = {}
    ) async throws -> Authentication {
        switch credential {
        case .key(let secret):
            try await authenticate(
                secret.exposed,
                from: address,
                with: certificate,
                admit: admit
            )
        case .session(let session):
            try await authenticate(session, from: address, with: certificate)
        }
    }
}

import LedgerStore

/// How many API keys are good, and how many of them with a client certificate only.
struct BoundKeys {
    let validCount: Int
    let boundCount: Int

    init(_ store: LedgerStore) async throws(StoreError) {
        let now = store.clock.now()
        let valid = try await store.apiKeys().map(\.key).filter { $0.isValid(at: now) }
        validCount = valid.count
        boundCount = valid.count { !$0.clientCertificates.isEmpty }
    }

    /// What to say of them where callers are asked for no certificates; nil where none is bound.
    var refusal: String? {
        guard boundCount > 0 else { return nil }
        return
            "Valid API keys that are bound to client certificates: \(boundCount). Callers are asked "
            + "for none here, so these keys are refused."
    }

    static let nextStep =
        "Set \(Setting.tlsClientCertificates.environmentName)=ask, or have a copy of the service that "
        + "asks called with these keys."
}

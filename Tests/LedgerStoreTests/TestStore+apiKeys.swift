import Ledger
@testable import LedgerStore
import TestSupport
import Vault

extension TestStore {
    /// Makes a key of the test's app.
    func issue(
        label: String? = nil,
        networks: [String] = [],
        clientCertificates: [CertificateThumbprint] = [],
        expiresAt: Timestamp? = nil
    ) async throws -> IssuedAPIKey {
        try await store.createAPIKey(
            of: app,
            NewAPIKey(
                scopes: [.launch, .finish],
                isTest: true,
                label: label,
                networks: networks.map { try IPNetwork($0) },
                clientCertificates: clientCertificates,
                expiresAt: expiresAt
            ),
            context: Self.context,
            owner: owner
        )
    }
}

extension LedgerStore {
    /// Whether a key is good there, from an address and with a certificate.
    func takes(
        _ key: IssuedAPIKey,
        from address: String? = nil,
        with certificate: CertificateThumbprint? = nil
    ) async throws -> Bool {
        let peer = address.flatMap { IPAddress($0) }
        guard
            case .key = try await authenticate(
                key.secret.exposed,
                from: { peer },
                with: { certificate }
            )
        else { return false }
        return true
    }
}

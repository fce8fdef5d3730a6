package import Ledger
package import Vault

/// What an API key shall be made for.
package struct NewAPIKey: Sendable {
    package let scopes: [String]
    /// Whether it begins with `tl_test_`.
    package let isTest: Bool
    package let label: String?
    package let networks: [IPNetwork]
    package let clientCertificates: [CertificateThumbprint]
    package let expiresAt: Timestamp?
    /// The key whose place it takes.
    let replaces: String?

    /// Takes values that the caller has validated.
    package init(
        scopes: [Scope],
        isTest: Bool,
        label: String? = nil,
        networks: [IPNetwork] = [],
        clientCertificates: [CertificateThumbprint] = [],
        expiresAt: Timestamp? = nil
    ) {
        self.scopes = scopes.map(\.rawValue)
        self.isTest = isTest
        self.label = label
        self.networks = networks
        self.clientCertificates = clientCertificates
        self.expiresAt = expiresAt
        replaces = nil
    }

    /// A key like another one, whose place it takes; bound to other certificates, if there are any.
    init(
        replacing key: StoredAPIKey,
        clientCertificates: [CertificateThumbprint],
        expiresAt: Timestamp?
    ) {
        scopes = key.scopes
        isTest = key.isTest
        label = key.label
        networks = key.networks
        self.clientCertificates =
            clientCertificates.isEmpty ? key.clientCertificates : clientCertificates
        self.expiresAt = expiresAt
        replaces = key.id
    }
}

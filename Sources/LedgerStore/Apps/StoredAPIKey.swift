package import Ledger
internal import Postgres
internal import Vault

/// An API key as stored, without the key.
package struct StoredAPIKey: Sendable, Equatable {
    /// Names the key in events and lists.
    package let id: String
    /// The app whose users the key may touch.
    package let app: Identifier
    let hash: [UInt8]
    package let isTest: Bool
    package let scopes: [String]
    /// What people call it, if anything.
    package let label: String?
    /// From where alone it may be used; from everywhere when there are none.
    package let networks: [IPNetwork]
    /// With one of which alone it may be used; without any when there are none.
    package let clientCertificates: [CertificateThumbprint]
    package let createdAt: Timestamp
    package internal(set) var expiresAt: Timestamp?
    package internal(set) var revokedAt: Timestamp?
    /// The key whose place it takes.
    package let replaces: String?

    /// Whether it opens anything at this time.
    package func isValid(at time: Timestamp) -> Bool {
        guard revokedAt == nil else { return false }
        return expiresAt.map { time < $0 } ?? true
    }

    /// Whether it may be used from there, and with the certificate that was shown there.
    ///
    /// An address that is not known is in no network, and a certificate that is not known is none.
    func mayBeUsed(
        from address: () -> IPAddress?,
        with certificate: () async -> CertificateThumbprint?
    ) async -> Bool {
        if !networks.isEmpty {
            guard let address = address(), networks.contains(where: { $0.contains(address) })
            else { return false }
        }
        guard !clientCertificates.isEmpty else { return true }
        guard let certificate = await certificate() else { return false }
        return clientCertificates.contains(certificate)
    }
}

extension StoredAPIKey {
    /// A key that was just made.
    init(_ key: APIKey, of app: Identifier, _ new: NewAPIKey, at time: Timestamp) {
        id = key.id
        self.app = app
        hash = key.hash
        isTest = new.isTest
        scopes = new.scopes
        label = new.label
        networks = new.networks
        clientCertificates = new.clientCertificates
        createdAt = time
        expiresAt = new.expiresAt
        revokedAt = nil
        replaces = new.replaces
    }

    /// Reads the table's columns in their order, those that are lists joined by blanks.
    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        id = try result.text(row, 0)
        app = Identifier(value: try result.uuid(row, 1))
        hash = try result.bytes(row, 2)
        isTest = try result.bool(row, 3)
        scopes = try result.text(row, 4).split(separator: " ").map(String.init)
        label = try result.textOrNil(row, 5)
        var networks: [IPNetwork] = []
        for text in try result.text(row, 6).split(separator: " ") {
            // What is not read must not be passed over: without networks a key is good everywhere.
            guard let network = try? IPNetwork(String(text)) else {
                throw PostgresError.decodingFailed("no network: \(text)")
            }
            networks.append(network)
        }
        self.networks = networks
        var certificates: [CertificateThumbprint] = []
        for text in try result.text(row, 7).split(separator: " ") {
            // Nor this: without certificates a key needs none.
            guard let certificate = CertificateThumbprint(text) else {
                throw PostgresError.decodingFailed("no thumbprint of a certificate: \(text)")
            }
            certificates.append(certificate)
        }
        clientCertificates = certificates
        createdAt = Timestamp(microseconds: try result.timestamptz(row, 8))
        expiresAt = try result.timestamptzOrNil(row, 9).map { Timestamp(microseconds: $0) }
        revokedAt = try result.timestamptzOrNil(row, 10).map { Timestamp(microseconds: $0) }
        replaces = try result.textOrNil(row, 11)
    }

    /// What the log says of its making.
    var event: LedgerEvent.NewAPIKey {
        LedgerEvent.NewAPIKey(
            key: id,
            scopes: scopes,
            networks: Int64(networks.count),
            clientCertificates: clientCertificates.map(\.description),
            expiry: expiresAt,
            replaces: replaces
        )
    }

    /// The key as `ledger.api_key`.
    var row: PostgresRow {
        PostgresRow(
            .text(id),
            .uuid(app.value),
            .bytea(hash),
            .bool(isTest),
            .textArray(scopes),
            .text(label),
            .textArray(networks.map(\.description)),
            .textArray(clientCertificates.map(\.description)),
            .timestamptz(microsecondsSince1970: createdAt.microseconds),
            .timestamptz(microsecondsSince1970: expiresAt?.microseconds),
            .timestamptz(microsecondsSince1970: revokedAt?.microseconds),
            .text(replaces)
        )
    }
}

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

    /// Whether it may be used from there; an address that is not known is in no network.
    func mayBeUsed(from address: () -> IPAddress?) -> Bool {
        guard !networks.isEmpty else { return true }
        guard let address = address() else { return false }
        return networks.contains { $0.contains(address) }
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
        createdAt = Timestamp(microseconds: try result.timestamptz(row, 7))
        expiresAt = try result.timestamptzOrNil(row, 8).map { Timestamp(microseconds: $0) }
        revokedAt = try result.timestamptzOrNil(row, 9).map { Timestamp(microseconds: $0) }
        replaces = try result.textOrNil(row, 10)
    }

    /// What the log says of its making.
    var event: LedgerEvent.NewAPIKey {
        LedgerEvent.NewAPIKey(
            key: id,
            scopes: scopes,
            networks: Int64(networks.count),
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
            .timestamptz(microsecondsSince1970: createdAt.microseconds),
            .timestamptz(microsecondsSince1970: expiresAt?.microseconds),
            .timestamptz(microsecondsSince1970: revokedAt?.microseconds),
            .text(replaces)
        )
    }
}

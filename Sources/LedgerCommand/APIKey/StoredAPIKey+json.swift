import Ledger
import LedgerStore
import Wire

extension StoredAPIKey {
    /// Everything about it that may be shown.
    func members(clientID: String) -> [JSONValue.Member] {
        [
            .init("id", .string(id)), .init("app", .string(clientID)),
            .init("label", .string(orNull: label)),
            .init("scopes", .array(scopes.map { .string($0) })),
            .init("networks", .array(networks.map { .string($0.description) })),
            .init(
                "client_certificates",
                .array(clientCertificates.map { .string($0.description) })
            ),
            .init("created_at", .string(createdAt.description)),
            .init("expires_at", .string(orNull: expiresAt?.description)),
            .init("revoked_at", .string(orNull: revokedAt?.description)),
            .init("replaces", .string(orNull: replaces)),
        ]
    }
}

extension IssuedAPIKey {
    /// The same with the key itself.
    func members(clientID: String) -> [JSONValue.Member] {
        stored.members(clientID: clientID) + [.init("key", .string(secret.exposed))]
    }
}

extension JSONValue {
    /// A text, or null where there is none.
    static func string(orNull text: String?) -> JSONValue { text.map { .string($0) } ?? .null }
}

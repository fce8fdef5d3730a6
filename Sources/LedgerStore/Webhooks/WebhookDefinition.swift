package import Ledger
package import Vault
internal import Wire

/// What decides about an endpoint: where it is, what it is sent, and what that is signed with.
package struct WebhookDefinition: Sendable {
    /// A secret, and until when it is used where another one has taken its place.
    package struct Signing: Sendable {
        package let secret: WebhookSecret
        package let until: Timestamp?
    }

    package var url: String
    /// Which types of events it is sent; empty for all.
    package var types: [String]
    /// Whether the `clientUserId` stands in what it is sent.
    package var namesUser: Bool
    /// What people call it, if anything.
    package var label: String?
    /// The current one first.
    package internal(set) var signings: [Signing]

    /// An endpoint with a new secret.
    package init(url: String, types: [String] = [], namesUser: Bool = false, label: String? = nil) {
        self.url = url
        self.types = types
        self.namesUser = namesUser
        self.label = label
        signings = [Signing(secret: WebhookSecret(), until: nil)]
    }

    /// What the log tells of it.
    package var content: LedgerEvent.Webhook.Content {
        LedgerEvent.Webhook.Content(types: types, namesUser: namesUser)
    }

    /// The secrets that a message of this time is signed with, the current one first.
    package func secrets(at time: Timestamp) -> [WebhookSecret] {
        signings.filter { $0.until.map { time < $0 } ?? true }.map(\.secret)
    }
}

extension WebhookDefinition {
    private static let depthMax = 4

    /// As it is sealed, with the endpoint's name, so that it is taken for no other one.
    func encoded(for endpoint: Identifier) -> Secret {
        var writer = JSONWriter()
        writer.open()
        writer.member("endpoint", endpoint)
        writer.member("url", url)
        writer.member("types", types)
        writer.member("client_user_id", namesUser)
        if let label { writer.member("label", label) }
        writer.key("secrets")
        writer.openArray()
        for signing in signings {
            writer.element()
            writer.open()
            writer.member("secret", signing.secret.text.exposed)
            if let until = signing.until { writer.member("until", until) }
            writer.close()
        }
        writer.closeArray()
        writer.close()
        return Secret(String(decoding: writer.bytes, as: UTF8.self))
    }

    /// Reads what `encoded` wrote for this endpoint; nil for anything else.
    package init?(_ sealed: Secret, for endpoint: Identifier) {
        guard let json = try? JSONParser.parse(sealed.exposedBytes, depthMax: Self.depthMax),
            json["endpoint"]?.text == "\(endpoint)", let url = json["url"]?.text,
            case .array(let types)? = json["types"],
            case .bool(let namesUser)? = json["client_user_id"],
            case .array(let secrets)? = json["secrets"]
        else { return nil }
        self.url = url
        self.types = types.compactMap(\.text)
        self.namesUser = namesUser
        label = json["label"]?.text
        signings = secrets.compactMap { json in
            guard let secret = json["secret"]?.text.flatMap({ WebhookSecret($0) }) else {
                return nil
            }
            return Signing(secret: secret, until: json["until"]?.text.flatMap { Timestamp($0) })
        }
        guard signings.count == secrets.count, !signings.isEmpty else { return nil }
    }
}

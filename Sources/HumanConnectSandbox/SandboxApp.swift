package import Ledger

/// One integrator's app as the sandbox knows it.
package struct SandboxApp: Sendable, Equatable {
    package let clientID: String
    package let clientSecret: Secret
    /// Opens the application API (HTTP Basic, empty password).
    package let appKey: Secret
    package let name: String

    package init(clientID: String, clientSecret: Secret, appKey: Secret, name: String) {
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.appKey = appKey
        self.name = name
    }
}

// The state file holds the sandbox's own invented secrets. The coding is written out here so
// that `Secret` itself cannot be encoded anywhere else.
extension SandboxApp: Codable {
    private enum CodingKeys: String, CodingKey {
        case clientID, clientSecret, appKey, name
    }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            clientID: try values.decode(String.self, forKey: .clientID),
            clientSecret: Secret(try values.decode(String.self, forKey: .clientSecret)),
            appKey: Secret(try values.decode(String.self, forKey: .appKey)),
            name: try values.decode(String.self, forKey: .name)
        )
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(clientID, forKey: .clientID)
        try values.encode(clientSecret.exposed, forKey: .clientSecret)
        try values.encode(appKey.exposed, forKey: .appKey)
        try values.encode(name, forKey: .name)
    }
}

internal import BoundedClient
internal import Wire

/// A user's current tokens, as the service said them just now.
public struct UserTokens: Sendable, Equatable {
    /// Whether the connection works.
    public enum Status: Sendable, Equatable {
        /// As far as anybody knows.
        case connected
        /// The provider refuses the tokens; the next finished launch repairs it.
        case broken(reason: String)
    }

    /// One token of the two kinds.
    public struct Token: Sendable, Equatable {
        /// The token itself.
        public let value: SecretValue
        /// The how manieth of its kind the user has, from 1.
        public let version: Int64
        /// Since when the ledger has it (RFC 3339, UTC).
        public let issuedAt: String
    }

    /// Whether the connection works; the tokens are there in any case.
    public let status: Status
    /// The person's id at the provider, where it is known.
    public let humanID: SecretValue?
    /// What calls to the provider are made with.
    public let accessToken: Token
    /// What opens the popup in edit mode; launches have it in their options.
    public let publicToken: Token

    init(_ answer: HTTPAnswer) throws(LedgerClientError) {
        let json = try LedgerClient.json(answer)
        guard let status = Self.status(json),
            let access = Self.token("access_token", json),
            let publicToken = Self.token("public_token", json)
        else { throw .foreignAnswer(status: answer.status) }
        self.status = status
        humanID = json["human_id"]?.text.map { SecretValue($0) }
        accessToken = access
        self.publicToken = publicToken
    }

    private static func status(_ json: JSONValue) -> Status? {
        switch json["status"]?.text {
        case "connected": .connected
        case "broken": .broken(reason: json["reason"]?.text ?? "other")
        default: nil
        }
    }

    private static func token(_ name: String, _ json: JSONValue) -> Token? {
        guard let value = json[name]?.text,
            case .number(let version)? = json["versions"]?[name], let version = Int64(version),
            let time = json["issued_at"]?[name]?.text
        else { return nil }
        return Token(value: SecretValue(value), version: version, issuedAt: time)
    }
}

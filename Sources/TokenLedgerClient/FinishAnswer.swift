internal import BoundedClient
internal import Wire

/// A finish has brought tokens, and they are stored.
public struct FinishAnswer: Sendable {
    /// The user's public token; the access token is read with `tokens(of:)`.
    public let publicToken: SecretValue
    /// The answer as it came, in JSON, for the page or the mobile SDK that posted the finish.
    public let body: [UInt8]

    init(_ answer: HTTPAnswer) throws(LedgerClientError) {
        let json = try LedgerClient.json(answer)
        guard let token = json["publicToken"]?.text else {
            throw .foreignAnswer(status: answer.status)
        }
        publicToken = SecretValue(token)
        body = answer.body
    }
}

extension FinishAnswer: CustomStringConvertible, CustomReflectable {
    /// That it is there, without the token.
    public var description: String { "finished" }
    /// Nothing to look at.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}

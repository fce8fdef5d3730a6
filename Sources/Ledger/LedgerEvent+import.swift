internal import Wire

extension LedgerEvent {
    /// The tokens of a user that another system held until now
    /// (docs/decisions/0059-tokens-of-another-system.md).
    package struct TakenOver: Sendable, Equatable {
        package let human: Fingerprint
        package let accessToken: IssuedToken
        package let publicToken: IssuedToken

        package init(human: Fingerprint, accessToken: IssuedToken, publicToken: IssuedToken) {
            self.human = human
            self.accessToken = accessToken
            self.publicToken = publicToken
        }
    }

    /// The tokens that the event brought, or named again.
    package var issuedTokens: [IssuedToken] {
        switch self {
        case .accessTokenRotated(let token, _), .publicTokenRotated(let token, _),
            .publicTokenRecovered(let token, _):
            [token]
        case .tokensImported(let tokens): [tokens.accessToken, tokens.publicToken]
        default: []
        }
    }
}

extension LedgerEvent.TakenOver {
    func write(to writer: inout JSONWriter) {
        writer.member("human", human)
        writer.member("access_token_version", accessToken.version)
        writer.member("access_token", accessToken.fingerprint)
        writer.member("public_token_version", publicToken.version)
        writer.member("public_token", publicToken.fingerprint)
    }

    init(from reader: inout RecordReader) throws(RecordError) {
        try reader.literal("\"human\":")
        human = try reader.fingerprint()
        accessToken = LedgerEvent.IssuedToken(
            version: try reader.nextInteger("access_token_version"),
            fingerprint: try reader.nextFingerprint("access_token")
        )
        publicToken = LedgerEvent.IssuedToken(
            version: try reader.nextInteger("public_token_version"),
            fingerprint: try reader.nextFingerprint("public_token")
        )
    }
}

package import Ledger
internal import Wire

extension Vault {
    private static let launchLinkUse = Array("launch link ".utf8)

    /// The token of a launch link: the launch and a MAC over it, in base64url.
    ///
    /// Whoever has it is given the launch's options. The launch's own token, which pages and their
    /// servers' logs have, is not that one.
    package func launchLinkToken(_ launch: Identifier) -> Secret {
        let code = launchMAC.code(of: Self.launchLinkUse + launch.bytes)
        return Secret(Base64.url.encode(launch.bytes + code.bytes()))
    }

    /// The launch that a link's token was made for; nil unless we made the token.
    package func launch(ofLink token: String) -> Identifier? {
        identifier(of: token, use: Self.launchLinkUse)
    }
}

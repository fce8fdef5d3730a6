internal import Ledger
internal import Wire

/// What is imported of each user, under the provider's own names.
enum ImportField: String, CaseIterable {
    case clientUserID = "clientUserId"
    case humanID = "humanId"
    case publicToken
    case accessToken

    /// All of them, for a sentence.
    static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Whether a text can be such a value.
    func accepts(_ text: String) -> Bool {
        switch self {
        case .clientUserID: ClientUserIDRule.accepts(text)
        case .humanID: Self.isPlain(text, ImportLimits.humanIDBytesMax)
        case .publicToken, .accessToken: Self.isPlain(text, ImportLimits.tokenBytesMax)
        }
    }

    /// A token with blanks around it is none, and would be kept as it is.
    private static func isPlain(_ text: String, _ bytesMax: Int) -> Bool {
        !text.isEmpty && text.utf8.count <= bytesMax && !text.hasControlCharacter
            && text.utf8.first != 0x20 && text.utf8.last != 0x20
    }
}

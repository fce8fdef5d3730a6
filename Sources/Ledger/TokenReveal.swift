internal import Wire

/// Why a person has a token shown: a closed list, for a reason stands in the log for ever, and free text
/// might hold what must not.
package enum RevealReason: String, Sendable, CaseIterable {
    /// The user asked for help.
    case supportRequest = "support_request"
    /// Something is wrong, and the token is needed to find out what.
    case incident
    /// Somebody checks what is kept.
    case audit
    /// The user, or an authority, demands to be told.
    case disclosure
}

extension LedgerEvent {
    /// A token that a person had shown, by kind and version, and why.
    package struct TokenReveal: Sendable, Equatable {
        package let kind: TokenKind
        package let version: Int64
        /// The id of the API key that the person signed in with.
        package let key: String
        package let reason: RevealReason

        package init(kind: TokenKind, version: Int64, key: String, reason: RevealReason) {
            self.kind = kind
            self.version = version
            self.key = key
            self.reason = reason
        }

        func write(to writer: inout JSONWriter) {
            writer.member("kind", kind.rawValue)
            writer.member("version", version)
            writer.member("key", key)
            writer.member("reason", reason.rawValue)
        }

        init(from reader: inout RecordReader) throws(RecordError) {
            try reader.literal("\"kind\":")
            guard let kind = TokenKind(rawValue: try reader.string()) else {
                throw .unknownType("token.revealed")
            }
            let version = try reader.nextInteger("version")
            let key = try reader.nextString("key")
            guard let reason = RevealReason(rawValue: try reader.nextString("reason")) else {
                throw .unknownType("token.revealed")
            }
            self.init(kind: kind, version: version, key: key, reason: reason)
        }
    }
}

internal import Crypto
package import Ledger
internal import Wire

/// A person who signed in to the console with an API key: until when, and with which key.
///
/// Nothing about it is stored. It is a cookie's value and a MAC over it, so every copy of the service
/// knows it, and with each request the key is asked for as though it had been sent
/// (docs/decisions/0055-a-session-is-a-key-by-another-name.md).
package struct ConsoleSession: Sendable, Hashable {
    /// The id of the key.
    package let keyID: String
    /// When it ends, unless the key ends before.
    package let end: Timestamp
    /// Tells this session from others of the key.
    let nonce: [UInt8]

    /// How many bytes the id of a key stands for.
    private static let keyIDByteCount = 6
    private static let timeByteCount = 8
    private static let nonceByteCount = 16

    /// Begins one.
    package init(keyID: String, end: Timestamp) {
        self.keyID = keyID
        self.end = end
        let random = unsafe SymmetricKey(size: .bits128).withUnsafeBytes { unsafe Array($0) }
        nonce = random
    }

    /// What is spelled; nil where the key has no id that a key of ours has.
    fileprivate var bytes: [UInt8]? {
        guard let key = Hexadecimal.decode(keyID), key.count == Self.keyIDByteCount else {
            return nil
        }
        let time = UInt64(bitPattern: end.microseconds)
        let timeBytes = (0..<Self.timeByteCount).map {
            UInt8(truncatingIfNeeded: time >> (56 - 8 * $0))
        }
        return key + timeBytes + nonce
    }

    fileprivate static let byteCount = keyIDByteCount + timeByteCount + nonceByteCount

    /// Reads what `bytes` gave.
    fileprivate init(bytes: some RandomAccessCollection<UInt8>) {
        keyID = Hexadecimal.encode(bytes.prefix(Self.keyIDByteCount))
        let time = bytes.dropFirst(Self.keyIDByteCount).prefix(Self.timeByteCount)
            .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        end = Timestamp(microseconds: Int64(bitPattern: time))
        nonce = Array(bytes.suffix(Self.nonceByteCount))
    }
}

extension Vault {
    private static let sessionUse = Array("console session ".utf8)
    private static let formUse = Array("console form ".utf8)
    private static let formByteCount = 16

    /// What the cookie of a session holds: the session and a MAC over it, in base64url.
    package func cookie(of session: ConsoleSession) -> Secret? {
        guard let bytes = session.bytes else { return nil }
        let code = launchMAC.code(of: Self.sessionUse + bytes)
        return Secret(Base64.url.encode(bytes + code.bytes()))
    }

    /// The session that a cookie holds, whether it has ended or not; nil unless we made the cookie.
    package func session(ofCookie text: String) -> ConsoleSession? {
        let count = ConsoleSession.byteCount
        guard let bytes = Base64.url.decode(text.utf8),
            bytes.count == count + SHA256.byteCount,
            // The library's comparison takes the same time wherever they differ.
            launchMAC.code(of: Self.sessionUse + bytes[..<count]) == bytes[count...]
        else { return nil }
        return ConsoleSession(bytes: bytes[..<count])
    }

    /// What a form of the session's pages holds, so that nobody else's page can send it.
    package func formToken(of session: ConsoleSession) -> String {
        let code = launchMAC.code(of: Self.formUse + (session.bytes ?? []))
        return Base64.url.encode(code.bytes(Self.formByteCount))
    }

    /// Whether a form came from a page of the session; takes the same time wherever it differs.
    package func isFormToken(_ text: String, of session: ConsoleSession) -> Bool {
        let right = Array(formToken(of: session).utf8)
        let given = Array(text.utf8)
        guard given.count == right.count else { return false }
        return zip(given, right).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

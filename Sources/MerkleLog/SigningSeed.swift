internal import Crypto

/// The 32 secret bytes that an Ed25519 key is made of, without a textual form.
struct SigningSeed: Sendable {
    static let byteCount = 32

    private let key: Curve25519.Signing.PrivateKey

    init(_ bytes: [UInt8]) throws(NoteError) {
        guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes) else {
            throw .malformedSeed
        }
        self.key = key
    }

    var publicKey: [UInt8] { Array(key.publicKey.rawRepresentation) }

    func sign(_ message: [UInt8]) throws(NoteError) -> [UInt8] {
        guard let signature = try? key.signature(for: message) else { throw .signingFailed }
        return Array(signature)
    }
}

extension SigningSeed: CustomStringConvertible, CustomReflectable {
    var description: String { "(secret)" }
    var customMirror: Mirror { Mirror(self, children: [:]) }
}

internal import Crypto
internal import DurableFiles
internal import Foundation
internal import Wire

/// The key that wraps all others.
///
/// It comes from a file and is never stored anywhere else.
package struct RootKey: Sendable {
    let key: SymmetricKey
    /// Names the key without telling anything about it.
    package let id: String

    /// Reads the key from a file of 64 hexadecimal digits, with or without a line end.
    package init(file path: String) throws(VaultError) {
        let content: String
        do {
            content = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw .rootKeyUnreadable(path: path)
        }
        let digits = content.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bytes = Hexadecimal.decode(digits), bytes.count == 32 else {
            throw .rootKeyMalformed(path: path)
        }
        self.init(bytes: bytes)
    }

    /// Takes the key's 32 bytes.
    package init(bytes: [UInt8]) {
        precondition(bytes.count == 32, "A root key has 32 bytes.")
        key = SymmetricKey(data: bytes)
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array("token-ledger root key id".utf8),
            using: key
        )
        id = Hexadecimal.encode(mac.prefix(8))
    }

    /// Makes a key and writes it to a new file that only its owner can read.
    ///
    /// Throws when there is a file already: a root key that is overwritten is lost for ever.
    package static func create(file path: String) throws(VaultError) {
        let key = SymmetricKey(size: .bits256)
        let digits = unsafe key.withUnsafeBytes { unsafe Hexadecimal.encode($0) }
        do {
            try DurableFile.create(path, with: Array((digits + "\n").utf8), readers: .owner)
        } catch {
            throw .rootKeyUnreadable(path: path)
        }
    }

    /// Wraps another key; `purpose` is authenticated with it.
    func wrap(_ other: SymmetricKey, purpose: [UInt8]) throws(VaultError) -> [UInt8] {
        do {
            let plain = unsafe other.withUnsafeBytes { unsafe Array($0) }
            let box = try AES.GCM.seal(plain, using: key, authenticating: purpose)
            guard let combined = box.combined else { throw VaultError.sealingFailed }
            return Array(combined)
        } catch {
            throw .sealingFailed
        }
    }

    /// Opens what `wrap` made for the same purpose.
    func unwrap(_ wrapped: [UInt8], purpose: [UInt8]) throws(VaultError) -> SymmetricKey {
        do {
            let box = try AES.GCM.SealedBox(combined: wrapped)
            return SymmetricKey(data: try AES.GCM.open(box, using: key, authenticating: purpose))
        } catch {
            throw .wrongRootKey(id: id)
        }
    }
}

internal import Crypto
internal import DurableFiles
internal import Foundation
internal import Wire

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// The key that wraps all others.
///
/// It comes from a file and is never stored anywhere else.
package struct RootKey: Sendable {
    let key: SymmetricKey
    /// Names the key without telling anything about it.
    package let id: String
    /// Whether the file that it came from may be read by a group beside its owner.
    package private(set) var isOpenToGroup = false

    /// The file holds 64 digits; a longer one does not hold a key.
    private static let fileBytesMax = 128

    /// Reads the key from a file of 64 hexadecimal digits, with or without a line end.
    ///
    /// Refuses a file that everybody may read, or that others than its owner may write
    /// (docs/threats.md#t22). A group may read it: that is how orchestrators hand out secrets.
    package init(file path: String) throws(VaultError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .rootKeyUnreadable(path: path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .rootKeyUnreadable(path: path)
        }
        guard status.st_mode & 0o027 == 0 else { throw .rootKeyOpenToOthers(path: path) }
        let data: Data
        do {
            data = try file.read(upToCount: Self.fileBytesMax) ?? Data()
        } catch {
            throw .rootKeyUnreadable(path: path)
        }
        guard let key = RootKey(digits: String(decoding: data, as: UTF8.self)) else {
            throw .rootKeyMalformed(path: path)
        }
        self = key
        isOpenToGroup = status.st_mode & 0o040 != 0
    }

    /// Takes 64 hexadecimal digits, with or without a line end; nil for anything else.
    package init?(digits: String) {
        let digits = digits.trimmingCharacters(in: .whitespacesAndNewlines)
        guard let bytes = Hexadecimal.decode(digits), bytes.count == 32 else { return nil }
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

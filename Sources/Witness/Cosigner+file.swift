internal import Foundation
package import MerkleLog
internal import Wire

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

extension Cosigner {
    /// Reads the secret key from a file of 64 hexadecimal digits, with or without a line end.
    ///
    /// Refuses a file that others than its owner may read: whoever has the key can sign whatever
    /// the witness would not.
    package init(name: String, file path: String) throws(WitnessKeyError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .unreadable(path: path) }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unreadable(path: path)
        }
        guard status.st_mode & 0o077 == 0 else { throw .openToOthers(path: path) }
        let data: Data
        do {
            data = try file.read(upToCount: WitnessLimits.keyFileBytesMax) ?? Data()
        } catch {
            throw .unreadable(path: path)
        }
        let digits = String(decoding: data, as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        guard let seed = Hexadecimal.decode(digits), seed.count == 32 else {
            throw .malformed(path: path)
        }
        do {
            try self.init(name: name, seed: seed)
        } catch {
            throw .malformedName
        }
    }
}

/// Why a witness has no key to sign with.
package enum WitnessKeyError: Error, Equatable, CustomStringConvertible {
    /// The file cannot be read, or is not a regular file.
    case unreadable(path: String)
    /// Others than its owner may read the file.
    case openToOthers(path: String)
    /// The file does not hold 64 hexadecimal digits.
    case malformed(path: String)
    /// The name is empty, or has a space or a plus in it.
    case malformedName

    package var description: String {
        switch self {
        case .unreadable(let path): "cannot read the witness's key from \(path)"
        case .openToOthers(let path):
            "\(path) may be read by others than its owner (chmod 600 \(path))"
        case .malformed(let path):
            "\(path) does not hold a key: 64 hexadecimal digits are expected (openssl rand -hex 32)"
        case .malformedName: "the witness's name is empty, or has a space or a plus in it"
        }
    }
}

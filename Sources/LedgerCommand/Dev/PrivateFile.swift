import Foundation

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// A file that only its owner reads, and that is whole whenever it is there.
enum PrivateFile {
    /// Writes beside the file, then renames over it.
    static func write(_ bytes: [UInt8], to path: String) throws {
        let draft = "\(path).\(getpid()).new"
        let isMade = FileManager.default.createFile(
            atPath: draft,
            contents: Data(bytes),
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, unsafe rename(draft, path) == 0 else {
            try? FileManager.default.removeItem(atPath: draft)
            throw CommandError("The file \(path) cannot be written.")
        }
    }
}

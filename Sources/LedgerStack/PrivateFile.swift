internal import Foundation

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A file that only its owner reads, and that is whole whenever it is there.
package enum PrivateFile {
    /// Writes beside the file, then renames over it.
    package static func write(_ bytes: [UInt8], to path: String) throws(StackError) {
        let draft = "\(path).\(getpid()).new"
        let isMade = FileManager.default.createFile(
            atPath: draft,
            contents: Data(bytes),
            attributes: [.posixPermissions: 0o600]
        )
        guard isMade, unsafe rename(draft, path) == 0 else {
            try? FileManager.default.removeItem(atPath: draft)
            throw .fileNotWritten(path)
        }
    }
}

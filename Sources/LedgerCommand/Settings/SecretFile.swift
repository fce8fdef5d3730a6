import Foundation

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// A file with a secret that nobody may read but its owner, and perhaps a group.
///
/// A group may, because that is how orchestrators hand out secrets (docs/threats.md#t22).
struct SecretFile {
    let bytes: [UInt8]
    /// Whether a group may read it beside its owner.
    let isOpenToGroup: Bool

    /// Reads it, if it is no longer than that.
    ///
    /// - Throws: `CommandError` for what is no file, for one that everybody may read, or others than
    ///   its owner may write, and for one that is longer.
    init(_ path: String, bytesMax: Int) throws(CommandError) {
        let unreadable = CommandError("The file \(path) with a secret cannot be read.")
        // Nobody is waited for who would write into a pipe.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw unreadable }
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw unreadable
        }
        guard status.st_mode & 0o027 == 0 else {
            throw CommandError(
                "\(path) holds a secret, and others than its owner may read or write it "
                    + "(chmod 600 \(path))."
            )
        }
        guard let data = try? file.read(upToCount: bytesMax + 1) ?? Data(), data.count <= bytesMax
        else { throw unreadable }
        bytes = Array(data)
        isOpenToGroup = status.st_mode & 0o040 != 0
    }
}

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Writes whole files so that they outlast a loss of power.
package enum DurableFile {
    /// Who may read a file; only its owner may write it.
    package enum Readers: Sendable {
        case owner, everybody

        fileprivate var mode: mode_t {
            switch self {
            case .owner: 0o600
            case .everybody: 0o644
            }
        }
    }

    /// Replaces a file, or makes it.
    ///
    /// At every moment the old file or the new one is there, whole; when this returns, the new one
    /// is durable. When this throws, the old one is as it was.
    ///
    /// - Parameters:
    ///   - path: the file.
    ///   - bytes: what the new file holds.
    ///   - readers: who may read the new file.
    ///   - draft: the path in the same folder under which it is written first. By default one that
    ///     no other writer uses; after a crash it may be left behind.
    /// - Throws: `FileError.system`
    package static func replace(
        _ path: String,
        with bytes: [UInt8],
        readers: Readers,
        draft: String? = nil
    ) throws(FileError) {
        let draft = draft ?? uniqueDraft(of: path)
        do throws(FileError) {
            try write(bytes, to: draft, O_TRUNC, readers)
            guard unsafe rename(draft, path) == 0 else { throw FileError.last(path) }
        } catch {
            unsafe unlink(draft)
            throw error
        }
        try synchronize(folderOf: path)
    }

    /// Makes a file that must not be there yet.
    ///
    /// - Throws: `FileError.system`, also when something is there.
    package static func create(
        _ path: String,
        with bytes: [UInt8],
        readers: Readers
    ) throws(FileError) {
        try write(bytes, to: path, O_EXCL, readers)
        try synchronize(folderOf: path)
    }

    /// Makes the names in a folder durable.
    package static func synchronize(folder path: String) throws(FileError) {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .last(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .last(path) }
    }

    private static func synchronize(folderOf path: String) throws(FileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        try synchronize(folder: folder)
    }

    private static func uniqueDraft(of path: String) -> String {
        "\(path).\(getpid()).\(UInt64.random(in: .min ... .max)).new"
    }

    private static func write(
        _ bytes: [UInt8],
        to path: String,
        _ flags: CInt,
        _ readers: Readers
    ) throws(FileError) {
        // A link that somebody put there is not followed.
        let descriptor = unsafe open(
            path,
            O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags,
            readers.mode
        )
        guard descriptor >= 0 else { throw .last(path) }
        defer { close(descriptor) }
        // The file may have been left behind by somebody with another mask.
        guard fchmod(descriptor, readers.mode) == 0 else { throw .last(path) }
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
                #if canImport(Glibc)
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
                #else
                return unsafe Musl.write(descriptor, rest.baseAddress, rest.count)
                #endif
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last(path) }
            start += count
        }
        guard fsync(descriptor) == 0 else { throw .last(path) }
    }
}

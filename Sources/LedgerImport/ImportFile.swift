internal import Glibc

/// The file to be imported, open for reading from the start as often as need be.
package final class ImportFile: Sendable {
    /// What of the file tells whether it was changed.
    struct Stamp: Equatable {
        let size: Int64
        let seconds: Int64
        let nanoseconds: Int64
    }

    private let descriptor: CInt

    /// Opens it.
    ///
    /// Nobody but its owner, and perhaps a group, may read it (docs/threats.md#t22).
    package init(_ path: String) throws(ImportError) {
        // Nobody is waited for who would write into a pipe.
        descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .lastSystemError }
        let status = try status()
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile }
        guard status.st_mode & 0o027 == 0 else { throw .openToOthers }
    }

    deinit { close(descriptor) }

    private func status() throws(ImportError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .lastSystemError }
        return status
    }

    func stamp() throws(ImportError) -> Stamp {
        let status = try status()
        return Stamp(
            size: Int64(status.st_size),
            seconds: Int64(status.st_mtim.tv_sec),
            nanoseconds: Int64(status.st_mtim.tv_nsec)
        )
    }

    /// The next bytes from a place on; none at the end.
    func read(at offset: Int64) throws(ImportError) -> [UInt8] {
        while true {
            var result = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: ImportLimits.chunkBytes) {
                buffer,
                initialized in
                result = unsafe pread(descriptor, buffer.baseAddress, buffer.count, Int(offset))
                initialized = max(0, result)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .lastSystemError }
            return bytes
        }
    }
}

extension ImportError {
    /// What the system said last.
    static var lastSystemError: ImportError {
        let code = errno
        return .system(unsafe String(cString: strerror(code)))
    }
}

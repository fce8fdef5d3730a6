internal import Glibc

/// An open file that only its owner may read; closed when it goes out of scope.
struct DiskFile: ~Copyable {
    private let descriptor: CInt
    /// The file's name without its folder, for errors.
    let name: String

    private init(descriptor: CInt, name: String) {
        self.descriptor = descriptor
        self.name = name
    }

    private static func open(_ path: String, _ flags: CInt) throws(BundleError) -> DiskFile {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let descriptor = unsafe Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .lastSystemError(file: name) }
        return DiskFile(descriptor: descriptor, name: name)
    }

    /// Opens a file to read; a symbolic link is refused.
    static func reading(_ path: String) throws(BundleError) -> DiskFile {
        // Without waiting, should a pipe stand there.
        let file = try open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
        guard try file.isRegular() else {
            throw .system(file: file.name, problem: "it is no regular file")
        }
        return file
    }

    /// Opens a file to write, makes it if need be, and keeps other writers out.
    static func writing(_ path: String) throws(BundleError) -> DiskFile {
        let file = try open(path, O_RDWR | O_CREAT | O_NOFOLLOW)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else { throw .inUse }
        return file
    }

    /// Opens a folder, to make the names in it durable.
    static func folder(_ path: String) throws(BundleError) -> DiskFile {
        try open(path, O_RDONLY | O_DIRECTORY)
    }

    deinit {
        // A child that has just been forked and is no other program yet has the file too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    private func status() throws(BundleError) -> stat {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw .lastSystemError(file: name) }
        return status
    }

    private func isRegular() throws(BundleError) -> Bool {
        try status().st_mode & S_IFMT == S_IFREG
    }

    /// How many bytes it has.
    func size() throws(BundleError) -> Int64 { Int64(try status().st_size) }

    /// Cuts it to a size, and goes there.
    func truncate(to size: Int64) throws(BundleError) {
        guard ftruncate(descriptor, Int(size)) == 0, lseek(descriptor, Int(size), SEEK_SET) >= 0
        else { throw .lastSystemError(file: name) }
    }

    /// Waits until what was written would survive a loss of power.
    func synchronize() throws(BundleError) {
        guard fsync(descriptor) == 0 else { throw .lastSystemError(file: name) }
    }

    /// Writes everything.
    func write(_ bytes: [UInt8]) throws(BundleError) {
        var start = 0
        while start < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start...])
                return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .lastSystemError(file: name) }
            start += count
        }
    }

    /// The next bytes; none at the end.
    func read(upTo count: Int) throws(BundleError) -> [UInt8] {
        while true {
            var result = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
                result = unsafe Glibc.read(descriptor, buffer.baseAddress, count)
                initialized = max(0, result)
            }
            if result < 0, errno == EINTR { continue }
            guard result >= 0 else { throw .lastSystemError(file: name) }
            return bytes
        }
    }
}

extension BundleError {
    /// What the system said last.
    static func lastSystemError(file: String) -> BundleError {
        let code = errno
        return .system(file: file, problem: unsafe String(cString: strerror(code)))
    }
}

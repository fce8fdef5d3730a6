#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Keeps other processes out of a folder, as long as the lock lives.
///
/// The lock is on a file `lock` in the folder. It ends with the process, however that ends.
package final class FolderLock: Sendable {
    private let descriptor: CInt

    /// Makes the folder when it is missing, for its owner alone, and takes its lock.
    ///
    /// Throws `FileError.locked` when another process has it.
    package init(folder path: String) throws(FileError) {
        if unsafe mkdir(path, 0o700) != 0, errno != EEXIST { throw .last(path) }
        let descriptor = unsafe open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .last(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error: FileError = errno == EWOULDBLOCK ? .locked(path: path) : .last(path)
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
    }

    deinit {
        // A child that has just been forked and is no other program yet has the file too.
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }
}

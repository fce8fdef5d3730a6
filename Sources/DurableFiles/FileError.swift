#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// A file or folder that cannot be used as it was asked for.
package enum FileError: Error, Equatable, CustomStringConvertible {
    /// The system refused; `problem` is what it says.
    case system(path: String, problem: String)
    /// Another process holds the lock.
    case locked(path: String)

    package var description: String {
        switch self {
        case .system(let path, let problem): "\(path): \(problem)"
        case .locked(let path): "\(path) is in use by another process"
        }
    }

    /// What the system said last.
    static func last(_ path: String) -> FileError {
        let code = errno
        return .system(path: path, problem: unsafe String(cString: strerror(code)))
    }
}

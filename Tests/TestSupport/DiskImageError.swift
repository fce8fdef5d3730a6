/// Why a disk in a file could not be used.
package enum DiskImageError: Error, CustomStringConvertible {
    /// This is not root, or mount failed; the text is what it said.
    case notMountable(String)
    /// A program failed; the text is what it said.
    case failed(command: String, output: String)
    /// The kernel refused.
    case refused(what: String, errno: Int32)

    package var description: String {
        switch self {
        case .notMountable(let reason):
            "A test mounts a disk of its own, which takes root and a machine that allows loop "
                + "mounts: \(reason)"
        case .failed(let command, let output): "\(command) failed: \(output)"
        case .refused(let what, let errno): "The kernel refuses to \(what) (errno \(errno))."
        }
    }
}

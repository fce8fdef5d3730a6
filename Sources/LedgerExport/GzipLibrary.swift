internal import CZlib

/// The library that compresses, as it is on this machine.
package enum GzipLibrary {
    /// Such as `1.2.13`.
    package static var version: String { unsafe String(cString: zlibVersion()) }
}

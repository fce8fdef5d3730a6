import Foundation

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// A new folder under the temporary ones, which the database's user may pass through.
struct TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/token-ledger-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw CommandError("No temporary folder can be made in /tmp.")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: path)
    }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }
}

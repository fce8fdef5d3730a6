import Foundation

/// Makes a new folder, which is the maker's to remove.
///
/// Its path is short, since a socket's path has at most 107 bytes.
///
/// - Throws: `POSIXError` when no folder can be made in `/tmp`.
package func newTemporaryFolder() throws -> String {
    var template = Array("/tmp/token-ledger-test-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw POSIXError(.EACCES) }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
}

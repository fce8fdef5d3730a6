package import Ledger

/// A moment as pages show it: for programs, and for people, in UTC; the script shows it otherwise.
package struct ShownTime: Sendable {
    let exact: String
    let readable: String

    package init(_ time: Timestamp) {
        exact = time.description
        // 2026-11-22T14:06:36.123456Z
        readable = exact.prefix(19).replacing("T", with: " ") + " UTC"
    }
}

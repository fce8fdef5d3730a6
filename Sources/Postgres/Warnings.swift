import CLibPQ

/// What the server warned of while it carried out a statement.
///
/// Only the queue of its connection uses it: libpq hands notices over while it reads an answer.
final class Warnings {
    /// Whether there were any.
    private(set) var wereGiven = false
    /// Whether the server gave up waiting for a standby: the commit stands here, and perhaps only
    /// here.
    private(set) var leaveCommitOpen = false

    /// Where the server waits for its standbys.
    ///
    /// That it gave up has no SQLSTATE of its own, and its text has many languages.
    private static let wait = "SyncRepWaitForLSN"

    /// Forgets what was before the next statement.
    func begin() {
        wereGiven = false
        leaveCommitOpen = false
    }

    /// Takes a notice of the server, which libpq lends for this moment.
    func take(_ notice: OpaquePointer?) {
        guard unsafe Self.field(postgres_field_severity, of: notice) == "WARNING" else { return }
        wereGiven = true
        if unsafe Self.field(postgres_field_source_function, of: notice) == Self.wait {
            leaveCommitOpen = true
        }
    }

    private static func field(_ code: Int32, of notice: OpaquePointer?) -> String? {
        unsafe PQresultErrorField(notice, code).map { unsafe String(cString: $0) }
    }
}

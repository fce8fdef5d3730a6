/// How an export spells events.
package enum ExportFormat: String, Sendable, CaseIterable {
    /// The records, byte for byte, one on each line.
    case ndjson
    /// A table with fixed columns (RFC 4180).
    case csv
}

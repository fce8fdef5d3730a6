/// PostgreSQL's binary point in time: microseconds since 2000-01-01 00:00 UTC.
enum PostgresTimestamp {
    /// From 1970-01-01 to 2000-01-01.
    private static let epochMicroseconds: Int64 = 946_684_800_000_000

    /// The number to send for a time in microseconds since 1970.
    static func encoded(microsecondsSince1970: Int64) -> Int64 {
        let (value, overflow) = microsecondsSince1970.subtractingReportingOverflow(
            epochMicroseconds
        )
        precondition(!overflow, "A point in time lies outside of what PostgreSQL can hold.")
        return value
    }

    /// The time in microseconds since 1970, or nil for PostgreSQL's two infinities.
    static func microsecondsSince1970(encoded: Int64) -> Int64? {
        guard encoded != .max, encoded != .min else { return nil }
        let (value, overflow) = encoded.addingReportingOverflow(epochMicroseconds)
        return overflow ? nil : value
    }
}

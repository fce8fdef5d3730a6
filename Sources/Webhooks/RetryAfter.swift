package import Ledger

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
package enum RetryAfter {
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// For how many seconds from `time` on to wait, a day at most; nil for what is neither.
    package static func seconds(_ text: String, at time: Timestamp) -> Int64? {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), !text.isEmpty {
            return min(Int64(text) ?? .max, DeliveryLimits.askedPauseMax)
        }
        // Such as "Wed, 21 Oct 2026 07:28:00 GMT".
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", parts[1].count == 2,
            let month = months.firstIndex(of: String(parts[2]))
        else { return nil }
        let number = month < 9 ? "0\(month + 1)" : "\(month + 1)"
        guard let date = Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z") else {
            return nil
        }
        let seconds = (date.microseconds - time.microseconds) / 1_000_000
        return min(max(0, seconds), DeliveryLimits.askedPauseMax)
    }
}

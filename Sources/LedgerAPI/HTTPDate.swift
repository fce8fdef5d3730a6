internal import Ledger

/// The one form of times in HTTP (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// A moment from 1970 on, such as `Sat, 28 Nov 2026 21:34:24 GMT`.
    static func text(_ moment: Timestamp) -> String {
        let day = Int(moment.microseconds / 86_400_000_000)
        // RFC 3339 has its parts at fixed places.
        let text = Array(moment.description)
        let part = { (range: Range<Int>) in String(text[range]) }
        let month = months[(Int(part(5..<7)) ?? 1) - 1]
        return "\(weekdays[day % 7]), \(part(8..<10)) \(month) \(part(0..<4)) \(part(11..<19)) GMT"
    }
}

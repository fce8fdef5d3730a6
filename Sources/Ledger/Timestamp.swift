/// A moment in UTC with microseconds, as PostgreSQL's `timestamptz` keeps it.
///
/// Times in the ledger are advisory: order is by position (docs/threats.md#t31).
package struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package let microseconds: Int64

    package init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// This moment moved by whole seconds.
    package func adding(seconds: Int64) -> Timestamp {
        Timestamp(microseconds: microseconds + seconds * 1_000_000)
    }

    /// Reads RFC 3339: `2026-11-22T14:06:36Z`, any numeric offset, any number of digits of a
    /// second, of which six count.
    package init?(_ text: String) {
        var reader = RecordReader(Array(text.utf8))
        guard let parsed = try? reader.timestamp(), reader.isAtEnd else { return nil }
        self = parsed
    }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 with six digits, such as `2026-11-22T14:06:36.000000Z`.
    package var description: String {
        var text: [UInt8] = []
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the 27 characters of the form in records.
    func append(to text: inout [UInt8]) {
        let day: Int64 = 86_400_000_000
        let microsecondsOfDay = ((microseconds % day) + day) % day
        let date = CivilDate(daysSince1970: (microseconds - microsecondsOfDay) / day)
        let seconds = microsecondsOfDay / 1_000_000
        Self.decimal(date.year, width: 4, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.decimal(date.month, width: 2, to: &text)
        text.append(UInt8(ascii: "-"))
        Self.decimal(date.day, width: 2, to: &text)
        text.append(UInt8(ascii: "T"))
        Self.decimal(seconds / 3600, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.decimal(seconds / 60 % 60, width: 2, to: &text)
        text.append(UInt8(ascii: ":"))
        Self.decimal(seconds % 60, width: 2, to: &text)
        text.append(UInt8(ascii: "."))
        Self.decimal(microsecondsOfDay % 1_000_000, width: 6, to: &text)
        text.append(UInt8(ascii: "Z"))
    }

    private static func decimal(_ value: Int64, width: Int, to text: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }
}

/// A day of the proleptic Gregorian calendar.
struct CivilDate {
    /// The first second of the year 0, counted from 1970.
    static let secondsMin: Int64 = -62_167_219_200
    /// The last second of the year 9999.
    static let secondsMax: Int64 = 253_402_300_799

    let year: Int64
    let month: Int64
    let day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    /// Counts in 400-year eras of 146,097 days that begin on the first of March.
    init(daysSince1970 days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra =
            (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    /// Days since 1970-01-01; the inverse of `init(daysSince1970:)`.
    var daysSince1970: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// Whether the calendar has this day.
    var exists: Bool {
        guard (1...12).contains(month), (1...31).contains(day) else { return false }
        let roundTrip = CivilDate(daysSince1970: daysSince1970)
        return roundTrip.month == month && roundTrip.day == day
    }
}

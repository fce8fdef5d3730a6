import Ledger
import SeededRandom
import Testing

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 is read",
        arguments: [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T14:06:36.123456Z", 1_795_356_396_123_456),
            ("2026-11-22t14:06:36.123456z", 1_795_356_396_123_456),
            ("2026-11-22T14:06:36.1Z", 1_795_356_396_100_000),
            ("2026-11-22T16:06:36+02:00", 1_795_356_396_000_000),
            ("2026-11-22T08:36:36-05:30", 1_795_356_396_000_000),
            ("2026-11-22T14:06:36-00:00", 1_795_356_396_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("2000-02-29T00:00:00Z", 951_782_400_000_000),
            ("2024-02-29T12:00:00Z", 1_709_208_000_000_000),
            ("1600-02-29T00:00:00Z", -11_670_998_400_000_000),
            ("0000-01-01T00:00:00Z", -62_167_219_200_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
            // More digits than count.
            ("2026-11-22T14:06:36.1234567Z", 1_795_356_396_123_456),
            ("2026-11-22T14:06:36.123456999999999999999999999999Z", 1_795_356_396_123_456),
            ("2026-11-22T14:06:36.000000000+00:00", 1_795_356_396_000_000),
            // Leap seconds (RFC 3339, section 5.8).
            ("1990-12-31T23:59:60Z", 662_688_000_000_000),
            ("1990-12-31T15:59:60-08:00", 662_688_000_000_000),
            ("2017-01-01T05:29:60.5+05:30", 1_483_228_800_500_000),
        ]
    )
    func reading(text: String, microseconds: Int64) {
        #expect(Timestamp(text)?.microseconds == microseconds)
    }

    @Test(
        "what is no time is refused",
        arguments: [
            "", "2026-11-22", "2026-11-22T14:06:36", "2026-11-22 14:06:36Z",
            "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-00-10T00:00:00Z",
            "2026-13-01T00:00:00Z", "2026-04-31T00:00:00Z", "2026-01-00T00:00:00Z",
            "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
            "2026-01-01T00:00:60Z", "2026-01-01T23:58:60Z", "2026-01-01T23:59:60+01:00",
            "2026-01-01T23:59:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00,1Z",
            "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+00:60", "2026-01-01T00:00:00+0000",
            "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z", "+2026-01-01T00:00:00Z",
            "20260101T000000Z", "２026-01-01T00:00:00Z",
        ]
    )
    func refusal(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test(
        "a time whose year in UTC has not four digits is refused",
        arguments: [
            "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "9999-12-31T23:59:60Z",
        ]
    )
    func range(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("what is written is read back, over all years", arguments: [UInt64(1), 2, 3])
    func roundTrip(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<2_000 {
            let microseconds = Int64.random(
                in: -62_167_219_200_000_000...253_402_300_799_999_999,
                using: &random
            )
            let time = Timestamp(microseconds: microseconds)
            #expect(Timestamp(time.description) == time, "seed \(seed), \(microseconds)")
        }
    }

    @Test("every day of 800 years follows the one before")
    func calendar() throws {
        var days = 0
        let first = try #require(Timestamp("1600-01-01T00:00:00Z")).microseconds
        for year in 1600..<2400 {
            let isLeap =
                year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
            let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            for (month, length) in lengths.enumerated() {
                let date = "\(year)-\(month < 9 ? "0" : "")\(month + 1)-"
                let time = Timestamp(microseconds: first + Int64(days) * 86_400_000_000)
                try #require(time.description == "\(date)01T00:00:00.000000Z")
                #expect(Timestamp("\(date)\(length)T00:00:00Z") != nil)
                #expect(Timestamp("\(date)\(length + 1)T00:00:00Z") == nil)
                days += length
            }
        }
    }

    @Test("times are ordered and move by seconds")
    func arithmetic() {
        let time = Timestamp(microseconds: -1)
        #expect(time < time.adding(seconds: 1))
        #expect(time.adding(seconds: 2).microseconds == 1_999_999)
        #expect(time.adding(seconds: -1).description == "1969-12-31T23:59:58.999999Z")
    }
}

import ArgumentParser
import Ledger

/// A span of time as people write it: `90s`, `30m`, `24h`, `7d`.
struct TimeSpan: ExpressibleByArgument {
    let seconds: Int64

    /// A hundred years: whoever wants more means for ever.
    private static let secondsMax: Int64 = 36_525 * 86_400
    private static let units: [(sign: Character, seconds: Int64)] = [
        ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]

    init(seconds: Int64) {
        self.seconds = seconds
    }

    init?(argument: String) {
        let digits = argument.dropLast()
        guard let unit = Self.units.first(where: { $0.sign == argument.last }),
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let count = Int64(digits), count <= Self.secondsMax / unit.seconds
        else { return nil }
        seconds = count * unit.seconds
    }

    /// When it has passed.
    func end(after time: Timestamp) -> Timestamp { time.adding(seconds: seconds) }
}

internal import Wire

/// A 128-bit identifier, written as a UUID (RFC 9562): of an event, a subject, an app, a launch.
///
/// Behind the variant stand ten bits that say to which log it belongs, so that whoever has an id asks
/// that log alone (docs/decisions/0067-k-logs-of-facts.md). In text they are the fourth group of
/// digits but for its last one: `8000` to `800f` in log 0, `8010` to `801f` in log 1. What belongs to no
/// log has those of log 0.
package struct Identifier: Sendable, Hashable, Comparable {
    /// Where the number of the log begins, above so many bits that are free.
    private static let freeBits = 52
    /// As many logs as ten bits tell apart.
    private static let logIDMask: UInt128 = 0x3FF

    /// The 16 bytes, big-endian, as PostgreSQL's `uuid` orders them.
    package let value: UInt128

    package init(value: UInt128) {
        self.value = value
    }

    /// A version 7 identifier: time first, so that index pages fill in order (RFC 9562, 5.7).
    ///
    /// `milliseconds` counts from 1970; `sequence` (12 bits used) keeps identifiers of one
    /// millisecond in order; `random` fills the last 52 bits.
    package init(milliseconds: UInt64, sequence: UInt16, random: UInt64, in log: Log) {
        let high = (milliseconds & 0xFFFF_FFFF_FFFF) << 16 | 0x7000 | UInt64(sequence & 0x0FFF)
        let value = UInt128(high) << 64 | UInt128(random)
        self = Identifier(value: value).with(version: 0x7, log)
    }

    /// Takes 16 bytes, most significant first; nil for another count.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var value: UInt128 = 0
        for byte in bytes { value = value << 8 | UInt128(byte) }
        self.value = value
    }

    /// A version 8 identifier made of 16 bytes that are random already, such as a MAC.
    ///
    /// Returns nil unless exactly 16 bytes are given.
    package init?(custom bytes: some Collection<UInt8>, in log: Log) {
        guard let raw = Identifier(bytes: bytes) else { return nil }
        self = raw.with(version: 0x8, log)
    }

    /// The same with version, variant (RFC 9562, 4) and log in their places.
    private func with(version: UInt128, _ log: Log) -> Identifier {
        let version = (mask: UInt128(0xF) << 76, bits: version << 76)
        let variant = (mask: UInt128(0x3) << 62, bits: UInt128(0x2) << 62)
        let logID = (
            mask: Self.logIDMask << Self.freeBits,
            // No id leads to a log of maps: that of a statement looks like one of a fact, and is none.
            bits: UInt128((log.kind == .map ? log.facts : log).id) << Self.freeBits
        )
        return Identifier(
            value: value & ~(version.mask | variant.mask | logID.mask)
                | version.bits | variant.bits | logID.bits
        )
    }

    /// The number of the log to which it belongs.
    package var logID: Int32 { Int32(value >> Self.freeBits & Self.logIDMask) }

    /// Reads the 36-character form, lower or upper case; nil for anything else.
    package init?(_ text: some StringProtocol) {
        var value: UInt128 = 0
        var index = 0
        for character in text.utf8 {
            let isDashPlace = index == 8 || index == 13 || index == 18 || index == 23
            if isDashPlace {
                guard character == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = Hexadecimal.value(of: character) else { return nil }
                value = value << 4 | UInt128(digit)
            }
            index += 1
        }
        guard index == 36 else { return nil }
        self.value = value
    }

    /// The identifier that belongs to this one under a label, always the same for the same pair.
    ///
    /// The unique key on event ids thereby decides who writes "the outcome of this finalize"
    /// first. The time prefix stays, so the derived identifier lands on the same index page; and so does
    /// the log, in which the event must stand.
    package func derived(_ label: String) -> Identifier {
        // FNV-1a spreads the label over the free bits; version, variant and log stay.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in label.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
        }
        return Identifier(value: value ^ UInt128(hash) & (1 << Self.freeBits - 1))
    }

    /// The 16 bytes, most significant first.
    package var bytes: [UInt8] {
        unsafe withUnsafeBytes(of: value.bigEndian) { unsafe Array($0) }
    }

    /// Appends the 16 bytes, most significant first.
    package func appendBytes(to bytes: inout [UInt8]) { bytes.append(word: value) }

    package static func < (left: Identifier, right: Identifier) -> Bool {
        left.value < right.value
    }
}

extension Identifier: CustomStringConvertible {
    package var description: String {
        var text: [UInt8] = []
        text.reserveCapacity(36)
        append(to: &text)
        return String(decoding: text, as: UTF8.self)
    }

    /// Appends the 36 characters of the form in records.
    func append(to text: inout [UInt8]) {
        let second = Hexadecimal.digits(UInt32(truncatingIfNeeded: value >> 64))
        let third = Hexadecimal.digits(UInt32(truncatingIfNeeded: value >> 32))
        let dash = UInt8(ascii: "-")
        text.append(word: Hexadecimal.digits(UInt32(truncatingIfNeeded: value >> 96)))
        text.append(dash)
        text.append(word: UInt32(truncatingIfNeeded: second >> 32))
        text.append(dash)
        text.append(word: UInt32(truncatingIfNeeded: second))
        text.append(dash)
        text.append(word: UInt32(truncatingIfNeeded: third >> 32))
        text.append(dash)
        text.append(word: UInt32(truncatingIfNeeded: third))
        text.append(word: Hexadecimal.digits(UInt32(truncatingIfNeeded: value)))
    }

    /// Appends the 32 digits alone.
    func appendDigits(to text: inout [UInt8]) {
        for shift in [96, 64, 32, 0] {
            text.append(word: Hexadecimal.digits(UInt32(truncatingIfNeeded: value >> shift)))
        }
    }
}

extension [UInt8] {
    /// Appends the bytes of a word, the highest first.
    fileprivate mutating func append(word: some FixedWidthInteger & BitwiseCopyable) {
        unsafe Swift.withUnsafeBytes(of: word.bigEndian) { unsafe append(contentsOf: $0) }
    }
}

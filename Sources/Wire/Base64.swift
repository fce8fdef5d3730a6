/// Base64 (RFC 4648), each of its two alphabets in its one canonical spelling.
package struct Base64: Sendable {
    /// The alphabet of section 4, with padding.
    package static let standard = Base64("+/", isPadded: true)
    /// The alphabet of URLs, section 5, without padding.
    package static let url = Base64("-_", isPadded: false)

    private static let padding = UInt8(ascii: "=")

    private let alphabet: [UInt8]
    /// The value of every character; nil for those that are not of the alphabet.
    private let values: [UInt8?]
    private let isPadded: Bool

    private init(_ last: String, isPadded: Bool) {
        alphabet = Array(
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + last).utf8
        )
        var values = [UInt8?](repeating: nil, count: 256)
        for (value, character) in alphabet.enumerated() {
            values[Int(character)] = UInt8(value)
        }
        self.values = values
        self.isPadded = isPadded
    }

    /// Writes bytes.
    package func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var bits: UInt32 = 0
            for offset in 0..<3 {
                bits = bits << 8 | (offset < count ? UInt32(bytes[start + offset]) : 0)
            }
            for digit in 0...count {
                text.append(alphabet[Int(bits >> UInt32(18 - 6 * digit) & 0x3F)])
            }
            if isPadded {
                for _ in count..<3 { text.append(Self.padding) }
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Reads bytes; nil for anything that `encode` would not have written.
    ///
    /// That is other characters, missing or foreign padding, or bits set that belong to no byte.
    /// One value must not have two spellings.
    package func decode(_ text: some Collection<UInt8>) -> [UInt8]? {
        let characters = Array(text)
        var digits = characters[...]
        if isPadded {
            guard characters.count.isMultiple(of: 4) else { return nil }
            let paddings = characters.suffix(2).reversed().prefix { $0 == Self.padding }.count
            digits = digits.dropLast(paddings)
        }
        // One digit alone holds no byte.
        guard digits.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 4 * 3)
        var bits: UInt32 = 0
        var bitCount: UInt32 = 0
        for character in digits {
            guard let value = values[Int(character)] else { return nil }
            bits = bits << 6 | UInt32(value)
            bitCount += 6
            if bitCount >= 8 {
                bitCount -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> bitCount))
            }
            bits &= (1 << bitCount) - 1
        }
        return bits == 0 ? bytes : nil
    }
}

/// An address of IPv4 or IPv6.
///
/// An IPv4 address that is written as one of IPv6 (`::ffff:192.0.2.1`) is the IPv4 address: a socket
/// that listens for both families names its peers so.
package struct IPAddress: Sendable, Hashable {
    /// Which of the two; addresses of one are in no network of the other.
    package enum Family: Sendable {
        case version4
        case version6

        /// How many bits an address has.
        package var width: Int {
            switch self {
            case .version4: 32
            case .version6: 128
            }
        }
    }

    package let family: Family
    /// The bits, in the order in which they are sent; those of IPv4 are the last 32.
    let bits: UInt128

    private static let mapped = UInt128(0xFFFF_0000_0000)

    init(_ family: Family, bits: UInt128) {
        let isMapped = family == .version6 && bits >> 32 == Self.mapped >> 32
        self.family = isMapped ? .version4 : family
        self.bits = isMapped ? bits & 0xFFFF_FFFF : bits
    }

    /// Reads dotted decimals, or hexadecimal groups in any spelling of RFC 4291, without a zone.
    package init?(_ text: String) {
        let isVersion6 = text.utf8.contains(UInt8(ascii: ":"))
        let read = isVersion6 ? Self.version6(text) : Self.version4(Substring(text))
        guard let read else { return nil }
        self.init(isVersion6 ? .version6 : .version4, bits: read)
    }

    private static func version4(_ text: Substring) -> UInt128? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bits: UInt128 = 0
        for part in parts {
            // A leading zero would be octal to some.
            guard part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part == "0" || !part.hasPrefix("0"), let byte = UInt8(part)
            else { return nil }
            bits = bits << 8 | UInt128(byte)
        }
        return bits
    }

    private static func version6(_ text: String) -> UInt128? {
        guard let gap = text.firstRange(of: "::") else {
            guard let groups = groups(text[...], isEnd: true), groups.count == 8 else { return nil }
            return number(groups)
        }
        guard let head = groups(text[..<gap.lowerBound], isEnd: false),
            let tail = groups(text[gap.upperBound...], isEnd: true),
            head.count + tail.count < 8
        else { return nil }
        let zeros = [UInt16](repeating: 0, count: 8 - head.count - tail.count)
        return number(head + zeros + tail)
    }

    /// The groups between colons; the last two of an address may be written as one of IPv4.
    private static func groups(_ text: Substring, isEnd: Bool) -> [UInt16]? {
        guard !text.isEmpty else { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if isEnd, index == parts.count - 1, part.contains("."), let low = version4(part) {
                groups += [UInt16(low >> 16), UInt16(low & 0xFFFF)]
                continue
            }
            guard (1...4).contains(part.utf8.count), part.allSatisfy(\.isHexDigit),
                let group = UInt16(part, radix: 16)
            else { return nil }
            groups.append(group)
        }
        return groups
    }

    private static func number(_ groups: [UInt16]) -> UInt128 {
        groups.reduce(0) { $0 << 16 | UInt128($1) }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The one spelling: dotted decimals, or as RFC 5952 has it.
    package var description: String {
        switch family {
        case .version4:
            return [24, 16, 8, 0].map { "\(bits >> $0 & 0xFF)" }.joined(separator: ".")
        case .version6:
            let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * $0)) }
            let texts = groups.map { String($0, radix: 16) }
            let gap = Self.longestZeros(groups)
            guard gap.count > 1 else { return texts.joined(separator: ":") }
            return texts[..<gap.lowerBound].joined(separator: ":") + "::"
                + texts[gap.upperBound...].joined(separator: ":")
        }
    }

    /// The first of the longest runs of zeros.
    private static func longestZeros(_ groups: [UInt16]) -> Range<Int> {
        var longest = 0..<0
        var start = 0
        for (index, group) in groups.enumerated() {
            if group != 0 {
                start = index + 1
            } else if index + 1 - start > longest.count {
                longest = start..<index + 1
            }
        }
        return longest
    }
}

/// Percent-encoding of text in URLs and forms.
package enum PercentCoding {
    /// Which characters stand for themselves.
    package struct Kept: Sendable {
        /// Those of `encodeURIComponent` (ECMA-262).
        package static let component = Kept("-_.!~*'()")
        /// The unreserved ones of RFC 3986, section 2.3.
        package static let unreserved = Kept("-._~")

        fileprivate let isKept: [Bool]

        private init(_ marks: String) {
            var isKept = [Bool](repeating: false, count: 256)
            let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
            for byte in (letters + marks).utf8 { isKept[Int(byte)] = true }
            self.isKept = isKept
        }
    }

    /// Encodes once, with uppercase digits.
    package static func encode(_ text: String, keeping kept: Kept) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if kept.isKept[Int(byte)] {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Decodes once; nil for broken escapes and for bytes that are not UTF-8.
    ///
    /// - Parameters:
    ///   - encoded: the bytes as they came.
    ///   - plusIsSpace: true in forms, false in paths.
    /// - Returns: the text, or nil.
    @inlinable
    package static func decode(
        _ encoded: some Sequence<UInt8>,
        plusIsSpace: Bool = false
    ) -> String? {
        var decoded: [UInt8] = []
        var iterator = encoded.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(Hexadecimal.value(of:)),
                    let low = iterator.next().flatMap(Hexadecimal.value(of:))
                else { return nil }
                decoded.append(high << 4 | low)
            default:
                decoded.append(byte)
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }
}

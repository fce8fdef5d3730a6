/// The fields of a form body (`application/x-www-form-urlencoded`) in the order they came.
package struct FormFields: Sendable {
    /// The body holds a broken escape, or its text is not UTF-8.
    package struct Malformed: Error {}

    /// One name and value, both decoded.
    package struct Field: Sendable, Equatable {
        package var name: String
        package var value: String
    }

    /// All fields.
    ///
    /// A name may occur several times.
    package let fields: [Field]

    /// Decodes a form body, or a URL's query.
    package init(_ bytes: [UInt8]) throws(Malformed) {
        var fields: [Field] = []
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let halves = pair.split(
                separator: UInt8(ascii: "="),
                maxSplits: 1,
                omittingEmptySubsequences: false
            )
            let value = halves.count > 1 ? halves[1] : []
            fields.append(
                Field(
                    name: try Self.decode(halves[0], plusIsSpace: true),
                    value: try Self.decode(value, plusIsSpace: true)
                )
            )
        }
        self.fields = fields
    }

    /// The values under a name: more than one when it is repeated.
    package func values(named name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// The first value under a name.
    package subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    /// Undoes percent-encoding once; the result must be UTF-8.
    ///
    /// - Parameters:
    ///   - encoded: the bytes as they came.
    ///   - plusIsSpace: true in forms and queries, false in paths.
    /// - Returns: the text.
    /// - Throws: `Malformed`
    package static func decode(
        _ encoded: some Sequence<UInt8>,
        plusIsSpace: Bool
    ) throws(Malformed) -> String {
        var decoded: [UInt8] = []
        var iterator = encoded.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "+") where plusIsSpace:
                decoded.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(hexDigit),
                    let low = iterator.next().flatMap(hexDigit)
                else { throw Malformed() }
                decoded.append(high << 4 | low)
            default:
                decoded.append(byte)
            }
        }
        guard let text = String(validating: decoded, as: UTF8.self) else { throw Malformed() }
        return text
    }

    /// Percent-encodes everything but RFC 3986's unreserved characters.
    package static func encode(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in text.utf8 {
            switch Unicode.Scalar(byte) {
            case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "_", "~":
                encoded.append(byte)
            default:
                encoded += [
                    UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)],
                ]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }
}

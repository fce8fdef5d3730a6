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

    init(fields: [Field]) {
        self.fields = fields
    }

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
                    name: try Self.decode(halves[0]),
                    value: try Self.decode(value)
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

    private static func decode(_ encoded: ArraySlice<UInt8>) throws(Malformed) -> String {
        guard let text = PercentCoding.decode(encoded, plusIsSpace: true) else {
            throw Malformed()
        }
        return text
    }
}

/// Reads lines that each end with a newline, byte by byte.
///
/// Never over `Character`: what follows a newline must not be able to join it.
package struct LineReader {
    /// What ends a line.
    package static let newline = UInt8(ascii: "\n")

    private let bytes: [UInt8]
    private var index = 0

    /// Begins at the first of these bytes.
    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Whether everything has been read.
    package var isAtEnd: Bool { index == bytes.count }

    /// What has not been read.
    package var rest: ArraySlice<UInt8> { bytes[index...] }

    /// The next line without its newline; nil at the end, or when the last line has no newline.
    package mutating func line() -> ArraySlice<UInt8>? {
        guard let end = bytes[index...].firstIndex(of: Self.newline) else { return nil }
        defer { index = end + 1 }
        return bytes[index..<end]
    }

    /// The next line behind this word and a space.
    package mutating func line(after word: String) -> ArraySlice<UInt8>? {
        let start = index
        let prefix = Array("\(word) ".utf8)
        guard let line = line(), line.starts(with: prefix) else {
            index = start
            return nil
        }
        return line.dropFirst(prefix.count)
    }

    /// Lines up to and without the next empty one; nil when one is no hash, or no empty line
    /// follows.
    mutating func hashes() -> [MerkleHash]? {
        var hashes: [MerkleHash] = []
        while let line = line() {
            if line.isEmpty { return hashes }
            guard let hash = MerkleHash(base64: line) else { return nil }
            hashes.append(hash)
        }
        return nil
    }

    /// Decimal digits without leading zeroes; nil for anything else, and beyond `Int`.
    package static func decimal(_ digits: some Collection<UInt8>) -> Int? {
        guard let first = digits.first, digits.count == 1 || first != UInt8(ascii: "0") else {
            return nil
        }
        var number = 0
        for character in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(character) else { return nil }
            let (tens, overTens) = number.multipliedReportingOverflow(by: 10)
            let (sum, overSum) = tens.addingReportingOverflow(
                Int(character - UInt8(ascii: "0"))
            )
            guard !overTens, !overSum else { return nil }
            number = sum
        }
        return number
    }
}

extension String {
    /// Whether two texts are the same bytes.
    ///
    /// `==` also takes two spellings of one character for
    /// the same, which no signature does.
    package func isIdentical(to other: String) -> Bool {
        utf8.elementsEqual(other.utf8)
    }

    /// Whether this can stand as one line of a note: not empty, no control characters.
    package var isNoteLine: Bool {
        !isEmpty && utf8.allSatisfy { $0 >= UInt8(ascii: " ") }
    }
}

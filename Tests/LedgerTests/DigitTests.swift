import Ledger
import Testing

@Suite("hexadecimal digits in records")
struct DigitTests {
    private static let digits = Set("0123456789abcdef".utf8)

    /// The text with each byte in each of these places.
    private func variants(
        of text: String,
        at places: some Sequence<Int>
    ) -> [(place: Int, byte: UInt8, text: [UInt8])] {
        places.flatMap { place in
            (UInt8.min...UInt8.max).map { byte in
                var bytes = Array(text.utf8)
                bytes[place] = byte
                return (place, byte, bytes)
            }
        }
    }

    /// Reads a text that is right, or wrong at one place.
    private func check(
        _ bytes: [UInt8],
        _ place: Int,
        isRight: Bool,
        read: (inout RecordReader) throws -> String
    ) throws {
        var reader = RecordReader(bytes)
        if isRight {
            let text = try read(&reader)
            #expect("\"\(text)\"".utf8.elementsEqual(bytes))
        } else {
            #expect(throws: RecordError.malformed(offset: place)) { try read(&reader) }
        }
    }

    @Test("each byte in each place of a fingerprint is a digit or an error that names the place")
    func fingerprints() throws {
        let text = "\"0123456789abcdeffedcba9876543210\""
        for (place, byte, bytes) in variants(of: text, at: 1...32) {
            let isRight = Self.digits.contains(byte)
            try check(bytes, place, isRight: isRight) { try $0.fingerprint().description }
        }
    }

    @Test("each byte in each place of an identifier is a digit or an error that names the place")
    func identifiers() throws {
        let text = "\"01a22a1e-9bc4-7def-8a65-0fedcba98765\""
        let dashes: Set = [9, 14, 19, 24]
        for (place, byte, bytes) in variants(of: text, at: 1...36) {
            let isRight =
                dashes.contains(place)
                ? byte == UInt8(ascii: "-") : Self.digits.contains(byte)
            try check(bytes, place, isRight: isRight) { try $0.identifier().description }
        }
    }

    @Test("what ends within its digits is an error at its end")
    func ends() {
        for count in 1...32 {
            let text = "\"0123456789abcdeffedcba9876543210"
            var reader = RecordReader(Array(text.utf8.prefix(count)))
            #expect(throws: RecordError.malformed(offset: count)) { try reader.fingerprint() }
        }
    }
}

internal import Wire

/// The keyed fingerprint of a value: HMAC-SHA-256 truncated to 128 bits (RFC 4868,
/// HMAC-SHA-256-128).
///
/// Events name tokens, sessions and persons by fingerprint, never by value. Without the
/// deployment's fingerprint key nobody can test a guess against it.
package struct Fingerprint: Sendable, Hashable {
    /// How many bytes a fingerprint has.
    package static let byteCount = 16

    /// The 16 bytes as one number, most significant byte first.
    let value: UInt128

    /// Takes the first 16 bytes of a MAC; nil when there are fewer.
    package init?(_ bytes: some Sequence<UInt8>) {
        var value: UInt128 = 0
        var count = 0
        for byte in bytes.prefix(Self.byteCount) {
            value = value << 8 | UInt128(byte)
            count += 1
        }
        guard count == Self.byteCount else { return nil }
        self.value = value
    }

    /// The same from an array: whoever reads many rows pays for what is generic.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.byteCount else { return nil }
        var value: UInt128 = 0
        for index in 0..<Self.byteCount { value = value << 8 | UInt128(bytes[index]) }
        self.value = value
    }

    init(value: UInt128) {
        self.value = value
    }

    /// Reads 32 hexadecimal digits; nil for anything else.
    package init?(hexadecimal text: some StringProtocol) {
        guard text.utf8.count == 2 * Self.byteCount, let bytes = Hexadecimal.decode(text) else {
            return nil
        }
        self.init(bytes)
    }

    /// The 16 bytes.
    package var bytes: [UInt8] { Identifier(value: value).bytes }
}

extension Fingerprint: CustomStringConvertible {
    package var description: String { Hexadecimal.encode(bytes) }

    /// Appends the 32 digits of the form in records.
    func append(to text: inout [UInt8]) {
        Identifier(value: value).appendDigits(to: &text)
    }
}

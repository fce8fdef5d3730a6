internal import Ledger

/// What a MAC or a ciphertext is bound to: what it is for, words that tell it apart, and bytes.
///
/// Both texts end in a zero byte, and all bytes but the last have a fixed length, so no two uses coincide.
struct AssociatedBytes {
    private(set) var bytes: [UInt8] = []

    /// More than most have, so that the memory is asked for once.
    private static let usualCount = 1_024

    /// Words that hold no blank of their own.
    init(_ use: StaticString, _ first: String, _ rest: String...) {
        bytes.reserveCapacity(Self.usualCount)
        bytes += "token-ledger/1 ".utf8
        use.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(0)
        bytes += first.utf8
        for word in rest {
            bytes.append(UInt8(ascii: " "))
            bytes += word.utf8
        }
        bytes.append(0)
    }

    mutating func append(_ id: Identifier) { id.appendBytes(to: &bytes) }

    mutating func append(_ owner: ValueOwner) {
        append(owner.app)
        append(owner.subject)
    }

    mutating func append(contentsOf more: [UInt8]) { bytes += more }

    mutating func append(contentsOf text: String.UTF8View) { bytes += text }
}

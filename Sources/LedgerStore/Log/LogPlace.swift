internal import MerkleLog
internal import Wire

/// A place in a log that says what stands there, so that whoever comes back is told when it is
/// something else.
///
/// A database that was restored, or whose standby had not got everything, gives out positions a
/// second time (docs/decisions/0028-appends-go-on-after-a-loss.md). Who went on by the position alone
/// would pass over the events that stand there now.
package struct LogPlace: Sendable, Hashable, CustomStringConvertible {
    /// The position of an event.
    package let position: Int64
    /// The first bytes of the hash that the event has as a leaf of the log's tree: it is told in tiles,
    /// too, and leads to nothing of the record.
    ///
    /// Enough that another event has the same once in four thousand million times.
    let check: UInt32

    init(position: Int64, check: UInt32) {
        self.position = position
        self.check = check
    }

    /// Where an event stands.
    package init(of event: StoredEvent) {
        self.init(position: event.position, leaf: MerkleHash(leaf: event.bytes))
    }

    /// Where what has this leaf hash stands.
    init(position: Int64, leaf: MerkleHash) {
        guard let check = UInt32(bigEndianBytes: leaf.bytes.prefix(Self.checkBytes)) else {
            preconditionFailure("a hash has more bytes than a check")
        }
        self.init(position: position, check: check)
    }

    static let checkBytes = MemoryLayout<UInt32>.size

    /// Reads what `description` wrote; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let position = Int64(parts[0]), position >= 0,
            let bytes = Hexadecimal.decode(parts[1]), let check = UInt32(bigEndianBytes: bytes)
        else { return nil }
        self.init(position: position, check: check)
        guard description == text else { return nil }
    }

    /// `41-9f86d081`.
    package var description: String { "\(position)-" + Hexadecimal.encode(check.bigEndianBytes) }
}

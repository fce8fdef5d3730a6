internal import Crypto
package import Ledger
package import MerkleLog
internal import Wire

/// What a bundle says of itself: what was asked, by whom and why, and which files answer it.
///
/// The log signs its SHA-256 (`manifest.note`). It is written last: a folder without it is
/// unfinished.
package struct BundleManifest: Sendable, Equatable {
    /// How it is shown that the events are in the checkpoint's tree.
    package enum Proof: String, Sendable {
        /// The events are the whole tree; anybody can compute its root.
        case root
        /// Each event has an inclusion proof.
        case inclusion
    }

    /// A file of the bundle.
    package struct File: Sendable, Equatable {
        package var name: String
        package var bytes: Int64
        /// The SHA-256 of its bytes.
        package var sha256: MerkleHash
        /// Lines of the content that was compressed; in a CSV file, rows with the header.
        package var lines: Int64

        package init(name: String, bytes: Int64, sha256: MerkleHash, lines: Int64) {
            self.name = name
            self.bytes = bytes
            self.sha256 = sha256
            self.lines = lines
        }
    }

    package static let format: StaticString = "token-ledger/bundle/1"
    /// Of the list of what a bundle's page holds, which is no bundle.
    static let pageFormat: StaticString = "token-ledger/page/1"

    package var export: Identifier
    package var madeAt: Timestamp
    package var madeBy: String
    package var reason: String
    /// The log's name, which stands in its checkpoints.
    package var origin: String
    /// The log's key, as text; nobody vouches for it but the bundle itself.
    package var verifierKey: String
    package var query: EventQuery
    /// The positions that the query was asked over.
    package var positions: Range<Int64>
    /// How many events the checkpoint's tree has.
    package var treeSize: Int64
    package var root: MerkleHash
    package var proof: Proof
    /// How many events the bundle has.
    package var events: Int64
    /// From the first event's position to the last one's; nil without an event.
    package var span: ClosedRange<Int64>?
    /// Every other file, except `manifest.note`, by name.
    package var files: [File]

    /// The bytes of `manifest.json`, or of another list of files that the log signs in this form.
    package func encoded(as format: StaticString = format) -> [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("format", "\(format)")
        writer.member("export", export)
        writer.member("made_at", madeAt)
        writer.member("made_by", madeBy)
        writer.member("reason", reason)
        writer.member("origin", origin)
        writer.member("verifier_key", verifierKey)
        writer.key("query")
        query.write(to: &writer)
        writer.key("range")
        writer.open()
        writer.members(positions)
        writer.close()
        writer.member("tree_size", treeSize)
        writer.member("root", root.description)
        writer.member("proof", proof.rawValue)
        writer.member("events", events)
        if let span {
            writer.member("first_position", span.lowerBound)
            writer.member("last_position", span.upperBound)
        }
        writer.key("files")
        writer.openArray()
        for file in files {
            writer.element()
            writer.open()
            writer.member("name", file.name)
            writer.member("bytes", file.bytes)
            writer.member("sha256", file.sha256.hexadecimal)
            writer.member("lines", file.lines)
            writer.close()
        }
        writer.closeArray()
        writer.close()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// The SHA-256 of the bytes of `manifest.json`, which names the bundle.
    package var digest: MerkleHash {
        guard let digest = MerkleHash(SHA256.hash(data: encoded())) else {
            preconditionFailure("A SHA-256 is as long as a hash of the tree.")
        }
        return digest
    }

    /// The text that the log signs over these bytes of a manifest.
    package static func noteText(
        _ bytes: [UInt8],
        format: StaticString = format
    ) -> String {
        let digest = MerkleHash(SHA256.hash(data: bytes))
        return "\(format)\n\(digest?.description ?? "")\n"
    }
}

extension MerkleHash {
    /// The form in which `sha256sum` prints a hash.
    var hexadecimal: String {
        Hexadecimal.encode(bytes)
    }
}

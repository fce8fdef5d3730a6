internal import Ledger
internal import MerkleLog
internal import Wire

/// Where an event stands in the tree, as one line of `proofs.ndjson` (RFC 6962, section 4.5).
struct BundleProof: Equatable {
    var position: Int64
    var path: [MerkleHash]

    init(position: Int64, path: [MerkleHash]) {
        self.position = position
        self.path = path
    }

    /// The line, with its line end.
    func append(to bytes: inout [UInt8]) {
        var writer = JSONWriter()
        writer.open()
        writer.member("leaf_index", position)
        writer.key("audit_path")
        writer.hashes(path)
        writer.close()
        bytes += writer.bytes
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Reads a line without its line end.
    init(decoding line: [UInt8]) throws(RecordError) {
        var reader = RecordReader(line)
        try reader.literal("{\"leaf_index\":")
        position = try reader.count()
        try reader.next("audit_path")
        path = try reader.hashes()
        try reader.literal("}")
        guard reader.isAtEnd else { throw .malformed(offset: line.count) }
    }
}

extension ConsistencyProof {
    /// The bytes of `consistency.json` (RFC 6962, section 4.4).
    var bundleBytes: [UInt8] {
        var writer = JSONWriter()
        writer.open()
        writer.member("first", Int64(old))
        writer.member("second", Int64(new))
        writer.key("consistency")
        writer.hashes(hashes)
        writer.close()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// Reads `consistency.json`.
    init(bundleBytes bytes: [UInt8]) throws(RecordError) {
        var reader = RecordReader(bytes)
        try reader.literal("{\"first\":")
        let old = try reader.count()
        try reader.next("second")
        let new = try reader.count()
        try reader.next("consistency")
        let hashes = try reader.hashes()
        try reader.literal("}\n")
        guard reader.isAtEnd else { throw .malformed(offset: bytes.count) }
        self.init(old: Int(old), new: Int(new), hashes: hashes)
    }
}

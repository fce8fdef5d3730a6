internal import Ledger
internal import MerkleLog
internal import Wire

extension BundleManifest {
    /// Reads `manifest.json`.
    ///
    /// Accepts exactly what `encoded()` gives for a manifest that does not contradict itself. That
    /// the files and the notes are as it says is not part of this.
    package init(decoding bytes: [UInt8]) throws(BundleError) {
        guard bytes.count <= ExportLimits.manifestBytesMax else {
            throw .malformedManifest(what: "it is too large")
        }
        do {
            var reader = RecordReader(bytes)
            self = try Self.read(from: &reader)
            guard reader.isAtEnd else { throw RecordError.malformed(offset: bytes.count) }
        } catch {
            throw .malformedManifest(what: "it is not written as the ledger writes it")
        }
        if let contradiction { throw .malformedManifest(what: contradiction) }
        guard encoded() == bytes else {
            throw .malformedManifest(what: "it is not written as the ledger writes it")
        }
    }

    private static func read(from reader: inout RecordReader) throws(RecordError) -> BundleManifest
    {
        try reader.literal("{\"format\":\"")
        try reader.literal(format)
        try reader.literal("\"")
        try reader.next("export")
        let export = try reader.identifier()
        try reader.next("made_at")
        let madeAt = try reader.recordTime()
        try reader.next("made_by")
        let madeBy = try reader.string()
        try reader.next("reason")
        let reason = try reader.string()
        try reader.next("origin")
        let origin = try reader.string()
        try reader.next("verifier_key")
        let verifierKey = try reader.string()
        try reader.next("query")
        let query = try EventQuery(from: &reader)
        try reader.next("range")
        try reader.literal("{")
        let positions = try reader.positions()
        try reader.literal("}")
        try reader.next("tree_size")
        let treeSize = try reader.count()
        try reader.next("root")
        let root = try reader.hash()
        try reader.next("proof")
        guard let proof = Proof(rawValue: try reader.string()) else {
            throw .malformed(offset: 0)
        }
        try reader.next("events")
        let events = try reader.count()
        let span = try readSpan(from: &reader)
        try reader.next("files")
        let files = try readFiles(from: &reader)
        try reader.literal("}\n")
        return BundleManifest(
            export: export,
            madeAt: madeAt,
            madeBy: madeBy,
            reason: reason,
            origin: origin,
            verifierKey: verifierKey,
            query: query,
            positions: positions,
            treeSize: treeSize,
            root: root,
            proof: proof,
            events: events,
            span: span,
            files: files
        )
    }

    private static func readSpan(
        from reader: inout RecordReader
    ) throws(RecordError) -> ClosedRange<Int64>? {
        var isFirst = false
        guard reader.next("first_position", &isFirst) else { return nil }
        let first = try reader.count()
        try reader.next("last_position")
        let last = try reader.count()
        guard first <= last else { throw .malformed(offset: 0) }
        return first...last
    }

    private static func readFiles(from reader: inout RecordReader) throws(RecordError) -> [File] {
        var files: [File] = []
        try reader.literal("[")
        repeat {
            try reader.literal("{\"name\":")
            let name = try reader.string()
            try reader.next("bytes")
            let bytes = try reader.count()
            try reader.next("sha256")
            guard let hash = MerkleHash(lowercaseHexadecimal: try reader.string()) else {
                throw .malformed(offset: 0)
            }
            try reader.next("lines")
            let lines = try reader.count()
            try reader.literal("}")
            files.append(File(name: name, bytes: bytes, sha256: hash, lines: lines))
        } while reader.skip(",")
        try reader.literal("]")
        return files
    }

    /// What can not be true whatever the files have in them; nil when there is nothing.
    var contradiction: String? {
        if positions.upperBound > treeSize { return "the range ends behind the tree" }
        let isWhole = query.isEmpty && positions == 0..<treeSize
        if proof == .root, !isWhole { return "the root proves nothing about a part of the tree" }
        if (events == 0) != (span == nil) { return "positions and count do not fit" }
        if let span {
            guard positions.lowerBound <= span.lowerBound, span.upperBound < positions.upperBound
            else { return "positions lie outside of the range" }
            if events - 1 > span.upperBound - span.lowerBound {
                return "there are more events than positions"
            }
        }
        if query.isEmpty, events != Int64(positions.count) {
            return "the events are not all of the range, although no filter was set"
        }
        guard let layout else { return "the list of files is not one that the ledger writes" }
        return layout.hasProofs == (proof == .inclusion)
            ? nil : "the inclusion proofs do not fit to the kind of proof"
    }

    /// Which files there are; nil when no bundle has these.
    var layout: BundleLayout? {
        let names = files.map(\.name)
        return BundleLayout.all.first { $0.fileNames == names }
    }
}

extension MerkleHash {
    /// Reads what `hexadecimal` gives.
    init?(lowercaseHexadecimal text: String) {
        guard let bytes = Hexadecimal.decode(text) else { return nil }
        self.init(bytes)
        guard hexadecimal.utf8.elementsEqual(text.utf8) else { return nil }
    }
}

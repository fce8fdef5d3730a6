package import Ledger
package import MerkleLog
internal import Wire

/// What a bundle is to have, decided before its first byte.
package struct BundlePlan: Sendable, Equatable {
    package let export: Identifier
    package let madeAt: Timestamp
    /// Who asked for it, such as `operator` or `key:<id>`.
    package let madeBy: String
    package let reason: String
    package let query: EventQuery
    /// The positions that the query is asked over.
    package let positions: Range<Int64>
    /// The log's key.
    package let verifierKey: VerifierKey
    /// The checkpoint that covers the positions, as published.
    package let checkpoint: SignedNote
    /// An earlier checkpoint of the log, or the same one.
    package let firstCheckpoint: SignedNote
    /// Shows that the checkpoint continues the first one.
    package let consistency: ConsistencyProof
    package let hasCSV: Bool
    package let isGzipped: Bool
    package let hasIdentities: Bool
    /// Whether it has a page that opens in a browser.
    package let hasPage: Bool
    /// What the checkpoint says.
    package let tree: Checkpoint

    /// Makes a plan; throws `BundleError.malformedPlan` when its parts do not fit together.
    package init(
        export: Identifier,
        madeAt: Timestamp,
        madeBy: String,
        reason: String,
        query: EventQuery,
        positions: Range<Int64>,
        verifierKey: VerifierKey,
        checkpoint: SignedNote,
        firstCheckpoint: SignedNote,
        consistency: [MerkleHash],
        hasCSV: Bool = false,
        isGzipped: Bool = false,
        hasIdentities: Bool = false,
        hasPage: Bool = false
    ) throws(BundleError) {
        guard let tree = try? Checkpoint(checkpoint.text),
            let first = try? Checkpoint(firstCheckpoint.text), first.origin == tree.origin
        else { throw .malformedPlan(what: "the checkpoints are not of one log") }
        guard positions.lowerBound >= 0, positions.upperBound <= tree.size else {
            throw .malformedPlan(what: "the checkpoint does not cover the range")
        }
        let texts = [madeBy, reason, query.clientID ?? "", query.types.joined()]
        guard texts.allSatisfy({ $0.utf8.count <= ExportLimits.textBytesMax }) else {
            throw .malformedPlan(
                what: "a text has more than \(ExportLimits.textBytesMax) bytes"
            )
        }
        self.export = export
        self.madeAt = madeAt
        self.madeBy = madeBy
        self.reason = reason
        self.query = query
        self.positions = positions
        self.verifierKey = verifierKey
        self.checkpoint = checkpoint
        self.firstCheckpoint = firstCheckpoint
        self.consistency = ConsistencyProof(old: first.size, new: tree.size, hashes: consistency)
        self.hasCSV = hasCSV
        self.isGzipped = isGzipped
        self.hasIdentities = hasIdentities
        self.hasPage = hasPage
        self.tree = tree
    }

    /// How the events are shown to be in the tree.
    package var proof: BundleManifest.Proof {
        query.isEmpty && positions == 0..<Int64(tree.size) ? .root : .inclusion
    }

    var layout: BundleLayout {
        BundleLayout(
            hasCSV: hasCSV,
            hasProofs: proof == .inclusion,
            hasIdentities: hasIdentities,
            isGzipped: isGzipped,
            hasPage: hasPage
        )
    }

    /// What a later call asks for otherwise; nil when it may go on with this plan.
    ///
    /// The checkpoint and the last position may have grown since, and who asks again, and why,
    /// does not matter: what was begun is finished as it was begun.
    func difference(_ later: BundlePlan) -> String? {
        if tree.origin != later.tree.origin || verifierKey != later.verifierKey { return "log" }
        if query != later.query || positions.lowerBound != later.positions.lowerBound {
            return "query"
        }
        if hasCSV != later.hasCSV || isGzipped != later.isGzipped { return "choice of files" }
        return hasIdentities == later.hasIdentities && hasPage == later.hasPage
            ? nil : "choice of files"
    }
}

extension BundlePlan {
    func write(to writer: inout JSONWriter) {
        writer.open()
        writer.member("export", export)
        writer.member("made_at", madeAt)
        writer.member("made_by", madeBy)
        writer.member("reason", reason)
        writer.key("query")
        query.write(to: &writer)
        writer.members(positions)
        writer.member("verifier_key", verifierKey.description)
        writer.member("checkpoint", String(decoding: checkpoint.bytes, as: UTF8.self))
        writer.member("first_checkpoint", String(decoding: firstCheckpoint.bytes, as: UTF8.self))
        writer.key("consistency")
        writer.hashes(consistency.hashes)
        writer.member("csv", hasCSV)
        writer.member("gzip", isGzipped)
        writer.member("identities", hasIdentities)
        writer.member("page", hasPage)
        writer.close()
    }

    init(from reader: inout RecordReader) throws {
        try reader.literal("{\"export\":")
        let export = try reader.identifier()
        try reader.next("made_at")
        let madeAt = try reader.recordTime()
        try reader.next("made_by")
        let madeBy = try reader.string()
        try reader.next("reason")
        let reason = try reader.string()
        try reader.next("query")
        let query = try EventQuery(from: &reader)
        try reader.literal(",")
        let positions = try reader.positions()
        try reader.next("verifier_key")
        let key = try VerifierKey(try reader.string())
        try reader.next("checkpoint")
        let checkpoint = try SignedNote(Array(try reader.string().utf8))
        try reader.next("first_checkpoint")
        let firstCheckpoint = try SignedNote(Array(try reader.string().utf8))
        try reader.next("consistency")
        let consistency = try reader.hashes()
        try reader.next("csv")
        let hasCSV = try reader.boolean()
        try reader.next("gzip")
        let isGzipped = try reader.boolean()
        try reader.next("identities")
        let hasIdentities = try reader.boolean()
        try reader.next("page")
        let hasPage = try reader.boolean()
        try reader.literal("}")
        try self.init(
            export: export,
            madeAt: madeAt,
            madeBy: madeBy,
            reason: reason,
            query: query,
            positions: positions,
            verifierKey: key,
            checkpoint: checkpoint,
            firstCheckpoint: firstCheckpoint,
            consistency: consistency,
            hasCSV: hasCSV,
            isGzipped: isGzipped,
            hasIdentities: hasIdentities,
            hasPage: hasPage
        )
    }
}

internal import Ledger
package import MerkleLog
package import Wire

/// A record with the proof that the log holds it, as any tool for C2SP tlog-proof reads it.
package struct ProvedEvent: Sendable {
    package let event: StoredEvent
    /// The checkpoint that covers it.
    package let checkpoint: PublishedCheckpoint
    package let proof: EntryProof

    /// Writes the members of an answer: the record as stored, and the proof in two spellings.
    package func write(to writer: inout JSONWriter) {
        event.write(to: &writer)
        writer.member("leaf_hash", MerkleHash(leaf: event.bytes).description)
        writer.member("tree_size", checkpoint.size)
        writer.member("root", checkpoint.root.description)
        writer.key("inclusion")
        writer.openArray()
        for hash in proof.hashes {
            writer.element()
            writer.string(hash.description)
        }
        writer.closeArray()
        writer.member("checkpoint", checkpoint.note)
        writer.member("tlog_proof", String(decoding: proof.bytes, as: UTF8.self))
    }
}

extension StoredEvent {
    /// Writes position and record; its bytes stay as they are stored.
    package func write(to writer: inout JSONWriter) {
        writer.member("position", position)
        if isForged { writer.member("forged", true) }
        writer.key("event")
        writer.json(bytes)
    }
}

extension LedgerStore {
    /// An event with its proof; nil while no checkpoint covers it.
    package func proved(_ event: StoredEvent) async throws -> ProvedEvent? {
        guard let latest = try await shownCheckpoint(log: event.log), event.position < latest.size
        else { return nil }
        var tree = TreeReader(self, size: latest.size, log: event.log)
        let hashes = try await tree.inclusion(of: event.position)
        return ProvedEvent(
            event: event,
            checkpoint: latest,
            proof: try EntryProof(
                index: Int(event.position),
                hashes: hashes,
                note: try SignedNote(Array(latest.note.utf8))
            )
        )
    }
}

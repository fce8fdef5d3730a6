package import Ledger
package import MerkleLog
internal import Wire

/// The proof that a user was erased: the record, and where the signed log holds it.
///
/// It names a pseudonym, and no value (docs/compliance.md#what-a-receipt-proves).
package struct ErasureReceipt: Sendable {
    package let record: Record
    /// Who was erased.
    package let subject: Identifier
    package let proof: EntryProof
    /// The receipt as one line of JSON, as it is answered and kept.
    package let encoded: [UInt8]
    /// The record's bytes, exactly as stored.
    private let bytes: [UInt8]

    /// Makes the receipt of a proved event; nil for one that is no erasure.
    init?(_ proved: ProvedEvent) throws(StoreError) {
        let record = try proved.event.record()
        guard case .subjectErased = record.event, let subject = record.subject else { return nil }
        var writer = JSONWriter()
        writer.open()
        record.writeErasure(to: &writer)
        proved.write(to: &writer)
        writer.close()
        self.record = record
        self.subject = subject
        proof = proved.proof
        encoded = writer.bytes
        bytes = proved.event.bytes
    }

    /// Reads what `encoded` gave; throws `ReceiptError.malformed` for anything else.
    ///
    /// Nothing is verified yet.
    package init(_ encoded: [UInt8]) throws(ReceiptError) {
        guard encoded.count <= StoreLimits.receiptBytesMax,
            let value = try? JSONParser.parse(encoded, depthMax: 8),
            let bytes = value["event"]?.encoded, let record = try? Record(decoding: bytes),
            case .subjectErased = record.event, let subject = record.subject,
            let text = value["tlog_proof"]?.text, let proof = try? EntryProof(Array(text.utf8))
        else { throw .malformed }
        self.record = record
        self.subject = subject
        self.proof = proof
        self.encoded = encoded
        self.bytes = bytes
    }

    /// Where the log holds it.
    package var position: Int64 { Int64(proof.index) }

    /// Checks that the log whose key this is holds the record.
    package func verify(_ key: VerifierKey) throws(ReceiptError) {
        do {
            let checkpoint = try Checkpoint(verifying: proof.note, origin: key.name, keys: [key])
            try proof.inclusion.verify(leaf: MerkleHash(leaf: bytes), root: checkpoint.root)
        } catch {
            throw .unproved
        }
    }
}

/// Why a receipt is none.
package enum ReceiptError: Error, Equatable, CustomStringConvertible {
    case malformed
    /// Its proof does not lead from the record to a checkpoint of this log.
    case unproved

    package var description: String {
        switch self {
        case .malformed: "it is no receipt of an erasure"
        case .unproved: "this log's key has not signed it"
        }
    }
}

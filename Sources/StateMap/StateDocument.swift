internal import Ledger
internal import MerkleLog

/// What one file proves: what is current for a user, by one proof; or that a name is nobody's, by one or several
/// (docs/auditor.md#nobody-in-several-pairs).
///
/// Who was there before pairs of logs were added is in the maps of a closed pair still. So nobody has a name where
/// neither its home nor any closed pair knows it, and each of them says so in a proof of its own.
package struct StateDocument: Sendable, Equatable {
    /// A proof of nobody has 2 KiB with one witness, so this is enough for dozens of witnesses in each pair.
    package static let bytesMax = StateProof.bytesMax + Log.pairsMax * (16 << 10)

    /// At least one; of several the first is that of the name's home.
    package let proofs: [StateProof]

    /// Puts proofs together; refuses several that are not about one name of one ledger, or show somebody.
    package init(_ proofs: [StateProof]) throws(StateProofError) {
        guard let first = proofs.first, proofs.count <= Log.pairsMax else { throw .malformed }
        for proof in proofs where proofs.count > 1 {
            guard proof.states == nil, proof.names?.label == first.names?.label,
                proof.clientID.isIdentical(to: first.clientID),
                proof.statement.deployment.isIdentical(to: first.statement.deployment),
                proof.statement.logs == first.statement.logs
            else { throw .proofsDiffer }
        }
        self.proofs = proofs
    }

    /// The file: one proof after the other.
    package var bytes: [UInt8] { proofs.flatMap(\.bytes) }

    /// Reads a file, strictly: each line that a proof begins with begins one.
    package init(_ bytes: [UInt8]) throws(StateProofError) {
        guard bytes.count <= Self.bytesMax else { throw .malformed }
        var reader = LineReader(bytes)
        var parts: [[UInt8]] = []
        while let line = reader.line() {
            if parts.isEmpty || line.elementsEqual(StateProof.header.utf8) { parts.append([]) }
            parts[parts.count - 1] += line + [LineReader.newline]
        }
        guard reader.isAtEnd else { throw .malformed }
        var proofs: [StateProof] = []
        for part in parts { proofs.append(try StateProof(part)) }
        try self.init(proofs)
    }
}

package import MerkleLog

/// Shows what a map holds under a key, or that it holds nothing there.
///
/// The content is that of the Go team's `mpt`; the bytes of an inclusion proof are those of WAICT's
/// "Merkle Patricia Tree spec". That spec leaves absence open: ours is a byte 0 in the place of the
/// 1, then the key and value that are found instead, and their way to the root. Nothing follows in
/// the proof of an empty map.
package struct MapProof: Sendable, Equatable {
    /// An inner node on the way: where its sides part, and the hash of the side not taken.
    package struct Step: Sendable, Equatable {
        let bit: UInt8
        let neighbour: MerkleHash
    }

    /// The leaf that the way ends at.
    package enum End: Sendable, Equatable {
        /// The key is there, with this value.
        case present(MerkleHash)
        /// This key is found instead, so the one that was asked for is not there.
        case other(key: MerkleHash, value: MerkleHash)
        /// There is no key at all.
        case empty
    }

    private static let header = Array("mptproof".utf8)
    private static let presentMark: UInt8 = 1
    private static let absentMark: UInt8 = 0
    private static let stepBytes = 1 + MerkleHash.byteCount
    /// Bits go down from 255 to 0, each once at most.
    package static let bytesMax =
        header.count + 1 + 2 * MerkleHash.byteCount + MerkleHash.bitCount * stepBytes

    /// What was found.
    package let end: End
    /// From the leaf to the root.
    package let steps: [Step]

    init(end: End, steps: [Step]) {
        self.end = end
        self.steps = steps
    }

    /// Checks the proof against a root, and gives the value that the map holds under the key; nil
    /// where it holds none.
    package func verify(key: MerkleHash, root: MerkleHash) throws(MapProofError) -> MerkleHash? {
        let value: MerkleHash?
        let found: MerkleHash
        var hash: MerkleHash
        switch end {
        case .empty:
            guard steps.isEmpty, root == .emptyTree else { throw .rootDiffers }
            return nil
        case .present(let held):
            value = held
            found = key
            hash = MerkleHash(key: key, value: held)
        case .other(let other, let held):
            guard other != key else { throw .presentKeyDenied }
            value = nil
            found = other
            hash = MerkleHash(key: other, value: held)
        }
        var above = MerkleHash.bitCount
        for step in steps {
            guard Int(step.bit) < above else { throw .bitsOutOfOrder }
            above = Int(step.bit)
            guard found.bit(step.bit) == key.bit(step.bit) else { throw .otherWay }
            hash =
                found.bit(step.bit)
                ? MerkleHash(step.neighbour, hash, partingAt: step.bit)
                : MerkleHash(hash, step.neighbour, partingAt: step.bit)
        }
        guard hash == root else { throw .rootDiffers }
        return value
    }

    /// The proof as bytes.
    package var bytes: [UInt8] {
        var bytes = Self.header
        switch end {
        case .present(let value):
            bytes.append(Self.presentMark)
            value.append(to: &bytes)
        case .other(let key, let value):
            bytes.append(Self.absentMark)
            key.append(to: &bytes)
            value.append(to: &bytes)
        case .empty:
            bytes.append(Self.absentMark)
        }
        for step in steps {
            bytes.append(step.bit)
            step.neighbour.append(to: &bytes)
        }
        return bytes
    }

    /// Reads a proof; `verify` says whether it is one.
    package init(_ bytes: [UInt8]) throws(MapProofError) {
        guard bytes.count <= Self.bytesMax, bytes.starts(with: Self.header),
            let mark = bytes.dropFirst(Self.header.count).first
        else { throw .malformed }
        var rest = bytes.dropFirst(Self.header.count + 1)
        switch mark {
        case Self.presentMark:
            guard let value = MerkleHash(rest.prefix(MerkleHash.byteCount)) else {
                throw .malformed
            }
            end = .present(value)
            rest = rest.dropFirst(MerkleHash.byteCount)
        case Self.absentMark where rest.isEmpty:
            end = .empty
        case Self.absentMark:
            guard
                let leaf = MerkleHash.list(Array(rest.prefix(2 * MerkleHash.byteCount))),
                leaf.count == 2
            else { throw .malformed }
            end = .other(key: leaf[0], value: leaf[1])
            rest = rest.dropFirst(2 * MerkleHash.byteCount)
        default: throw .malformed
        }
        var steps: [Step] = []
        while let bit = rest.first {
            guard let neighbour = MerkleHash(rest.dropFirst().prefix(MerkleHash.byteCount)) else {
                throw .malformed
            }
            steps.append(Step(bit: bit, neighbour: neighbour))
            rest = rest.dropFirst(Self.stepBytes)
        }
        self.steps = steps
    }
}

internal import Ledger
internal import MerkleLog
internal import Wire

extension RecordReader {
    /// Reads the name of a member that may be absent, with the comma before it.
    mutating func next(_ name: StaticString, _ isFirst: inout Bool) -> Bool {
        var ahead = self
        guard isFirst || ahead.skip(","), ahead.skip("\""), ahead.skip(name), ahead.skip("\":")
        else { return false }
        isFirst = false
        self = ahead
        return true
    }

    /// Reads a number that can not be negative.
    mutating func count() throws(RecordError) -> Int64 {
        let number = try integer()
        guard number >= 0 else { throw .malformed(offset: 0) }
        return number
    }

    /// Reads a hash as base64.
    mutating func hash() throws(RecordError) -> MerkleHash {
        guard let hash = MerkleHash(base64: Array(try string().utf8)) else {
            throw .malformed(offset: 0)
        }
        return hash
    }

    /// Reads the hashes of a proof.
    mutating func hashes() throws(RecordError) -> [MerkleHash] {
        try literal("[")
        var hashes: [MerkleHash] = []
        guard !skip("]") else { return hashes }
        repeat {
            guard hashes.count < InclusionProof.hashesMax else { throw .malformed(offset: 0) }
            hashes.append(try hash())
        } while skip(",")
        try literal("]")
        return hashes
    }
}

extension JSONWriter {
    /// Writes the hashes of a proof.
    mutating func hashes(_ hashes: [MerkleHash]) {
        openArray()
        for hash in hashes {
            element()
            string(hash.description)
        }
        closeArray()
    }
}

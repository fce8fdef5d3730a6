import MerkleLog
import SeededRandom
import Testing

@Suite("Inclusion and consistency proofs")
struct ProofTests {
    private let tree = SampleTree.small

    @Test("roots at every size up to 1,024 are those of the definition")
    func roots() {
        var frontier = TreeFrontier()
        var builder = TileBuilder()
        for size in 0...1_024 {
            let root = tree.root(size)
            #expect(frontier.root == root)
            #expect(builder.root == root)
            if size <= 256 || size.isMultiple(of: 31) {
                #expect(Definition.root(tree.leaves[..<size]) == root)
            }
            guard size < 1_024 else { break }
            frontier.append(tree.leaves[size])
            builder.append(tree.leaves[size])
        }
    }

    @Test("proofs are those of the definition, for every pair up to 40")
    func definition() throws {
        for size in 1...40 {
            let leaves = tree.leaves[..<size]
            for index in 0..<size {
                let path = Definition.path(index, leaves)
                #expect(try tree.inclusion(of: index, in: size).hashes == path)
                let proof = Definition.proof(index + 1, leaves)
                #expect(try tree.consistency(from: index + 1, to: size).hashes == proof)
            }
        }
    }

    @Test("every entry is proved in every tree up to 256, and in chosen places up to 1,024")
    func inclusion() throws {
        for size in 1...1_024 {
            let root = tree.root(size)
            let chosen = [0, 1, size / 3, size / 2, size - 2, size - 1].filter {
                (0..<size).contains($0)
            }
            for index in size <= 256 ? Array(0..<size) : chosen {
                let proof = try tree.inclusion(of: index, in: size)
                try proof.verify(leaf: tree.leaves[index], root: root)
            }
        }
    }

    @Test("every tree up to 256 is proved to continue every older one, and chosen ones to 1,024")
    func consistency() throws {
        var numbers = SeededRandom(seed: 6_962)
        let roots = (0...1_024).map(tree.root)
        for new in 0...1_024 {
            let chosen = (0..<6).map { _ in Int.random(in: 0...new, using: &numbers) }
            for old in new <= 256 ? Array(0...new) : chosen {
                let proof = try tree.consistency(from: old, to: new)
                try proof.verify(oldRoot: roots[old], newRoot: roots[new])
            }
        }
    }

    @Test("no changed inclusion proof is accepted")
    func mutatedInclusion() throws {
        for size in 1...34 {
            let root = tree.root(size)
            for index in 0..<size {
                let proof = try tree.inclusion(of: index, in: size)
                let leaf = tree.leaves[index]
                for hashes in try mutations(of: proof.hashes) {
                    let other = InclusionProof(index: index, size: size, hashes: hashes)
                    #expect(throws: ProofError.self) { try other.verify(leaf: leaf, root: root) }
                }
                for place in -1...size where place != index {
                    let other = InclusionProof(index: place, size: size, hashes: proof.hashes)
                    #expect(throws: ProofError.self) { try other.verify(leaf: leaf, root: root) }
                }
                let (otherLeaf, otherRoot) = try (leaf.turned, root.turned)
                #expect(throws: ProofError.self) { try proof.verify(leaf: otherLeaf, root: root) }
                #expect(throws: ProofError.self) { try proof.verify(leaf: leaf, root: otherRoot) }
            }
        }
    }

    @Test("no changed consistency proof is accepted")
    func mutatedConsistency() throws {
        for new in 0...34 {
            let newRoot = tree.root(new)
            for old in 0...new {
                let oldRoot = tree.root(old)
                let proof = try tree.consistency(from: old, to: new)
                for hashes in try mutations(of: proof.hashes) {
                    let other = ConsistencyProof(old: old, new: new, hashes: hashes)
                    #expect(throws: ProofError.self, "\(old) to \(new)") {
                        try other.verify(oldRoot: oldRoot, newRoot: newRoot)
                    }
                }
                let (otherOld, otherNew) = try (oldRoot.turned, newRoot.turned)
                #expect(throws: ProofError.self) {
                    try proof.verify(oldRoot: otherOld, newRoot: newRoot)
                }
                // Every tree continues the empty one, so only there a new root says nothing.
                if old > 0 {
                    #expect(throws: ProofError.self) {
                        try proof.verify(oldRoot: oldRoot, newRoot: otherNew)
                    }
                }
                let backwards = ConsistencyProof(old: new, new: old, hashes: proof.hashes)
                if old < new {
                    #expect(throws: ProofError.sizesOutOfRange(from: new, to: old)) {
                        try backwards.verify(oldRoot: newRoot, newRoot: oldRoot)
                    }
                }
            }
        }
    }

    @Test("a proof that is too long or too short is called so")
    func wrongLength() throws {
        let (leaf, root) = (tree.leaves[5], tree.root(11))
        let hashes = try tree.inclusion(of: 5, in: 11).hashes
        for other in [hashes.dropLast(), hashes + [leaf], []] {
            let proof = InclusionProof(index: 5, size: 11, hashes: other)
            #expect(throws: ProofError.wrongLength) { try proof.verify(leaf: leaf, root: root) }
        }
        let between = try tree.consistency(from: 6, to: 11).hashes
        for other in [between.dropLast(), between + [leaf], []] {
            let proof = ConsistencyProof(old: 6, new: 11, hashes: other)
            #expect(throws: ProofError.wrongLength) {
                try proof.verify(oldRoot: tree.root(6), newRoot: root)
            }
        }
    }

    @Test("a proof for one size does not pass for a tree of another height")
    func otherHeight() throws {
        let inclusion = try tree.inclusion(of: 1, in: 4).hashes
        #expect(throws: ProofError.wrongLength) {
            try InclusionProof(index: 1, size: 7, hashes: inclusion)
                .verify(leaf: tree.leaves[1], root: tree.root(4))
        }
        let consistency = try tree.consistency(from: 3, to: 4).hashes
        #expect(throws: ProofError.wrongLength) {
            try ConsistencyProof(old: 3, new: 7, hashes: consistency)
                .verify(oldRoot: tree.root(3), newRoot: tree.root(4))
        }
    }

    @Test("there is no proof for what is not in the tree")
    func outOfRange() {
        #expect(throws: ProofError.indexOutOfRange(index: 3, size: 3)) {
            try ProofPlan.inclusion(of: 3, in: 3)
        }
        #expect(throws: ProofError.indexOutOfRange(index: -1, size: 3)) {
            try ProofPlan.inclusion(of: -1, in: 3)
        }
        #expect(throws: ProofError.indexOutOfRange(index: 0, size: 0)) {
            try ProofPlan.inclusion(of: 0, in: 0)
        }
        #expect(throws: ProofError.sizesOutOfRange(from: 4, to: 3)) {
            try ProofPlan.consistency(from: 4, to: 3)
        }
        #expect(throws: ProofError.sizesOutOfRange(from: -1, to: 3)) {
            try ProofPlan.consistency(from: -1, to: 3)
        }
    }

    @Test("the largest sizes that can be counted neither crash nor take long")
    func hugeSizes() throws {
        let hash = MerkleHash.emptyTree
        for size in [Int.max, Int.max - 1, 1 << 62, (1 << 62) + 1] {
            for index in [0, 1, size / 2, size - 1] {
                let hashes = try ProofPlan.inclusion(of: index, in: size).hashes { _ in hash }
                #expect(hashes.count <= InclusionProof.hashesMax)
                let proof = InclusionProof(index: index, size: size, hashes: hashes)
                #expect(throws: ProofError.self) { try proof.verify(leaf: hash, root: hash) }
                let old = index + 1
                let more = try ProofPlan.consistency(from: old, to: size).hashes { _ in hash }
                let consistency = ConsistencyProof(old: old, new: size, hashes: more)
                if old < size {
                    #expect(throws: ProofError.self) {
                        try consistency.verify(oldRoot: hash, newRoot: hash)
                    }
                }
            }
        }
    }

    /// One bit turned, one hash taken away or doubled, one too many, two exchanged.
    private func mutations(of hashes: [MerkleHash]) throws -> [[MerkleHash]] {
        var mutations = [hashes + [.emptyTree], [.emptyTree] + hashes]
        for index in hashes.indices {
            var turned = hashes
            turned[index] = try hashes[index].turned
            var shorter = hashes
            shorter.remove(at: index)
            var longer = hashes
            longer.insert(hashes[index], at: index)
            mutations += [turned, shorter, longer]
            if index > 0 {
                var exchanged = hashes
                exchanged.swapAt(index, index - 1)
                mutations.append(exchanged)
            }
        }
        return mutations
    }
}

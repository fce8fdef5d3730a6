package import MerkleLog

extension MerkleMap {
    /// The keys of the next version that hold one of these values; looks at every key.
    package func nextKeys(holding values: Set<MerkleHash>) -> [MerkleHash] {
        var keys: [MerkleHash] = []
        var waiting = next == .none ? [] : [next]
        while let reference = waiting.popLast() {
            guard !reference.isLeaf else {
                let entry = leaves[reference.index]
                if values.contains(entry.value) { keys.append(entry.key) }
                continue
            }
            let node = nodes[reference.index]
            waiting.append(node[false])
            waiting.append(node[true])
        }
        return keys
    }
}

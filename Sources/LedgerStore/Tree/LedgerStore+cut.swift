internal import Ledger
package import MerkleLog
internal import Vault

extension LedgerStore {
    /// What all logs of events held, by their last checkpoints.
    ///
    /// Those of accesses are looked at first: what was read of a user is then in the facts. Nothing else is
    /// ordered across logs, for a user is in one.
    package func cut() async throws(StoreError) -> Cut {
        let order = logs.list(.access) + logs.list(.facts)
        var trees = Array(
            repeating: Cut.Tree(size: 0, root: .emptyTree),
            count: logs.ofEvents.count
        )
        for log in order {
            guard let latest = try await latestCheckpoint(log: log) else { continue }
            trees[Int(log.id)] = Cut.Tree(size: Int(latest.size), root: latest.root)
        }
        do {
            return try Cut(name: vault.cutSigner.key.name, trees: trees)
        } catch {
            throw .defect
        }
    }
}

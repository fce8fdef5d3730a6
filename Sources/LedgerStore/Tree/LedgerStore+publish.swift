internal import Ledger
internal import MerkleLog
internal import Postgres

extension LedgerStore {
    /// Publishes a checkpoint with the tiles that its growth completed; false when another copy of
    /// the service was first.
    ///
    /// Throws `PublishingBlocked` when another session keeps its lock.
    func publish(
        _ note: SignedNote,
        _ tree: LogTree,
        after previous: Int64?,
        _ pool: PostgresPool
    ) async throws -> Bool {
        do {
            let isPublished = try await pool.query(
                Statement(
                    "publish_checkpoint",
                    "select ledger.publish_checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    .int4(tree.log.id),
                    .int8(previous),
                    .int8(tree.size),
                    .bytea(tree.root.bytes),
                    .text(String(decoding: note.bytes, as: UTF8.self)),
                    .int4Array(tree.tiles.map(\.level)),
                    .int8Array(tree.tiles.map { Int64($0.address.index) }),
                    .byteaArray(tree.tiles.map(\.bytes)),
                    .byteaArray(tree.tiles.map { $0.root.bytes })
                )
            ) { result throws(PostgresError) in try result.bool(0, 0) }
            treeCache.checkpoints.forget(tree.log)
            return isPublished
        } catch {
            guard error.code == .timedOut else { throw error }
            throw PublishingBlocked(holders: try await holders(of: .publisher, pool))
        }
    }
}

/// A session of somebody else keeps the lock that a checkpoint is published under.
struct PublishingBlocked: Error, CustomStringConvertible {
    let holders: String

    var description: String { "ledger.publisher is locked: \(holders)" }
}

internal import Ledger
internal import MerkleLog
internal import Postgres
internal import Vault

extension LedgerStore {
    /// Publishes a checkpoint with the tiles that its growth completed; false when another copy of
    /// the service was first.
    ///
    /// Throws `PublishingBlocked` when another session keeps its lock, and `EvidenceInTheWay` when
    /// something stands in its place that no sound checkpoint covers.
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
                    "select ledger.publish_checkpoint($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                    .bytea(vault.databaseSecret),
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
            if error.sqlState == .uniqueViolation {
                throw EvidenceInTheWay(table: error.table ?? "")
            }
            guard error.code == .timedOut else { throw error }
            let holders = try await holders(of: .publisher, pool)
            await HeldLocks(pool: pool, logger: logger).end()
            throw PublishingBlocked(holders: holders)
        }
    }
}

/// A session of somebody else keeps the lock that a checkpoint is published under.
struct PublishingBlocked: Error, CustomStringConvertible {
    let holders: String

    var description: String { "ledger.publisher is locked: \(holders)" }
}

/// What somebody with the owner's rights stored where a checkpoint or a tile belongs.
struct EvidenceInTheWay: Error, CustomStringConvertible {
    let table: String

    var description: String {
        "a \(table) is stored already where the next one belongs: token-ledger checkpoint repair "
            + "sets aside what the deployment did not sign"
    }
}

package import Ledger
package import MerkleLog
internal import Postgres
internal import Vault

/// A checkpoint as it is stored, sound or not.
package struct StoredCheckpoint: Sendable {
    package let size: Int64
    /// When the database stored it.
    package let publishedAt: Timestamp
    /// As served; nil where it is not one that our key has signed for its size and root.
    package let note: SignedNote?
    /// The names of those who signed it beside the log itself, as the note has them: nobody has checked their
    /// signatures, for that takes their keys.
    package let witnesses: [String]
}

extension LedgerStore {
    /// The verifier key of a log's checkpoints, as C2SP `signed-note` writes it.
    package func verifierKey(of log: Log) -> String {
        vault.checkpointSigner(logID: log.id).key.description
    }

    /// The last checkpoints of a log with at most this size, the largest first.
    package func checkpoints(
        of log: Log,
        upTo size: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredCheckpoint] {
        let key = vault.checkpointSigner(logID: log.id).key
        return try await bulk[log].rows(
            Statement(
                "checkpoints",
                """
                select size, root, note, published_at from ledger.checkpoint
                where log_id = $1 and size <= $2 order by size desc limit $3
                """,
                .int4(log.id),
                .int8(size),
                .int8(Int64(limit))
            )
        ) { [vault] result, row throws(PostgresError) in
            let size = try result.int8(row, 0)
            let text = try result.text(row, 2)
            let root = MerkleHash(try result.bytes(row, 1))
            let isSound =
                root.map {
                    vault.isSound(
                        PublishedCheckpoint(size: size, root: $0, note: text),
                        logID: log.id
                    )
                } ?? false
            let note = isSound ? try? SignedNote(Array(text.utf8)) : nil
            return StoredCheckpoint(
                size: size,
                publishedAt: Timestamp(microseconds: try result.timestamptz(row, 3)),
                note: note,
                witnesses: (note?.signatures ?? []).filter { !$0.isSaidToBe(of: key) }.map(\.name)
            )
        }
    }
}

internal import Ledger
internal import MerkleLog

/// The parts of trees that many ask for, in memory: tiles do not change at their addresses, and
/// nobody needs the last checkpoint newer than a moment ago.
struct TreeCache: Sendable {
    struct Place: Hashable, Sendable {
        let log: Log
        let address: TileAddress
    }

    let tiles = SharedAnswers<Place, Tile>(costMax: StoreLimits.cachedTileBytesMax)
    let checkpoints = SharedAnswers<Log, PublishedCheckpoint>(
        costMax: .max,
        keepsFor: StoreLimits.checkpointTime
    )
}

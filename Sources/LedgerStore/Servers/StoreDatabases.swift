internal import Ledger
internal import Postgres

/// The databases of a store, for one of the uses that share their pools.
// An object, as each of them is (`StoreDatabase`).
final class StoreDatabases: Sendable {
    private let pools: LogPools
    private let databases: [StoreDatabase]

    /// `share` is whose share of each pool the statements take.
    init(pools: LogPools, share: PoolShare = .calls) {
        self.pools = pools
        databases = pools.pools.map { StoreDatabase(pool: $0, share: share) }
    }

    /// The database in which a log stands.
    subscript(log: Log) -> StoreDatabase { databases[pools.place(of: log)] }

    /// The database of the log with this number.
    subscript(logID: Int32) -> StoreDatabase { self[Log(id: logID) ?? .facts] }

    /// The database of apps, keys and webhooks.
    var administration: StoreDatabase { databases[0] }
}

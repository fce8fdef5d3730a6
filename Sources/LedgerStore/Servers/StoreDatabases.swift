internal import Ledger
internal import Postgres

/// The databases of a store, for one of the uses that share their pools.
struct StoreDatabases: Sendable {
    let pools: LogPools
    /// Whose share of each pool the statements take.
    var share = PoolShare.calls

    /// The database in which a log stands.
    subscript(log: Log) -> StoreDatabase { StoreDatabase(pool: pools[log], share: share) }

    /// The database of the log with this number.
    subscript(logID: Int32) -> StoreDatabase { self[Log(id: logID) ?? .facts] }

    /// The database of apps, keys and webhooks.
    var administration: StoreDatabase { StoreDatabase(pool: pools.administration, share: share) }
}

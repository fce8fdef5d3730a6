/// What a connection is wanted for: each share of the pool has its own bounds, so that who asks much of
/// one leaves the others theirs.
package enum PoolShare: Int, Sendable, CaseIterable {
    // The first one is served first.
    /// What stands before every call: keys, apps, readiness. At most half of the connections.
    case lookups
    /// What somebody's popup or a read of current tokens waits for. May have every connection.
    case calls
    /// What anybody may ask much of: lists, trees, exports. At most a quarter, and a short queue.
    case bulk

    /// What it is called in metrics.
    var name: String {
        switch self {
        case .lookups: "lookups"
        case .calls: "calls"
        case .bulk: "bulk"
        }
    }

    /// How many of a pool's connections it has at most.
    func connectionsMax(of all: Int) -> Int {
        switch self {
        case .calls: all
        case .lookups: max(1, all / 2)
        case .bulk: max(1, all / 4)
        }
    }

    /// How many of a pool's waiters it has at most.
    func waitersMax(of all: Int) -> Int {
        switch self {
        case .calls, .lookups: all
        case .bulk: max(1, all / 8)
        }
    }
}

/// How a pool stands at one moment.
struct PoolFigures: Equatable {
    /// One share's part of it.
    struct Share: Equatable {
        let name: String
        let leasedCount: Int
        let connectionsMax: Int
        let waiterCount: Int
        let waitersMax: Int
    }

    let idleCount: Int
    let openingCount: Int
    let connectionsMax: Int
    /// In the order in which they are served.
    let shares: [Share]
}

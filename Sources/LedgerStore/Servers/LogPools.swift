package import Ledger
package import Logging
package import Measures
package import Postgres
internal import ServiceLifecycle

/// Connections to the databases of a deployment: a pool for each of them, found by the log that is asked.
package final class LogPools: Service {
    /// One for each part of the map, in the order of pairs.
    package let pools: [PostgresPool]
    package let map: DatabaseMap
    /// To which part each pair belongs, for who asks in each call; empty where there is one part.
    private let places: [Int]

    /// Makes the pools; each opens connections when it is asked.
    package init(_ map: DatabaseMap, logger: Logger) {
        self.map = map
        pools = map.parts.map { PostgresPool(configuration: $0.database, logger: logger) }
        places =
            map.parts.count == 1
            ? []
            : map.parts.indices.flatMap { [Int](repeating: $0, count: map.parts[$0].pairs.count) }
    }

    /// The pool of the database in which a log stands.
    package subscript(log: Log) -> PostgresPool { pools[place(of: log)] }

    /// The pool of the database of apps, keys and webhooks.
    package var administration: PostgresPool { pools[0] }

    /// The same as the map says.
    package func place(of log: Log) -> Int {
        log.pair < places.count ? places[log.pair] : 0
    }

    /// What was found in the database at this place; where there are several, it says in which.
    func named(_ conditions: [ReadinessCondition], _ place: Int) -> [ReadinessCondition] {
        pools.count == 1
            ? conditions
            : conditions.map { .inDatabase(map.parts[place].name, isFirst: place == 0, $0) }
    }

    /// Works until the program's shutdown.
    package func run() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for pool in pools { group.addTask { try await pool.run() } }
        }
    }

    /// Closes all.
    package func close() {
        for pool in pools { pool.close() }
    }

    /// Adds how the pools go to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        for pool in pools { pool.fill(&page) }
    }
}

internal import Ledger
internal import Measures
internal import MerkleLog
internal import StateMap
internal import Synchronization

/// How the maps do.
struct MapFigures: Sendable {
    /// Why the maps do not follow; nil while they do.
    var problem: String?
    /// At which size of the log of facts somebody stated other roots; stays until the service is started
    /// anew.
    var differsAt: Int64?

    /// How often another statement has come to be proved.
    private(set) var servings = 0

    private let begin = ContinuousClock.now
    private var users: Int?
    private var loadTime: Duration?
    /// How long the log of facts was when it was looked at last.
    private var size: Int64 = 0
    /// The statement that is proved.
    private var served: (facts: Int64, time: Int64)?
    /// From when on there has been something that no proved statement tells of.
    private var behindSince: ContinuousClock.Instant?

    /// How many bytes a key takes in a map (`MerkleMap`).
    private static let keyBytes = 108

    /// Takes how long the log is.
    mutating func saw(size: Int64, at now: ContinuousClock.Instant) {
        self.size = size
        if size > served?.facts ?? -1 { behindSince = behindSince ?? now }
    }

    mutating func loaded(users: Int, within time: Duration) {
        self.users = users
        loadTime = time
    }

    mutating func serves(_ statement: MapStatement, at now: ContinuousClock.Instant) {
        problem = nil
        servings += 1
        served = (Int64(statement.facts.size), Int64(statement.time))
        users = statement.states.count
        behindSince = size > Int64(statement.facts.size) ? now : nil
    }

    /// How many positions no proved statement tells of.
    private var behind: Int64 { max(0, size - (served?.facts ?? 0)) }

    /// What is to be told: the maps are behind for longer than a checkpoint may be.
    func conditions(
        of facts: Log,
        at now: ContinuousClock.Instant,
        standstillMax: Duration
    ) -> [ReadinessCondition] {
        var conditions: [ReadinessCondition] = []
        if let differsAt { conditions.append(.mapDiffers(facts, size: differsAt)) }
        let since = served == nil ? begin : behindSince
        if let since, since.duration(to: now) > standstillMax {
            conditions.append(
                .mapBehind(
                    facts,
                    positions: behind,
                    seconds: since.duration(to: now).components.seconds,
                    why: problem ?? "its last statement has no checkpoint yet"
                )
            )
        }
        return conditions
    }

    /// Adds how the maps do to a page of metrics; what is not known yet is not there.
    func fill(_ page: inout MetricPage, _ log: Log) {
        let labels: MetricPage.Labels = ["log": log.name]
        for family in [MetricFamily.users, .rootTime, .bytes, .loadTime] { page.name(family) }
        page.add(.behind, Int(behind), labels)
        page.add(.differs, is: differsAt != nil, labels)
        if let served { page.add(.rootTime, Double(served.time), labels) }
        if let users {
            page.add(.users, users, labels)
            // Both maps have a key for each.
            page.add(.bytes, 2 * users * Self.keyBytes, labels)
        }
        if let loadTime { page.add(.loadTime, loadTime, labels) }
    }
}

extension MapKeeper {
    /// How long the maps may be behind before that is told, as for a log without checkpoints.
    private static let standstillMax = Integrator.standstillMax

    /// What somebody should look at; launches go on.
    nonisolated var conditions: [ReadinessCondition] {
        figures.withLock { $0 }
            .conditions(of: facts, at: .now, standstillMax: Self.standstillMax)
    }

    /// Goes up when another statement comes to be proved: until then the same is.
    package nonisolated var servings: Int { figures.withLock { $0.servings } }

    /// Adds how the maps do to a page of metrics.
    nonisolated func fill(_ page: inout MetricPage) {
        figures.withLock { $0 }.fill(&page, facts.map)
    }
}

extension MetricFamily {
    fileprivate static let users = gauge(
        "token_ledger_map_users",
        "Users in the map of current states, erased ones among them"
    )
    fileprivate static let behind = gauge(
        "token_ledger_map_positions_behind",
        "How many positions of the log of facts no proved root of the map covers"
    )
    fileprivate static let rootTime = gauge(
        "token_ledger_map_root_timestamp_seconds",
        "When the root that is proved was stated, in seconds since 1970"
    )
    fileprivate static let differs = gauge(
        "token_ledger_map_differs",
        "Whether another root was stated for what this copy of the service has in its map"
    )
    fileprivate static let bytes = gauge(
        "token_ledger_map_bytes",
        "What the maps of states and names take in memory, about"
    )
    fileprivate static let loadTime = gauge(
        "token_ledger_map_load_seconds",
        "How long the maps took to be made when they were made last"
    )
}

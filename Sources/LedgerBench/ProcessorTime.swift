/// Processor time by who spent it, in seconds.
///
/// Rates move with the neighbours of a machine and with its disk; the work that is done for an
/// operation does not, so it can be compared anywhere.
struct ProcessorTime: Sendable {
    /// The service, or the store with its callers; nil where none takes part.
    var service: Double?
    /// PostgreSQL's processes that serve clients, together; in a reading, those that have ended.
    var postgres: Double
    /// The same for each process that is still there, in a reading: what ends between two readings
    /// must not count as less.
    var connections: [Int: Double] = [:]
    /// Who makes the load; nil where it cannot be told from the store.
    var load: Double?

    /// All of it.
    var sum: Double { (service ?? 0) + postgres + (load ?? 0) }

    static func - (end: ProcessorTime, begin: ProcessorTime) -> ProcessorTime {
        ProcessorTime(
            service: end.service.map { $0 - (begin.service ?? 0) },
            postgres: end.connections.reduce(end.postgres - begin.postgres) {
                $0 + $1.value - (begin.connections[$1.key] ?? 0)
            },
            load: end.load.map { $0 - (begin.load ?? 0) }
        )
    }

    static func * (time: ProcessorTime, factor: Double) -> ProcessorTime {
        ProcessorTime(
            service: time.service.map { $0 * factor },
            postgres: time.postgres * factor,
            load: time.load.map { $0 * factor }
        )
    }
}

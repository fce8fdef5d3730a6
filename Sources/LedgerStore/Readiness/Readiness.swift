internal import Ledger
package import Measures
package import Postgres
internal import Synchronization

/// Whether a launch would be written now, and kept: the conditions that say otherwise.
///
/// Everybody may ask, so the database is asked by one caller at a time and not more often than is
/// of use.
package actor Readiness {
    /// What else has conditions to tell.
    package typealias Source = @Sendable () async -> [ReadinessCondition]

    /// How long an answer is given again.
    private static let answerAge: Duration = .seconds(1)
    /// How long an append that was carried out, or a probe, stands for the next one.
    private static let appendAge: Duration = .seconds(10)
    /// How long an append may be without an answer: the server's own limit is two seconds.
    private static let appendTimeMax: Duration = .seconds(5)

    private let store: LedgerStore
    private let acceptsUnsafeServer: Bool
    private let sources: [Source]
    private var last: (conditions: [ReadinessCondition], time: ContinuousClock.Instant)?
    private var isAsking = false
    private var waiters: [CheckedContinuation<[ReadinessCondition], Never>] = []
    private var lastGoodProbe: ContinuousClock.Instant?
    private nonisolated let shuttingDown = Atomic(false)

    /// Asks a store and further sources.
    ///
    /// `acceptsUnsafeServer` makes warnings of what only makes loss or abuse easier.
    package init(
        store: LedgerStore,
        acceptsUnsafeServer: Bool = false,
        sources: [Source] = []
    ) {
        self.store = store
        self.acceptsUnsafeServer = acceptsUnsafeServer
        self.sources = sources
    }

    /// From now on it is not ready.
    package nonisolated func shutDown() {
        shuttingDown.store(true, ordering: .releasing)
    }

    /// Whether the service is ending.
    package nonisolated var isShuttingDown: Bool { shuttingDown.load(ordering: .acquiring) }

    /// What is to be told, the blocking ones first.
    package func conditions() async -> [(ReadinessCondition, ReadinessCondition.Severity)] {
        let told = (isShuttingDown ? [.shuttingDown] : []) + (await current())
        let rated = rated(told)
        return rated.filter { $0.1 == .blocking } + rated.filter { $0.1 == .warning }
    }

    private func rated(
        _ conditions: [ReadinessCondition]
    ) -> [(ReadinessCondition, ReadinessCondition.Severity)] {
        conditions.map { ($0, $0.severity(acceptsUnsafeServer: acceptsUnsafeServer)) }
    }

    /// What is wrong with the server, whatever the moment: for the start.
    package static func unsafeConditions(
        of store: LedgerStore
    ) async throws(StoreError) -> [ReadinessCondition] {
        var conditions: [ReadinessCondition] = []
        for (place, pool) in store.pools.pools.enumerated() {
            let found = try await serverConditions(pool).filter(\.isUnsafeServer)
            conditions += store.pools.named(found, place)
        }
        return conditions
    }

    /// What is to be told of the server itself, as a session of the service's role sees it.
    package static func serverConditions(
        _ pool: PostgresPool
    ) async throws(StoreError) -> [ReadinessCondition] {
        do {
            return try await ServerState.read(pool).conditions
        } catch {
            throw StoreError(error)
        }
    }

    /// Adds what was told last to a page of metrics: nobody waits here for a database that is away.
    package func fill(_ page: inout MetricPage) {
        let told = rated((isShuttingDown ? [.shuttingDown] : []) + (last?.conditions ?? []))
        for code in ReadinessCondition.codes {
            for severity in [ReadinessCondition.Severity.warning, .blocking] {
                let isSo = told.contains { $0.0.code == code && $0.1 == severity }
                let labels: MetricPage.Labels = ["code": code, "severity": severity.rawValue]
                page.add(.condition, is: isSo, labels)
            }
        }
        page.add(.ready, is: last != nil && !told.contains { $0.1 == .blocking })
        page.name(.readinessAge)
        if let last { page.add(.readinessAge, last.time.duration(to: .now)) }
    }

    private func current() async -> [ReadinessCondition] {
        if let last, last.time.duration(to: .now) < Self.answerAge { return last.conditions }
        // Whoever comes meanwhile waits for the same answer.
        if isAsking { return await withCheckedContinuation { waiters.append($0) } }
        isAsking = true
        let conditions = await ask()
        isAsking = false
        // A caller who went away has learnt nothing for others.
        if !Task.isCancelled { last = (conditions, .now) }
        for waiter in waiters { waiter.resume(returning: conditions) }
        waiters = []
        return conditions
    }

    private func ask() async -> [ReadinessCondition] {
        let logs = store.logs.ofEvents.map { (log: $0, health: store.appendHealth(of: $0)) }
        let stuck = store.pools.pools.indices.map { place in
            stuckAppends(logs.filter { store.pools.place(of: $0.log) == place }.map(\.health))
        }
        var conditions = await databaseConditions(probing: stuck.map(\.isEmpty))
        for (place, stuck) in stuck.enumerated() {
            conditions.insert(contentsOf: store.pools.named(stuck, place), at: 0)
        }
        for (log, health) in logs {
            guard let position = health.lostFrom else { continue }
            conditions.append(.eventsLost(log, from: position))
        }
        for source in sources { conditions += await source().map(placed) }
        return conditions
    }

    /// What is told of the appends of one database that have had no answer for long.
    private func stuckAppends(_ healths: [AppendHealth]) -> [ReadinessCondition] {
        let age = healths.compactMap(\.oldestAppend).max() ?? .zero
        return age > Self.appendTimeMax ? [.appendsStuck(seconds: age.components.seconds)] : []
    }

    /// Where checkpoints have stopped, it says in which database.
    private func placed(_ condition: ReadinessCondition) -> ReadinessCondition {
        guard case .checkpointsStopped(let log, _, _) = condition else { return condition }
        return store.pools.named([condition], store.pools.place(of: log))[0]
    }

    /// `probing` is false, for each database, while an append waits that a probe would only wait behind.
    private func databaseConditions(probing: [Bool]) async -> [ReadinessCondition] {
        let mustProbe = mustProbe
        let looks = store.pools.pools.indices.map {
            DatabaseLook(at: $0, of: store, probes: mustProbe && probing[$0])
        }
        await withDiscardingTaskGroup { group in
            for look in looks { group.addTask { await look.run() } }
        }
        if mustProbe, looks.allSatisfy(\.isProbed) { lastGoodProbe = .now }
        return looks.flatMap { store.pools.named($0.conditions, $0.place) }
    }

    /// Whether nothing says that the last launch could be written.
    private var mustProbe: Bool {
        if store.hasAppended(within: Self.appendAge) { return false }
        guard let probe = lastGoodProbe, probe.duration(to: .now) < Self.appendAge else {
            return true
        }
        // What failed after the probe shows that something has changed.
        return store.lastFailedAppend.map { $0 > probe } ?? false
    }
}

extension MetricFamily {
    fileprivate static let condition = gauge(
        "token_ledger_condition",
        "Whether a condition of /readyz is there, by its code and how much it matters"
    )
    fileprivate static let ready = gauge(
        "token_ledger_ready",
        "Whether a launch would be written now, and kept: what /readyz said last"
    )
    fileprivate static let readinessAge = gauge(
        "token_ledger_readiness_age_seconds",
        "How long ago readiness was found out"
    )
}

package import Ledger
package import Logging
package import Measures
package import Postgres
internal import ServiceLifecycle
package import Vault

/// The ledger kept in PostgreSQL: appends changes, reads users and events.
///
/// Its pool is a service of its own and must run longer than the store.
package final class LedgerStore: Service {
    package let vault: Vault
    package let clock = EventClock()
    let pool: PostgresPool
    /// For what launches, finishes and reads of current tokens wait for.
    let database: StoreDatabase
    /// For what anybody may ask much of: lists, trees, exports.
    let bulk: StoreDatabase
    /// For what is asked for again and again, and answered at once.
    let lookups: StoreDatabase
    let treeCache = TreeCache()
    /// For histories longer than a page that lists need.
    let histories = AppRoom(
        ofAppMax: StoreLimits.historiesOfAppMax,
        inAllMax: StoreLimits.historiesMax
    )
    package let logger: Logger
    /// Which logs there are.
    package let logs: Logs
    /// Of the logs of events, each at the place that is its number.
    private let writers: [LogWriter]
    let users: UserReader
    let directory: AppDirectory
    let keyUses: APIKeyUses
    let gate = KeyGate()
    let claimer: Claimer

    /// Opens the store: looks at the sessions, compares the schema, opens the keys, looks whether the logs are there.
    ///
    /// Throws `StoreOpeningError`; the service must not start then.
    package init(
        pool: PostgresPool,
        rootKeys: RootKeys,
        logger: Logger
    ) async throws(StoreOpeningError) {
        try await SessionCheck.run(pool)
        try await SchemaCheck.run(pool)
        vault = try await Vault(rootKeys: rootKeys, pool: pool)
        let found: Logs?
        do {
            found = try await Logs.read(pool)
        } catch {
            throw .database(error)
        }
        guard let found else { throw .unsupportedLogs }
        logs = found
        self.pool = pool
        database = StoreDatabase(pool: pool)
        bulk = StoreDatabase(pool: pool, share: .bulk)
        lookups = StoreDatabase(pool: pool, share: .lookups)
        self.logger = logger
        let (vault, database) = (vault, database)
        writers = found.ofEvents.map {
            LogWriter(log: $0, database: database, vault: vault, logger: logger)
        }
        users = UserReader(database: database, bulk: bulk)
        claimer = Claimer(
            logs: found,
            database: database,
            secret: vault.databaseSecret
        )
        keyUses = APIKeyUses(database: lookups, logger: logger)
        directory = AppDirectory(database: lookups, vault: vault, uses: keyUses, logger: logger)
    }

    /// Works until the graceful shutdown; what was accepted before is still written.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for writer in self.writers { group.addTask { await writer.run() } }
                group.addTask { await self.users.run() }
                group.addTask { await self.keyUses.run() }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends `run()` after what was accepted.
    package func close() {
        for writer in writers { writer.close() }
        users.close()
        keyUses.close()
    }

    /// How appending to a log goes.
    package func appendHealth(of log: Log) -> AppendHealth { writer(of: log).health }

    /// Whether so many wait for users or for a log of this kind that a caller who has begun nothing had better
    /// come later (docs/decisions/0036-who-can-come-again-is-refused-first.md).
    package func isCrowded(before kind: Log.Kind) -> Bool {
        writers.contains { $0.log.kind == kind && $0.isCrowded } || users.isCrowded
    }

    /// Whether the last append to each log of facts was carried out, not longer ago than this.
    func hasAppended(within time: Duration) -> Bool {
        logs.list(.facts).allSatisfy { writer(of: $0).outcomes.hasSucceeded(within: time) }
    }

    /// When an append of a fact failed last, unless one to the same log succeeded since.
    var lastFailedAppend: ContinuousClock.Instant? {
        logs.list(.facts).compactMap { writer(of: $0).outcomes.lastFailure }.max()
    }

    /// Adds how appends and reads go to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        for writer in writers { writer.fill(&page) }
        users.fill(&page)
        page.add(.crowdMin, StoreLimits.crowdMin)
    }

    /// The writer of a log of events that there is.
    func writer(of log: Log) -> LogWriter {
        precondition(log.kind != .map && logs.contains(log), "Events stand in the logs of events.")
        return writers[Int(log.id)]
    }
}

extension MetricFamily {
    fileprivate static let crowdMin = gauge(
        "token_ledger_crowd_min",
        "How many commands or reads must wait until calls that can be made again are turned away"
    )
}

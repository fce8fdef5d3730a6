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
    private let factWriter: LogWriter
    private let accessWriter: LogWriter
    let users: UserReader
    let directory: AppDirectory
    let keyUses: APIKeyUses
    let gate = KeyGate()

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
        let hasKnownLogs: Bool
        do {
            hasKnownLogs = try await Self.hasKnownLogs(pool)
        } catch {
            throw .database(error)
        }
        guard hasKnownLogs else { throw .unsupportedLogs }
        self.pool = pool
        database = StoreDatabase(pool: pool)
        bulk = StoreDatabase(pool: pool, share: .bulk)
        lookups = StoreDatabase(pool: pool, share: .lookups)
        self.logger = logger
        let (vault, database) = (vault, database)
        let writer = { (log: Log) in
            LogWriter(log: log, database: database, vault: vault, logger: logger)
        }
        factWriter = writer(.facts)
        accessWriter = writer(.access)
        users = UserReader(database: database, bulk: bulk)
        keyUses = APIKeyUses(database: lookups, logger: logger)
        directory = AppDirectory(database: lookups, vault: vault, uses: keyUses, logger: logger)
    }

    /// Works until the graceful shutdown; what was accepted before is still written.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.factWriter.run() }
                group.addTask { await self.accessWriter.run() }
                group.addTask { await self.users.run() }
                group.addTask { await self.keyUses.run() }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends `run()` after what was accepted.
    package func close() {
        factWriter.close()
        accessWriter.close()
        users.close()
        keyUses.close()
    }

    /// How appending to a log goes.
    package func appendHealth(of log: Log) -> AppendHealth { writer(of: log).health }

    /// Whether so many wait for users or for this log that a caller who has begun nothing had better
    /// come later (docs/decisions/0036-who-can-come-again-is-refused-first.md).
    package func isCrowded(before log: Log) -> Bool {
        writer(of: log).isCrowded || users.isCrowded
    }

    /// Whether the last append of a fact was carried out, not longer ago than this.
    func hasAppended(within time: Duration) -> Bool {
        factWriter.outcomes.hasSucceeded(within: time)
    }

    /// When an append of a fact failed last, unless one succeeded since.
    var lastFailedAppend: ContinuousClock.Instant? { factWriter.outcomes.lastFailure }

    /// Adds how appends and reads go to a page of metrics.
    package func fill(_ page: inout MetricPage) {
        for log in Log.ofEvents { writer(of: log).fill(&page) }
        users.fill(&page)
        page.add(.crowdMin, StoreLimits.crowdMin)
    }

    /// The writer of a log.
    func writer(of log: Log) -> LogWriter {
        switch log {
        case .facts: factWriter
        case .access: accessWriter
        case .map: preconditionFailure("The log of maps has no events.")
        }
    }

    /// Whether the database has exactly the logs that this program knows.
    private static func hasKnownLogs(_ pool: PostgresPool) async throws(PostgresError) -> Bool {
        let kinds = try await pool.rows(
            Statement("logs", "select log_id, kind from ledger.log order by log_id")
        ) { result, row throws(PostgresError) in
            "\(try result.int4(row, 0)) \(try result.text(row, 1))"
        }
        return kinds == ["\(Log.facts.id) fact", "\(Log.access.id) access", "\(Log.map.id) map"]
    }
}

extension MetricFamily {
    fileprivate static let crowdMin = gauge(
        "token_ledger_crowd_min",
        "How many commands or reads must wait until calls that can be made again are turned away"
    )
}

package import Ledger
package import Logging
package import Measures
internal import Postgres
internal import ServiceLifecycle
package import Vault

/// The ledger kept in PostgreSQL: appends changes, reads users and events.
///
/// Its pools are a service of their own and must run longer than the store.
package final class LedgerStore: Service {
    package let vault: Vault
    package let clock = EventClock()
    package let pools: LogPools
    /// For what launches, finishes and reads of current tokens wait for.
    let database: StoreDatabases
    /// For what anybody may ask much of: lists, trees, exports.
    let bulk: StoreDatabases
    /// For what is asked for again and again, and answered at once.
    let lookups: StoreDatabases
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
    /// One for each database, for one that is away must not keep those who ask another one.
    private let readers: [UserReader]
    let directory: AppDirectory
    let keyUses: APIKeyUses
    let gate = KeyGate()
    let claimer: Claimer

    /// Opens the store: looks at the sessions, compares the schemas, opens the keys, looks whether the logs are there.
    ///
    /// Throws `StoreOpeningError`; the service must not start then.
    package init(
        pools: LogPools,
        rootKeys: RootKeys,
        logger: Logger
    ) async throws(StoreOpeningError) {
        for pool in pools.pools {
            try await SessionCheck.run(pool)
            try await SchemaCheck.run(pool)
        }
        vault = try await Vault(rootKeys: rootKeys, pools: pools)
        logs = try await Logs.read(pools)
        self.pools = pools
        database = StoreDatabases(pools: pools)
        bulk = StoreDatabases(pools: pools, share: .bulk)
        lookups = StoreDatabases(pools: pools, share: .lookups)
        self.logger = logger
        let (vault, database) = (vault, database)
        writers = logs.ofEvents.map {
            LogWriter(log: $0, database: database[$0], vault: vault, logger: logger)
        }
        readers = pools.pools.map { UserReader(queueTimeMax: $0.waitMax, database) }
        claimer = Claimer(
            logs: logs,
            database: database,
            secret: vault.databaseSecret
        )
        keyUses = APIKeyUses(database: lookups.administration, logger: logger)
        directory = AppDirectory(
            database: lookups.administration,
            vault: vault,
            uses: keyUses,
            logger: logger
        )
    }

    /// Works until the graceful shutdown; what was accepted before is still written.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for writer in self.writers { group.addTask { await writer.run() } }
                for reader in self.readers { group.addTask { await reader.run() } }
                group.addTask { await self.keyUses.run() }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends `run()` after what was accepted.
    package func close() {
        for writer in writers { writer.close() }
        for reader in readers { reader.close() }
        keyUses.close()
    }

    /// How appending to a log goes.
    package func appendHealth(of log: Log) -> AppendHealth { writer(of: log).health }

    /// Whether so many wait for users or for a log of this kind that a caller who has begun nothing had better
    /// come later (docs/decisions/0036-who-can-come-again-is-refused-first.md).
    ///
    /// Where there are several databases: in each of them, for which one a caller is about is not known yet.
    package func isCrowded(before kind: Log.Kind) -> Bool {
        readers.indices.allSatisfy { place in
            readers[place].isCrowded
                || writers.contains {
                    $0.log.kind == kind && pools.place(of: $0.log) == place && $0.isCrowded
                }
        }
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
        UserReader.fill(&page, readers)
        page.add(.crowdMin, StoreLimits.crowdMin)
    }

    /// The reader of users of a log that there is.
    func reader(of log: Log) -> UserReader { readers[pools.place(of: log)] }

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

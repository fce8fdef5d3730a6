internal import Ledger
package import Logging
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
    let database: StoreDatabase
    let logger: Logger
    let factLogIDs: [Int32]
    let factWriters: [Int32: LogWriter]
    let accessWriter: LogWriter
    /// The log that says who read which token.
    package let accessLog: Int32
    /// All logs.
    package var logIDs: [Int32] { factLogIDs + [accessLog] }
    /// The log that administration stands in, and all users of a deployment with one log.
    package var administrationLog: Int32 { factLogIDs[0] }
    let users: UserReader
    let directory: AppDirectory
    let gate = KeyGate()

    /// Opens the store: compares the schema, opens the keys, reads which logs there are.
    ///
    /// Throws `StoreOpeningError`; the service must not start then.
    package init(
        pool: PostgresPool,
        rootKey: RootKey,
        logger: Logger
    ) async throws(StoreOpeningError) {
        try await SchemaCheck.run(pool)
        vault = try await Vault(rootKey: rootKey, pool: pool)
        let logs: [Int32: String]
        do {
            logs = try await Self.logs(pool)
        } catch {
            throw .database(error)
        }
        factLogIDs = logs.filter { $0.value == "fact" }.keys.sorted()
        guard let accessLogID = logs.first(where: { $0.value == "access" })?.key,
            factLogIDs.count == 1
        else { throw .unsupportedLogs }
        accessLog = accessLogID
        self.pool = pool
        database = StoreDatabase(pool: pool)
        self.logger = logger
        let rootKeyID = vault.rootKeyID
        let writer = { (logID: Int32) in
            LogWriter(logID: logID, pool: pool, rootKeyID: rootKeyID, logger: logger)
        }
        factWriters = Dictionary(uniqueKeysWithValues: factLogIDs.map { ($0, writer($0)) })
        accessWriter = writer(accessLogID)
        users = UserReader(database: database)
        directory = AppDirectory(database: database, vault: vault)
    }

    /// Works until the graceful shutdown; what was accepted before is still written.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for writer in factWriters.values { group.addTask { await writer.run() } }
                group.addTask { await self.accessWriter.run() }
                group.addTask { await self.users.run() }
            }
        } onCancelOrGracefulShutdown: {
            self.close()
        }
    }

    /// Ends `run()` after what was accepted.
    package func close() {
        for writer in factWriters.values { writer.close() }
        accessWriter.close()
        users.close()
    }

    private static func logs(_ pool: PostgresPool) async throws(PostgresError) -> [Int32: String] {
        let logs = try await pool.rows(
            Statement("logs", "select log_id, kind from ledger.log")
        ) { result, row throws(PostgresError) in
            (try result.int4(row, 0), try result.text(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: logs)
    }
}

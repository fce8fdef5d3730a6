import LedgerStore
import Logging
import Postgres
import Vault

/// The store of a command that works beside the service: an operator at the terminal.
struct OpenedStore {
    let store: LedgerStore
    /// The databases as they were opened.
    var databases: DatabaseMap { store.pools.map }

    /// How long a service waits at its start for a database that is not there yet.
    private static let waitTimeMax: Duration = .seconds(60)
    private static let waitPause: Duration = .seconds(1)

    /// Opens the store once, with the rights of the service or, to administer, of the owner.
    static func open(
        _ options: ServiceDatabaseOptions,
        asOwner: Bool = false
    ) async throws -> OpenedStore {
        let settings = try await options.settings()
        let logger = try ProgramLog.start(level: settings.text(.logLevel), default: .warning)
        let databases =
            asOwner
            ? try await OwnerDatabaseOptions.databases(settings)
            : try await options.databases(settings)
        let pools = LogPools(databases.map(\.forCommands), logger: logger)
        let rootKeys = try await RootKeySource.keys(settings)
        let store = try await DatabaseFailure.explaining(databases) {
            // Who has the owner's rights and the root key makes the deployment's own keys.
            if asOwner { _ = try await Migrator.makeKeys(rootKeys, on: databases) }
            return try await LedgerStore(pools: pools, rootKeys: rootKeys, logger: logger)
        }
        return OpenedStore(store: store)
    }

    /// Lends a store that appends and reads users, and ends it in order.
    static func atWork<Value: Sendable>(
        _ options: ServiceDatabaseOptions,
        _ body: (LedgerStore) async throws -> Value
    ) async throws -> Value {
        let opened = try await open(options)
        defer { opened.close() }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await opened.store.run() }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body(opened.store))
            } catch {
                result = .failure(error)
            }
            opened.store.close()
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// Ends the connections.
    func close() {
        store.pools.close()
    }

    /// Opens the store, waiting a bounded time for the database: under an orchestrator both start
    /// at once, and the service is the quicker one.
    ///
    /// What only somebody can change, such as a wrong password, is not waited for.
    static func waitFor(
        _ pools: LogPools,
        rootKeys: RootKeys,
        logger: Logger
    ) async throws -> LedgerStore {
        let clock = ContinuousClock()
        let deadline = clock.now + waitTimeMax
        while true {
            do {
                return try await LedgerStore(pools: pools, rootKeys: rootKeys, logger: logger)
            } catch {
                guard isAway(error) else { throw error }
                let failure = await DatabaseFailure.find(error, pools.map)
                let words = failure.map { "\($0)" } ?? "\(error)"
                guard failure?.isPassing ?? true, clock.now < deadline else {
                    throw CommandError("The database cannot be reached: \(words).")
                }
                logger.warning("waiting for the database", metadata: ["error": "\(words)"])
            }
            try await Task.sleep(for: waitPause)
        }
    }

    private static func isAway(_ error: StoreOpeningError) -> Bool {
        switch error {
        case .database(let error): return isAway(error)
        default: return false
        }
    }

    private static func isAway(_ error: PostgresError) -> Bool {
        switch error.code {
        case .connectionFailed, .outcomeUnknown, .timedOut, .poolExhausted: true
        case .server(let state): state.classCode == "57"
        default: false
        }
    }
}

import LedgerStore
import Logging
import Postgres
import ServiceLifecycle

/// The integrator with the pool of its own that its long reads need.
struct Integration {
    let integrator: Integrator
    let services: [ServiceGroupConfiguration.ServiceConfiguration]

    /// One reader for each log is enough.
    private static let connectionsMax = 2

    init(
        store: LedgerStore,
        database: PostgresConfiguration,
        checkpointFolder: String?,
        logger: Logger
    ) {
        var configuration = database.withoutTimeLimits
        configuration.connectionsMax = Self.connectionsMax
        configuration.applicationName = "token-ledger integrator"
        let pool = PostgresPool(configuration: configuration, logger: logger)
        integrator = Integrator(
            store: store,
            pool: pool,
            checkpointFolder: checkpointFolder,
            logger: logger
        )
        services = [
            ServiceRunner.named("integrator pool", pool),
            ServiceRunner.named("integrator", integrator),
        ]
    }
}

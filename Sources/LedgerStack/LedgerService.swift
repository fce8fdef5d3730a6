package import HumanConnect
internal import Ledger
package import LedgerAPI
package import LedgerStore
package import Logging
internal import MerkleLog
package import Postgres
package import ServiceLifecycle
internal import Vault
package import Witness

/// The service over an open store, whoever runs it: the pool, the store, the integrator with its
/// witnesses, and HTTP.
package struct LedgerService {
    /// At work once its service runs.
    package let integrator: Integrator
    private let pool: PostgresPool
    private let store: LedgerStore
    private let integratorPool: PostgresPool
    private let witnesses: WitnessQuorum?
    private let api: LedgerAPI

    /// One reader for each log is enough.
    private static let integratorConnectionsMax = 2
    /// Its reads are pages, and long beside those of requests only.
    private static let integratorStatementTimeMax: Duration = .seconds(20)

    /// Assembles it; nothing runs yet.
    ///
    /// - Parameters:
    ///   - store: opened on `pool`.
    ///   - pool: what the store and the requests share.
    ///   - database: the same database, for the pool of its own that the integrator's long reads
    ///     need.
    ///   - provider: whom the tokens are from.
    ///   - configuration: where HTTP listens.
    ///   - checkpointFolder: where the last checkpoints are kept outside the database, if anywhere.
    ///   - witnessPolicy: who must cosign a checkpoint before it is published, if anybody.
    ///   - logger: for all of it.
    /// - Throws: `WitnessPolicyError` when the policy is for other logs, or cannot be followed.
    package init(
        store: LedgerStore,
        pool: PostgresPool,
        database: PostgresConfiguration,
        provider: HumanConnectClient,
        configuration: LedgerAPIConfiguration,
        checkpointFolder: String?,
        witnessPolicy: WitnessPolicy? = nil,
        logger: Logger
    ) throws(WitnessPolicyError) {
        self.pool = pool
        self.store = store
        var integratorDatabase = database
        integratorDatabase.statementTimeMax = Self.integratorStatementTimeMax
        integratorDatabase.connectionsMax = Self.integratorConnectionsMax
        integratorDatabase.applicationName = "token-ledger integrator"
        integratorPool = PostgresPool(configuration: integratorDatabase, logger: logger)
        witnesses = try witnessPolicy?.quorum(for: store)
        integrator = Integrator(
            store: store,
            pool: integratorPool,
            checkpointFolder: checkpointFolder,
            cosign: witnesses?.cosign,
            logger: logger
        )
        api = LedgerAPI(
            store: store,
            integrator: integrator,
            provider: provider,
            configuration: configuration,
            logger: logger
        )
    }

    /// What must run, in the order of dependence: the last one stops first.
    ///
    /// - Parameters:
    ///   - integrates: whether the integrator is among them; a benchmark starts it later.
    ///   - onRunning: told the port once the socket listens.
    /// - Returns: the services under names of their own.
    package func services(
        integrates: Bool = true,
        onRunning: @escaping @Sendable (_ port: Int) async -> Void = { _ in }
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        var services = [
            ServiceRunner.named("database pool", pool), ServiceRunner.named("store", store),
        ]
        if integrates {
            services.append(ServiceRunner.named("integrator pool", integratorPool))
            // The integrator asks the witnesses, so it stops before them.
            if let witnesses { services.append(ServiceRunner.named("witnesses", witnesses)) }
            services.append(ServiceRunner.named("integrator", integrator))
        }
        return services + [ServiceRunner.named("http", api.service(onRunning: onRunning))]
    }
}

extension WitnessPolicy {
    /// Those who cosign the checkpoints of a store, all of whose logs share one key.
    fileprivate func quorum(for store: LedgerStore) throws(WitnessPolicyError) -> WitnessQuorum {
        try WitnessQuorum(
            policy: self,
            log: store.vault.checkpointSigner(logID: Log.facts.id).key
        )
    }
}

extension WitnessQuorum {
    /// What the store asks, in the words of the protocol, and back.
    fileprivate var cosign: Integrator.Cosign {
        { request in
            let answer = try await self.cosign(request.note, proof: request.proof)
            return CosignAnswer(
                note: answer.note,
                refusal: answer.refusal.map { ($0.witness, $0.why) },
                ahead: answer.ahead.map { ($0.witness, $0.size) },
                failures: answer.failures
            )
        }
    }
}

package import LedgerStore
package import Logging
internal import MerkleLog
package import Postgres
package import ServiceLifecycle
package import Witness

/// The integrator with the pool of its own that its long reads need, and with its witnesses.
package struct Integration {
    package let integrator: Integrator
    package let services: [ServiceGroupConfiguration.ServiceConfiguration]

    /// One reader for each log is enough.
    private static let connectionsMax = 2

    package init(
        store: LedgerStore,
        database: PostgresConfiguration,
        checkpointFolder: String?,
        witnesses: WitnessQuorum? = nil,
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
            cosign: witnesses.map(Self.cosign),
            logger: logger
        )
        // The integrator asks the witnesses, so it stops before them.
        services =
            [ServiceRunner.named("integrator pool", pool)]
            + (witnesses.map { [ServiceRunner.named("witnesses", $0)] } ?? [])
            + [ServiceRunner.named("integrator", integrator)]
    }

    /// What the store asks, in the words of the protocol, and back.
    private static func cosign(_ witnesses: WitnessQuorum) -> Integrator.Cosign {
        { request in
            let answer = try await witnesses.cosign(request.note, proof: request.proof)
            return CosignAnswer(
                note: answer.note,
                refusal: answer.refusal.map { ($0.witness, $0.why) },
                ahead: answer.ahead.map { ($0.witness, $0.size) },
                failures: answer.failures
            )
        }
    }
}

extension WitnessPolicy {
    /// Those who cosign the checkpoints of a store, all of whose logs share one key.
    package func quorum(for store: LedgerStore) throws(WitnessPolicyError) -> WitnessQuorum {
        try WitnessQuorum(
            policy: self,
            log: store.vault.checkpointSigner(logID: store.administrationLog).key
        )
    }
}

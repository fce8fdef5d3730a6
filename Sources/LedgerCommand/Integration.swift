import Foundation
import LedgerStore
import Logging
import MerkleLog
import Postgres
import ServiceLifecycle
import Vault
import Witness

/// The integrator with the pool of its own that its long reads need, and with its witnesses.
struct Integration {
    let integrator: Integrator
    let services: [ServiceGroupConfiguration.ServiceConfiguration]

    /// One reader for each log is enough.
    private static let connectionsMax = 2

    init(
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
    /// Reads the policy file that the settings name; nil when they name none.
    init?(_ settings: Settings) throws {
        guard let path = try settings.text(.witnessPolicy) else { return nil }
        self = try WitnessPolicy(
            file: path,
            bytesMax: WitnessLimits.policyBytesMax
        )
    }

    private init(file path: String, bytesMax: Int) throws {
        let bytes: [UInt8]
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            // One byte too many is enough to be refused.
            bytes = Array(try file.read(upToCount: bytesMax + 1) ?? Data())
        } catch {
            throw CommandError("The witness policy \(path) cannot be read.")
        }
        try self.init(bytes)
    }

    /// Those who cosign the checkpoints of a store, all of whose logs share one key.
    func quorum(for store: LedgerStore) throws(WitnessPolicyError) -> WitnessQuorum {
        try WitnessQuorum(
            policy: self,
            log: store.vault.checkpointSigner(logID: store.administrationLog).key
        )
    }
}

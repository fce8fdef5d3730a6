import Ledger
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Vault

/// One copy of the service that keeps the maps, and looks when the test says so.
final class MappedLog {
    let test: TestStore
    let store: LedgerStore
    let maps: MapKeeper
    private let watcher: SteppedIntegrator

    /// Makes the maps of a store, as at a start.
    init(
        _ test: TestStore,
        store: LedgerStore? = nil,
        cosign: Integrator.Cosign? = nil
    ) async throws {
        self.test = test
        self.store = store ?? test.store
        maps = MapKeeper(
            store: self.store,
            pools: self.store.pools,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        watcher = SteppedIntegrator(test, store: self.store, cosign: cosign, maps: [maps])
        try await maps.load()
    }

    /// Looks at all logs once, the log of maps last.
    func look() async throws { try await watcher.look() }

    /// What the log of maps says last.
    func statement() async throws -> MapStatement {
        let size = try await store.size(log: .map)
        guard let statement = try await store.statement(before: size, log: .map)?.statement else {
            throw StoreError.defect
        }
        return statement
    }

    /// The proof of what is current for a `clientUserId`, after it was verified.
    func verified(_ clientUserID: String) async throws -> Verified {
        let id = Secret(clientUserID)
        let user = try await store.user(id, of: test.app)
        guard
            let proof = try await maps.proof(of: id, subject: user?.subject, in: test.app)?.proof
        else { throw StoreError.unavailable }
        return Verified(proof, try check(clientUserID).verify(try StateDocument(proof.bytes)))
    }

    /// What a verifier who has the key of facts and the name key demands.
    func check(_ clientUserID: String) -> StateProofCheck {
        let vault = store.vault
        var check = StateProofCheck(
            keys: [vault.checkpointSigner(logID: Log.facts.id).key],
            now: Int(store.clock.now().microseconds / 1_000_000)
        )
        check.ageMax = 60
        let nameKey = vault.nameKey(app: test.app.id)
        check.whom = .init(
            clientID: test.app.clientID,
            label: MapKey.label(of: Secret(clientUserID), nameKey: nameKey)
        )
        return check
    }

    /// The map of states as somebody makes it who has the log alone, and folds it in its order.
    func foldedRoot(before end: Int64) async throws -> MerkleHash {
        var states: [Identifier: (state: SubjectState, newest: StoredEvent)] = [:]
        for event in try await test.log() where event.position < end {
            let record = try Record(decoding: event.bytes)
            guard let subject = record.subject, record.subjectVersion != nil else { continue }
            var state = states[subject]?.state ?? SubjectState()
            try state.apply(record)
            states[subject] = (state, event)
        }
        var map = MerkleMap()
        for (subject, known) in states {
            let held = MapState(
                version: known.state.version,
                position: known.newest.position,
                record: MerkleHash(leaf: known.newest.bytes),
                state: known.state.encoded()
            )
            let key = MapKey.state(
                origin: store.vault.checkpointSigner(logID: Log.facts.id).key.name,
                clientID: test.app.clientID,
                subject: subject
            )
            map.set(held.value, for: key)
        }
        return map.nextRoot()
    }
}

/// A proof, and what a verifier says of it.
final class Verified: Sendable {
    let proof: StateProof
    let verdict: StateVerdict

    init(_ proof: StateProof, _ verdict: StateVerdict) {
        self.proof = proof
        self.verdict = verdict
    }
}

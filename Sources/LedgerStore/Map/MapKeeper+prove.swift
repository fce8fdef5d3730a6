package import Ledger
internal import MerkleLog
package import StateMap

/// Proofs of what is current.
extension MapKeeper {
    /// What the maps say of one user, in the version that is proved.
    struct Shown: Sendable {
        let served: Served
        /// What the map of states holds, and what shows it; nil where no user was named.
        var state: (value: MerkleHash?, proof: MapProof)?
        var name: (label: Fingerprint, proof: MapProof)?
    }

    /// Proves what is current for a `clientUserId`, or for a user's pseudonym, in an app; nil while there is
    /// no statement to prove it by.
    ///
    /// `subject` is the user who has the name as far as the caller knows. Where the maps do not know
    /// of somebody yet, that is what is proved; where the name was somebody else's when they were stated,
    /// or the user had no state of this version yet, there is no proof yet. Throws `StoreError.damaged` when
    /// what is stored is not what was stated, and `StoreError.overloaded` when as many long histories are
    /// read as may be.
    package func proof(
        of clientUserID: Secret?,
        subject: Identifier?,
        in app: StoredApp,
        from version: Int64 = 0
    ) async throws(StoreError) -> MadeProof? {
        if !maker.knows(app.id) {
            do {
                try await readApps()
            } catch {
                throw StoreError(error)
            }
        }
        guard let shown = try show(clientUserID, subject, app.id) else { return nil }
        var states: StateProof.States?
        if let subject, let (value, proof) = shown.state {
            var state: MapState?
            if let value {
                let sought = SoughtState(
                    user: MapUser(app: app.id, subject: subject),
                    value: value,
                    end: Int64(shown.served.statement.facts.size),
                    version: version
                )
                guard let found = try await self.state(sought).state else { return nil }
                state = found
            }
            states = StateProof.States(subject: subject, state: state, proof: proof)
        }
        do {
            return MadeProof(
                try StateProof(
                    clientID: app.clientID,
                    states: states,
                    names: shown.name.map { StateProof.Names(label: $0.label, proof: $0.proof) },
                    statement: shown.served.statement,
                    facts: shown.served.facts,
                    entry: shown.served.entry
                )
            )
        } catch {
            throw .defect
        }
    }

    private func show(
        _ clientUserID: Secret?,
        _ subject: Identifier?,
        _ app: Identifier
    ) throws(StoreError) -> Shown? {
        guard let served else { return nil }
        var shown = Shown(served: served)
        if let clientUserID {
            let (label, key) = try maker.name(clientUserID, of: app)
            shown.name = (label, names.proof(for: key))
            guard let value = names.value(for: key) else { return shown }
            // Somebody else had the name when the maps were stated, and was erased.
            guard value == subject.map({ MapState.name(of: $0) }) else { return nil }
        }
        if let subject {
            let key = try maker.stateKey(MapUser(app: app, subject: subject))
            shown.state = (states.value(for: key), states.proof(for: key))
        }
        return shown
    }

    /// A state that the map holds by its hash.
    private struct SoughtState {
        let user: MapUser
        let value: MerkleHash
        /// How many facts the map was stated of.
        let end: Int64
        /// The least version that is of use.
        let version: Int64
    }

    /// The state that is sought, as the row has it, or as it was when the map was stated; none where that
    /// is of a version before the least.
    private func state(_ sought: SoughtState) async throws(StoreError) -> FoldedState {
        do {
            let current = try await store.stateRow(of: sought.user, facts)
            if let row = current.row, let event = current.event, row.version == event.version {
                let held = MapState(
                    version: event.version,
                    position: event.position,
                    record: event.leaf,
                    state: row.state
                )
                if held.value == sought.value { return FoldedState(held) }
                // The map has none of this version: what it holds is older.
                if row.version <= sought.version, row.isWritten(by: store.vault, facts) {
                    return FoldedState(nil)
                }
            }
            let folded = try await store.foldedState(
                of: sought.user,
                facts,
                before: sought.end,
                isListed: true
            )
            guard folded.state?.value == sought.value else { throw StoreError.damaged(.state) }
            return folded
        } catch {
            throw StoreError(error)
        }
    }
}

/// A proof that was made: an object, for the reason that `CurrentRow` is one.
package final class MadeProof: Sendable {
    package let proof: StateProof

    init(_ proof: StateProof) {
        self.proof = proof
    }
}

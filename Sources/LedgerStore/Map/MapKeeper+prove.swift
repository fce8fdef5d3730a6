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
    ) async throws(StoreError) -> StateProof? {
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
                let user = MapUser(app: app.id, subject: subject)
                state = try await self.state(of: user, value, shown.served, from: version)
                if state == nil { return nil }
            }
            states = StateProof.States(subject: subject, state: state, proof: proof)
        }
        do {
            return try StateProof(
                clientID: app.clientID,
                states: states,
                names: shown.name.map { StateProof.Names(label: $0.label, proof: $0.proof) },
                statement: shown.served.statement,
                facts: shown.served.facts,
                entry: shown.served.entry
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

    /// The state whose hash the map holds: as the row has it, or as it was when the map was stated; nil
    /// where that is of a version before this one.
    private func state(
        of user: MapUser,
        _ value: MerkleHash,
        _ served: Served,
        from version: Int64
    ) async throws(StoreError) -> MapState? {
        do {
            let current = try await store.stateRow(of: user, facts)
            if let row = current.row, let event = current.event, row.version == event.version {
                let held = MapState(
                    version: event.version,
                    position: event.position,
                    record: event.leaf,
                    state: row.state
                )
                if held.value == value { return held }
                // The map has none of this version: what it holds is older.
                if row.version <= version, row.isWritten(by: store.vault, facts) { return nil }
            }
            let end = Int64(served.statement.facts.size)
            let folded = try await store.foldedState(
                of: user,
                facts,
                before: end,
                isListed: true
            ).state
            guard let folded, folded.value == value else { throw StoreError.damaged(.state) }
            return folded
        } catch {
            throw StoreError(error)
        }
    }
}

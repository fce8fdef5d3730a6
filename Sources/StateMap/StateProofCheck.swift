package import Ledger
package import MerkleLog

/// What a verifier trusts, asks for and takes; checks proofs of states by it, offline.
package struct StateProofCheck: Sendable {
    /// Whom an answer must be about.
    package struct Whom: Sendable {
        /// The app's `clientId`.
        package let clientID: String
        /// The user of the app, by the label that its name key gives; nil for anybody.
        package let label: Fingerprint?

        /// Without a label, anybody of the app.
        package init(clientID: String, label: Fingerprint? = nil) {
            self.clientID = clientID
            self.label = label
        }
    }

    /// How far the clocks of ledger, witnesses and verifier may be apart.
    package static let clockSecondsMax = 300

    /// Keys of logs of the deployment that were obtained earlier; which of its logs does not matter,
    /// for they share their public key (docs/design.md#evidence).
    package var keys: [VerifierKey]
    /// The witnesses that the verifier knows, and which of them are enough.
    package var witnesses: [VerifierKey] = []
    package var isQuorum: @Sendable (Set<VerifierKey>) -> Bool = { _ in true }
    /// How old an answer may be, in seconds; nil where its age is only told.
    package var ageMax: Int?
    /// The verifier's time, in seconds since 1970.
    package var now: Int
    /// Whom the answer must be about; nil for anybody.
    package var whom: Whom?

    /// Trusts these keys, and asks for nothing else yet.
    package init(keys: [VerifierKey], now: Int) {
        self.keys = keys
        self.now = now
    }

    /// Checks everything that the file says; the first thing that does not fit ends it.
    package func verify(_ document: StateDocument) throws(StateProofError) -> StateVerdict {
        var cosigned: [[VerifiedSignature]] = []
        for proof in document.proofs { cosigned.append(try checkStatement(proof)) }
        try checkPairs(document.proofs)
        var state: SubjectState?
        for (proof, cosigners) in zip(document.proofs, cosigned) {
            try checkAge(proof, cosigners)
            try checkWhom(proof)
            state = try checkState(proof)
            try checkName(proof)
        }
        let first = document.proofs[0]
        let names = cosigned.map { $0.map(\.key.name) }
        return StateVerdict(
            clientID: first.clientID,
            subject: first.states?.subject,
            state: state,
            position: first.states?.state?.position,
            isNamed: first.names != nil,
            isNameAsked: whom?.label != nil,
            stated: document.proofs.map {
                StateVerdict.Stated(statement: $0.statement, entry: $0.entry.index)
            },
            now: now,
            ageMax: ageMax,
            cosigners: names[0].filter { name in names.allSatisfy { $0.contains(name) } }
        )
    }

    /// Both checkpoints are signed by the pinned key, and the statement is the last entry of its log;
    /// gives the cosignatures of the log of maps.
    private func checkStatement(
        _ proof: StateProof
    ) throws(StateProofError) -> [VerifiedSignature] {
        let log = proof.statement.log
        let mapKeys = keys.compactMap { $0.named("\(log.map.id)") }
        guard !mapKeys.isEmpty else { throw .noKey }
        let maps = try signatures(proof.entry.note, mapKeys, .maps)
        // The facts must be those of the deployment that signed the statement.
        let factsKeys = maps.compactMap { $0.key.named("\(log.id)") }
        _ = try signatures(proof.facts, factsKeys, .facts)
        let (index, size) = (proof.entry.index, proof.entry.checkpoint.size)
        do throws(ProofError) {
            try proof.entry.inclusion.verify(
                leaf: proof.statement.leaf,
                root: proof.entry.checkpoint.root
            )
        } catch {
            throw .entryNotProved(error)
        }
        guard index == size - 1 else { throw .laterStatement(index: index, size: size) }
        return maps.filter { $0.time != nil }
    }

    /// The signatures of a checkpoint, which one of these keys has signed as its own log's.
    private func signatures(
        _ note: SignedNote,
        _ keys: [VerifierKey],
        _ log: StateProofError.Log
    ) throws(StateProofError) -> [VerifiedSignature] {
        let signatures: [VerifiedSignature]
        do throws(NoteError) {
            let origin = try Checkpoint(note.text).origin
            let named = keys.filter { $0.name.isIdentical(to: origin) }
            guard !named.isEmpty else { throw .otherOrigin }
            _ = try note.verify(named)
            signatures = try note.verify(named + witnesses)
        } catch {
            throw .unsoundCheckpoint(log, error)
        }
        guard isQuorum(Set(signatures.map(\.key))) else { throw .notWitnessed(log) }
        return signatures
    }

    /// The proofs are from the maps where such a user is, or would be: those of other pairs of logs hold nobody
    /// of the kind (docs/decisions/0067-k-logs-of-facts.md#what-lives-where).
    ///
    /// Users of closed pairs have stayed where they were, whatever their home would be now. So nobody has a name
    /// where none of those has it either.
    private func checkPairs(_ proofs: [StateProof]) throws(StateProofError) {
        let (first, logs) = (proofs[0], proofs[0].statement.logs)
        let (log, home) = (first.statement.log, first.names.map { logs.home(of: $0.label) })
        if let subject = first.states?.subject {
            guard Log(of: subject) == log, logs.isClosed(log) || home ?? log == log else {
                throw .otherPair
            }
        } else if let home {
            let (shown, needed) = (proofs.map(\.statement.log), [home] + logs.closed)
            guard shown != needed else { return }
            let missing = needed.filter { !shown.contains($0) }
            guard !missing.isEmpty else { throw .pairsOutOfOrder }
            throw logs.closedPairs > 0 ? .pairsMissing(missing.map(\.pair)) : .otherPair
        }
    }

    /// The ledger says when it made the statement; witnesses say until when there was no later one.
    private func checkAge(
        _ proof: StateProof,
        _ cosignatures: [VerifiedSignature]
    ) throws(StateProofError) {
        let age = now - proof.statement.time
        guard age >= -Self.clockSecondsMax else { throw .notYet(seconds: -age) }
        guard let ageMax else { return }
        guard age <= ageMax else { throw .tooOld(seconds: age, max: ageMax) }
        // One of the future tells of nothing that a verifier can have missed.
        let ages = -Self.clockSecondsMax...max(0, ageMax)
        let fresh = cosignatures.filter { ages.contains(now - ($0.time ?? 0)) }
        guard isQuorum(Set(fresh.map(\.key))) else { throw .witnessedTooLongAgo(max: ageMax) }
    }

    private func checkWhom(_ proof: StateProof) throws(StateProofError) {
        guard let whom else { return }
        guard proof.clientID.isIdentical(to: whom.clientID) else { throw .otherClient }
        if let label = whom.label, proof.names?.label != label { throw .otherUser }
    }

    /// The map of states holds what the file says, or nothing.
    private func checkState(_ proof: StateProof) throws(StateProofError) -> SubjectState? {
        guard let states = proof.states else { return nil }
        let key = MapKey.state(
            origin: proof.statement.facts.origin,
            clientID: proof.clientID,
            subject: states.subject
        )
        let value: MerkleHash?
        do throws(MapProofError) {
            value = try states.proof.verify(key: key, root: proof.statement.states.root)
        } catch {
            throw .stateNotProved(error)
        }
        guard value == states.state?.value else { throw .stateDiffers }
        guard let held = states.state else { return nil }
        guard let state = try? SubjectState(decoding: held.state), state.version == held.version
        else { throw .stateUnreadable }
        let size = proof.statement.facts.size
        guard held.position < size else {
            throw .stateBeyondCheckpoint(position: held.position, size: size)
        }
        return state
    }

    /// The map of names holds the subject under the label, of whom there is a state; or, where no subject is
    /// shown, nothing.
    private func checkName(_ proof: StateProof) throws(StateProofError) {
        guard let names = proof.names else { return }
        guard let root = proof.statement.names?.root else { throw .noNames }
        let key = MapKey.name(
            origin: proof.statement.facts.origin,
            clientID: proof.clientID,
            label: names.label
        )
        let value: MerkleHash?
        do throws(MapProofError) {
            value = try names.proof.verify(key: key, root: root)
        } catch {
            throw .nameNotProved(error)
        }
        guard value == proof.states.map({ MapState.name(of: $0.subject) }),
            proof.states == nil || proof.states?.state != nil
        else { throw .nameOfOther }
    }
}

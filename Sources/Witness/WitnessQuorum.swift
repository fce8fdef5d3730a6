package import Measures
package import MerkleLog
internal import ServiceLifecycle
internal import Synchronization

/// Asks the witnesses of a policy, all at once, and says whether enough of them have signed.
///
/// As a service it only keeps its connections until the graceful shutdown.
package final class WitnessQuorum: Service {
    /// One witness and one log.
    private struct Place: Hashable {
        let witness: Int
        let origin: [UInt8]
    }

    private enum Event: Sendable {
        case said(WitnessAnswer, Int)
        case waitedEnough
    }

    private let policy: WitnessPolicy
    private let client: WitnessClient
    private let stragglerTimeMax: Duration
    private let knowledge = Mutex<[Place: WitnessKnowledge]>([:])
    private let start = ContinuousClock.now

    /// Takes a policy all of whose witnesses can be asked.
    ///
    /// - Parameters:
    ///   - policy: whom to ask, and who is enough.
    ///   - log: a key of the logs whose checkpoints will be shown.
    ///   - answerTimeMax: for one question to one witness; tests change it.
    ///   - stragglerTimeMax: for the other witnesses once enough have signed; tests change it.
    /// - Throws: `WitnessPolicyError` when the policy is for other logs, or a witness has no URL.
    package init(
        policy: WitnessPolicy,
        log: VerifierKey,
        answerTimeMax: Duration = WitnessLimits.answerTimeMax,
        stragglerTimeMax: Duration = WitnessLimits.stragglerTimeMax
    ) throws(WitnessPolicyError) {
        try policy.check(log: log)
        try policy.checkWitnesses()
        self.policy = policy
        self.stragglerTimeMax = stragglerTimeMax
        client = WitnessClient(answerTimeMax: answerTimeMax)
    }

    /// Keeps the connections until the graceful shutdown; must run, or they are never closed.
    package func run() async throws {
        try? await gracefulShutdown()
        try await client.shutdown()
    }

    /// Adds how each witness does to a page of metrics, under its name in the policy.
    ///
    /// `logs` are the origins of the logs, each with its name.
    package func fill(_ page: inout MetricPage, logs: [(origin: String, name: String)]) {
        let known = knowledge.withLock { $0 }
        for (witness, named) in policy.witnesses.enumerated() {
            for log in logs {
                let place = Place(witness: witness, origin: Array(log.origin.utf8))
                let labels: MetricPage.Labels = ["witness": named.name, "log": log.name]
                let since = known[place]?.lastCosigned ?? start
                page.add(.cosignatureAge, since.duration(to: .now), labels)
                page.add(.isFailing, is: known[place]?.isFailing ?? false, labels)
            }
        }
    }

    /// The metrics of witnesses that there are not: without a policy they have no series.
    package static func name(on page: inout MetricPage) {
        page.name(.cosignatureAge)
        page.name(.isFailing)
    }

    /// Shows a signed checkpoint to all witnesses.
    ///
    /// Ends when all have answered, or soon after enough have signed. `proof` gives the consistency
    /// proof from a size, which is at most the checkpoint's; what it throws is passed on.
    package func cosign(
        _ note: SignedNote,
        proof: @escaping @Sendable (_ oldSize: Int) async throws -> [MerkleHash]
    ) async throws -> QuorumAnswer {
        let checkpoint = try Checkpoint(note.text)
        return try await withThrowingTaskGroup(of: Event.self) { group in
            for place in policy.witnesses.indices {
                group.addTask {
                    .said(try await self.ask(place, note, checkpoint, proof), place)
                }
            }
            var tally = QuorumTally(policy: policy, note: note)
            var missing = policy.witnesses.count
            var isEnding = false
            while missing > 0, let event = try await group.next() {
                guard case .said(let answer, let place) = event else { break }
                tally.add(answer, of: place)
                missing -= 1
                if !isEnding, tally.isSatisfied {
                    isEnding = true
                    group.addTask {
                        try? await Task.sleep(for: self.stragglerTimeMax)
                        return .waitedEnough
                    }
                }
            }
            group.cancelAll()
            return try tally.result()
        }
    }

    /// Asks one witness until it has said something about this very checkpoint.
    private func ask(
        _ witness: Int,
        _ note: SignedNote,
        _ checkpoint: Checkpoint,
        _ proof: @Sendable (_ oldSize: Int) async throws -> [MerkleHash]
    ) async throws -> WitnessAnswer {
        guard let url = policy.witnesses[witness].url else { return .failed(.unreachable) }
        let place = Place(witness: witness, origin: Array(checkpoint.origin.utf8))
        let known = knowledge.withLock { $0[place] } ?? WitnessKnowledge()
        if let failure = known.pausing(at: .now) { return .failed(failure) }
        let answer = try await ask(
            url,
            policy.witnesses[witness].key,
            // A witness that is ahead says so whatever it is asked.
            from: known.size <= checkpoint.size ? known.size : 0,
            note,
            checkpoint,
            proof
        )
        // Who was not waited for has not failed.
        if !Task.isCancelled {
            knowledge.withLock {
                $0[place, default: WitnessKnowledge()].learn(answer, of: checkpoint, at: .now)
            }
        }
        return answer
    }

    private func ask(
        _ url: String,
        _ key: VerifierKey,
        from size: Int,
        _ note: SignedNote,
        _ checkpoint: Checkpoint,
        _ proof: @Sendable (_ oldSize: Int) async throws -> [MerkleHash]
    ) async throws -> WitnessAnswer {
        var oldSize = size
        for _ in 0..<WitnessLimits.triesMax {
            let request = try WitnessRequest(
                oldSize: oldSize,
                hashes: try await proof(oldSize),
                note: note
            )
            let answer = await client.add(request, to: url, key: key)
            guard case .conflict(let size) = answer, size <= checkpoint.size else { return answer }
            oldSize = size
        }
        return .failed(.busy)
    }
}

extension MetricFamily {
    fileprivate static let cosignatureAge = gauge(
        "token_ledger_witness_cosignature_age_seconds",
        "How long ago a witness cosigned last, or since when the service runs"
    )
    fileprivate static let isFailing = gauge(
        "token_ledger_witness_failing",
        "Whether the last answer of a witness was none that could be used"
    )
}

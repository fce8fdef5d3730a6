internal import MerkleLog

/// What is remembered of one witness about one log, from checkpoint to checkpoint.
struct WitnessKnowledge: Sendable {
    /// The last size that it is known to have signed; the witness itself has the last word.
    private(set) var size = 0
    private var failuresInRow = 0
    private var lastFailure: WitnessAnswer.Failure?
    /// When it cosigned last.
    private(set) var lastCosigned: ContinuousClock.Instant?
    private var nextQuestion: ContinuousClock.Instant?

    /// How it failed last, while it is not to be asked again yet.
    ///
    /// Whoever has too much to do, or was never told about us, does not get better by being asked
    /// every second.
    func pausing(at now: ContinuousClock.Instant) -> WitnessAnswer.Failure? {
        guard let nextQuestion, now < nextQuestion else { return nil }
        return lastFailure
    }

    /// Whether its last answer was none that could be used.
    var isFailing: Bool { failuresInRow > 0 }

    /// Takes an answer into account.
    mutating func learn(
        _ answer: WitnessAnswer,
        of checkpoint: Checkpoint,
        at now: ContinuousClock.Instant
    ) {
        switch answer {
        case .cosigned:
            size = checkpoint.size
            lastCosigned = now
        case .conflict(let signed): size = signed
        case .refused: break
        case .failed(let failure):
            failuresInRow += 1
            lastFailure = failure
            nextQuestion = now + pause(after: failure)
            return
        }
        failuresInRow = 0
        lastFailure = nil
        nextQuestion = nil
    }

    /// The first failure in a row costs nothing, each further one doubles the pause.
    private func pause(after failure: WitnessAnswer.Failure) -> Duration {
        let doublings = min(failuresInRow - 1, WitnessLimits.pauseDoublingsMax)
        let own = failuresInRow == 1 ? .zero : WitnessLimits.pause * (1 << doublings)
        guard case .overloaded(let seconds?) = failure, seconds > 0 else { return own }
        return max(own, min(.seconds(seconds), WitnessLimits.retryAfterMax))
    }
}

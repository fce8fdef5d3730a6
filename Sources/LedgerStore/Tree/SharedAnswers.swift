internal import Synchronization

/// Answers that many ask for: whoever asks while somebody else does gets that one's answer, and what
/// was answered is kept, up to a bound.
package final class SharedAnswers<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Outcome, Never>

    private enum Outcome: Sendable {
        case answered(Answer?)
        case failed(StoreError)
        /// Who asked went away; somebody else must.
        case left
    }

    private struct Kept {
        let answer: Answer
        let since = ContinuousClock.now
    }

    private struct State {
        /// Those kept lately, and those before: when the first are half of what may be, the others go.
        var recent: [Question: Kept] = [:]
        var earlier: [Question: Kept] = [:]
        var recentCost = 0
        /// Who waits for the one that asks.
        var asking: [Question: [Waiter]] = [:]
        /// Forgotten while somebody asked: that answer is not kept.
        var outdated: Set<Question> = []
    }

    private let state = Mutex(State())
    private let costMax: Int
    private let keepsFor: Duration?

    /// What keeping an answer takes beside its content, when that is counted in bytes.
    private static var entryCost: Int { 256 }

    /// Empty; `keepsFor` is nil for answers that never change.
    package init(costMax: Int, keepsFor: Duration? = nil) {
        self.costMax = costMax
        self.keepsFor = keepsFor
    }

    /// The answer to a question: kept, or somebody's who asks already, or asked for now.
    ///
    /// That there is none is not kept.
    package func answer(
        to question: Question,
        cost: (Answer) -> Int = { _ in 0 },
        _ ask: () async throws(StoreError) -> Answer?
    ) async throws(StoreError) -> Answer? {
        while true {
            switch begin(question) {
            case .kept(let answer): return answer
            case .ask: return try await asked(question, cost, ask)
            case .wait: break
            }
            switch await outcome(of: question) {
            case .answered(let answer): return answer
            case .failed(let error): throw error
            case .left: continue
            }
        }
    }

    /// Makes the next one ask.
    func forget(_ question: Question) {
        state.withLock { state in
            state.recent[question] = nil
            state.earlier[question] = nil
            if state.asking[question] != nil { state.outdated.insert(question) }
        }
    }

    private enum Beginning {
        case kept(Answer)
        case ask
        case wait
    }

    private func begin(_ question: Question) -> Beginning {
        state.withLock { state in
            if let kept = state.recent[question] ?? state.earlier[question],
                keepsFor.map({ kept.since + $0 > .now }) ?? true
            {
                return .kept(kept.answer)
            }
            guard state.asking[question] == nil else { return .wait }
            state.asking[question] = []
            return .ask
        }
    }

    private func outcome(of question: Question) async -> Outcome {
        await withCheckedContinuation { waiter in
            let isTooLate = state.withLock { state in
                guard state.asking[question] != nil else { return true }
                state.asking[question]?.append(waiter)
                return false
            }
            // The answer came in between, and is kept, or to be asked for anew.
            if isTooLate { waiter.resume(returning: .left) }
        }
    }

    private func asked(
        _ question: Question,
        _ cost: (Answer) -> Int,
        _ ask: () async throws(StoreError) -> Answer?
    ) async throws(StoreError) -> Answer? {
        do {
            let answer = try await ask()
            end(question, .answered(answer), cost: answer.map(cost) ?? 0)
            return answer
        } catch {
            end(question, Task.isCancelled ? .left : .failed(error), cost: 0)
            throw error
        }
    }

    private func end(_ question: Question, _ outcome: Outcome, cost: Int) {
        let waiters = state.withLock { state in
            let isOutdated = state.outdated.remove(question) != nil
            if case .answered(let answer?) = outcome, !isOutdated {
                let cost = cost + Self.entryCost
                if state.recentCost + cost > costMax / 2 {
                    state.earlier = state.recent
                    state.recent = [:]
                    state.recentCost = 0
                }
                state.recent[question] = Kept(answer: answer)
                state.recentCost += cost
            }
            return state.asking.removeValue(forKey: question) ?? []
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }
}

import HumanConnect
import Ledger
import LedgerStore
import SeededRandom

@testable import ConnectFlow

/// The ledger and the provider as far as one finalize sees them: what is durable, and what was
/// sent.
///
/// Each call of `work` is one step of one worker; what happens between two steps of a worker is
/// what others do.
struct FinalizeWorld {
    /// What happened in all rounds, to know that the rounds were worth it.
    struct Counts {
        var finalized = 0
        var unresolved = 0
        var dispatchesMax = 0
        var lostDispatches = 0
        var crashes = 0
        var confirmed = 0
        var held = 0

        mutating func add(_ world: FinalizeWorld) {
            if case .finalized? = world.outcome { finalized += 1 }
            if world.outcome == nil, world.mark != nil { unresolved += 1 }
            if world.dispatches == 9 { dispatchesMax += 1 }
            lostDispatches += world.lostDispatches
            crashes += world.crashes
            if world.isBound, world.isReceived {
                if world.isHeld { held += 1 } else { confirmed += 1 }
            }
        }
    }

    let isHumanTaken: Bool
    /// Whether the launch is bound to a session.
    let isBound: Bool
    private(set) var isHeld = false
    private(set) var isReceived = false
    private(set) var dispatches: Int64 = 0
    /// Why the last dispatch is unresolved, once that is on record.
    private(set) var mark: String?
    private(set) var outcome: FinalizeOutcome?
    private(set) var outcomesRecorded = 0
    /// How often the provider got the session.
    private(set) var sent = 0
    private(set) var lostDispatches = 0
    private(set) var crashes = 0
    /// How workers ended.
    private(set) var results: [Result<Secret, ConnectError>] = []
    /// The numbers whose being unresolved is on record.
    private var marked: Set<Int64> = []

    init(isHumanTaken: Bool, isBound: Bool) {
        self.isHumanTaken = isHumanTaken
        self.isBound = isBound
    }

    private var progress: FinalizeProgress {
        if isHeld { return .held }
        return switch (outcome, mark) {
        case (let outcome?, _): .ended(outcome)
        case (nil, nil): dispatches == 0 ? .received : .dispatched(number: dispatches)
        case (nil, SubjectState.OpenFinalize.notSent?): .notSent(number: dispatches)
        case (nil, _?): .unresolved
        }
    }

    /// A repeat of the finish, or somebody who takes over.
    func newcomer(_ random: inout SeededRandom) -> FinalizeState {
        // Somebody with the verifier, or without.
        let isProven = !isBound || Bool.random(using: &random)
        return isReceived && Bool.random(using: &random)
            ? FinalizeState(at: progress, isProven: isProven) : FinalizeState(isProven: isProven)
    }

    /// Whether a worker may end like this, when everybody has ended.
    func allows(_ result: Result<Secret, ConnectError>) -> Bool {
        switch result {
        case .success(let token): outcome == .finalized(publicToken: token)
        case .failure(.finish(.rejected)): outcome == .rejected
        case .failure(.finish(.differentPerson)): outcome == .refused(.humanTaken)
        case .failure(.finish(.held)): isBound
        // Others may have gone on with what one worker gave up.
        case .failure(.finish(.unresolved)), .failure(.finish(.inProgress)), .failure(.store): true
        case .failure: false
        }
    }

    /// Does what the worker wants done; false when the worker is no more.
    mutating func work(
        _ state: inout FinalizeState,
        _ random: inout SeededRandom
    ) -> Bool {
        // Before a step: nothing of it has happened.
        guard !crashes(&random) else { return false }
        switch state.action {
        case .askWhoWasFirst: _ = state.compared(isReceived ? .repeated(progress) : .first)
        case .receive:
            guard !isReceived else {
                _ = state.claimed()
                break
            }
            isReceived = true
            isHeld = isBound && !state.isProven
            _ = isHeld ? state.held() : state.received()
        case .confirm:
            guard isHeld else {
                _ = state.confirmedBefore()
                break
            }
            isHeld = false
            _ = state.confirmed()
        case .dispatch(let number):
            guard !isHeld, outcome == nil, dispatches == number - 1 else {
                lostDispatches += 1
                _ = state.dispatchLost()
                break
            }
            dispatches = number
            mark = nil
            _ = state.dispatched()
        case .exchange: exchange(&state, &random)
        case .record(let result): record(result, &state, &random)
        case .askOutcome: _ = state.found(progress)
        case .pause: _ = state.paused(isCancelled: Int.random(in: 0..<50, using: &random) == 0)
        case .end(let result):
            results.append(result)
            return false
        }
        // After it: it is durable, and nobody was told.
        return !crashes(&random)
    }

    private mutating func crashes(_ random: inout SeededRandom) -> Bool {
        guard Int.random(in: 0..<100, using: &random) == 0 else { return false }
        crashes += 1
        return true
    }

    private mutating func exchange(_ state: inout FinalizeState, _ random: inout SeededRandom) {
        let draw = Int.random(in: 0..<20, using: &random)
        guard draw < 5 else {
            _ = state.exchangeFailed(.notSent(.connectionRefused))
            return
        }
        sent += 1
        switch draw {
        case 0: _ = state.exchangeFailed(.rejected(status: 401))
        case 1: _ = state.exchangeFailed(.unknown(.timedOut))
        default: _ = state.answered(FinalizeStateTests.answer)
        }
    }

    private mutating func record(
        _ result: ExchangeResult,
        _ state: inout FinalizeState,
        _ random: inout SeededRandom
    ) {
        let draw = Int.random(in: 0..<5, using: &random)
        if draw == 0 {
            _ = state.recordingFailed(.store(.unavailable), isKept: true, isCancelled: false)
            return
        }
        let recorded: FinalizeOutcome
        switch result {
        case .answered where isHumanTaken:
            _ = state.humanTaken()
            return
        case .answered(let answer): recorded = .finalized(publicToken: answer.publicToken)
        case .refused(let mismatch): recorded = .refused(mismatch)
        case .rejected: recorded = .rejected
        case .unresolved(let reason, let number):
            recorded = .unresolved
            guard marked.insert(number).inserted else {
                _ = state.recordedBefore()
                return
            }
            mark = reason
        }
        if recorded != .unresolved {
            guard outcome == nil else {
                _ = state.recordedBefore()
                return
            }
            outcome = recorded
            outcomesRecorded += 1
        }
        // The answer of a commit may be lost, and then it is tried again.
        _ =
            draw == 1
            ? state.recordingFailed(.store(.outcomeUnknown), isKept: true, isCancelled: false)
            : state.recorded(recorded)
    }
}

import HumanConnect
import Ledger
import LedgerStore
import SeededRandom
import Testing

@testable import ConnectFlow

/// Walks through the finalize at random: what holds on every way holds whatever happens when.
@Suite("The finalize on random ways", .timeLimit(.minutes(5)))
struct FinalizeWalkTests {
    private static let seed: UInt64 = 20_261_125

    @Test("whatever is reported, one worker exchanges once and comes to an end")
    func anyReport() throws {
        var random = SeededRandom(seed: Self.seed)
        var exchanges = 0
        for round in 0..<26_000 {
            let note: Comment = "seed \(Self.seed), round \(round)"
            var reporter = AnyReport(random: random)
            var state = reporter.beginning()
            var mayBeSent = false
            for step in 0... {
                if case .end = state.action { break }
                try #require(step < 5_000, note)
                if case .exchange = state.action {
                    try #require(!mayBeSent, note)
                    exchanges += 1
                    mayBeSent = true
                }
                if reporter.report(to: &state) == .notSent { mayBeSent = false }
            }
            random = reporter.random
        }
        #expect(exchanges > 10_000, "the walk reached what it is about")
    }

    @Test("twins, crashes and lost answers lead to one exchange and one outcome")
    func twins() throws {
        var random = SeededRandom(seed: Self.seed)
        var seen = FinalizeWorld.Counts()
        for round in 0..<5_000 {
            var world = FinalizeWorld(
                isHumanTaken: Int.random(in: 0..<10, using: &random) == 0,
                isBound: Int.random(in: 0..<3, using: &random) == 0
            )
            var workers = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                world.newcomer(&random)
            }
            for step in 0..<3_000 where !workers.isEmpty {
                if step < 300, workers.count < 4, Int.random(in: 0..<20, using: &random) == 0 {
                    workers.append(world.newcomer(&random))
                }
                let index = Int.random(in: 0..<workers.count, using: &random)
                if !world.work(&workers[index], &random) { workers.remove(at: index) }
            }
            let note: Comment = "seed \(Self.seed), round \(round)"
            try #require(workers.isEmpty, note)
            try #require(world.sent <= 1, note)
            try #require(world.outcomesRecorded <= 1, note)
            try #require(world.dispatches <= 9, note)
            try #require(world.results.allSatisfy(world.allows), note)
            try #require(!world.isHeld || world.sent == 0, note)
            seen.add(world)
        }
        #expect(seen.finalized > 500)
        #expect(seen.unresolved > 500)
        #expect(seen.dispatchesMax > 10)
        #expect(seen.lostDispatches > 500)
        #expect(seen.crashes > 500)
        #expect(seen.confirmed > 200)
        #expect(seen.held > 50)
    }
}

/// Tells a worker anything that could be the answer to what it does, true or not.
private struct AnyReport {
    /// What was told.
    enum Report {
        case notSent
        case other
    }

    /// What is never told, so that only the worker's own limits bring about the end.
    enum Mood: CaseIterable {
        /// Nothing is left out.
        case open
        /// No end.
        case stubborn
        /// Neither an end nor that the worker may go on: somebody else is at it.
        case silent
    }

    private let mood: Mood
    private(set) var random: SeededRandom

    init(random: SeededRandom) {
        self.random = random
        mood = Mood.allCases.randomElement(using: &self.random) ?? .open
    }

    /// A new finish, or one that goes on with a finalize that is anywhere.
    mutating func beginning() -> FinalizeState {
        let isProven = Bool.random(using: &random)
        return Bool.random(using: &random)
            ? FinalizeState(isProven: isProven) : FinalizeState(at: progress(), isProven: isProven)
    }

    mutating func report(to state: inout FinalizeState) -> Report {
        switch state.action {
        case .askWhoWasFirst:
            _ = state.compared(standing())
        case .receive:
            switch draw(mood == .open ? 5 : 2) {
            case 0: _ = state.claimed()
            case 4: _ = state.refused(.differentPerson)
            default: _ = state.isProven ? state.received() : state.held()
            }
        case .confirm:
            switch draw(mood == .open ? 3 : 2) {
            case 0: _ = state.confirmedBefore()
            case 2: _ = state.refused(.unconfirmed)
            default: _ = state.confirmed()
            }
        case .dispatch:
            _ = draw(2) == 0 ? state.dispatched() : state.dispatchLost()
        case .exchange:
            switch draw(10) {
            case 0: _ = state.exchangeFailed(.rejected(status: 400))
            case 1: _ = state.exchangeFailed(.unknown(.timedOut))
            case 2, 3: _ = state.answered(FinalizeStateTests.answer)
            default:
                _ = state.exchangeFailed(.notSent(.connectionRefused))
                return .notSent
            }
        case .record(let result):
            switch (draw(mood == .open ? 30 : 20), result) {
            case (0, .answered): _ = state.humanTaken()
            case (1...2, _): _ = state.recordedBefore()
            case (20..., _): _ = state.recorded(outcome())
            default:
                _ = state.recordingFailed(.store(.unavailable), isKept: true, isCancelled: false)
            }
        case .askOutcome: _ = state.found(progress())
        case .pause: _ = state.paused(isCancelled: false)
        case .end: break
        }
        return .other
    }

    private mutating func draw(_ count: Int) -> Int { Int.random(in: 0..<count, using: &random) }

    private mutating func standing() -> FinalizeState.Standing {
        switch draw(mood == .open ? 7 : 4) {
        case 0...2: .first
        case 3: .repeated(progress())
        default: .sessionUsed
        }
    }

    private mutating func progress() -> FinalizeProgress {
        let number = Int64(draw(9) + 1)
        guard mood != .silent else { return .dispatched(number: number) }
        switch draw(mood == .open ? 7 : 4) {
        case 0: return Bool.random(using: &random) ? .received : .held
        case 6: return .held
        case 1: return .notSent(number: number)
        case 4: return .unresolved
        case 5: return .ended(outcome())
        default: return .dispatched(number: number)
        }
    }

    private mutating func outcome() -> FinalizeOutcome {
        [FinalizeStateTests.finalized, .rejected, .refused(.humanID), .unresolved][draw(4)]
    }
}

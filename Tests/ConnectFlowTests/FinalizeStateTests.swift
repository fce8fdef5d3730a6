import HumanConnect
import Ledger
import LedgerStore
import Testing

@testable import ConnectFlow

@Suite("The finalize, step by step", .timeLimit(.minutes(5)))
struct FinalizeStateTests {
    static let answer = TokenAnswer(
        humanID: Secret("human"),
        accessToken: Secret("access"),
        publicToken: Secret("public"),
        clientID: nil,
        clientUserID: nil
    )
    static let finalized = FinalizeOutcome.finalized(publicToken: answer.publicToken)
    private static let outcomePause = FinalizeState.Action.pause(
        .milliseconds(250),
        then: .askOutcome
    )

    /// How a finish ends that does not lead to tokens.
    private func end(_ error: FinishError) -> FinalizeState.Action {
        .end(.failure(.finish(error)))
    }

    /// A worker that is about to exchange for the first time.
    private func exchanging() -> FinalizeState {
        var state = FinalizeState()
        _ = state.compared(.first)
        _ = state.received()
        _ = state.dispatched()
        return state
    }

    /// A worker that has the provider's answer in hand.
    private func recording() -> FinalizeState {
        var state = exchanging()
        _ = state.answered(Self.answer)
        return state
    }

    /// A worker that asks for the outcome of somebody else's exchange.
    private func asking() -> FinalizeState {
        var state = FinalizeState(at: .dispatched(number: 1))
        _ = state.paused(isCancelled: false)
        return state
    }

    // MARK: Who is first

    @Test("the first finish of a session is received, dispatched, exchanged and recorded")
    func first() {
        var state = FinalizeState()
        #expect(state.action == .askWhoWasFirst)
        #expect(state.compared(.first) == .receive)
        #expect(state.received() == .dispatch(number: 1))
        #expect(state.dispatched() == .exchange(number: 1))
        #expect(state.answered(Self.answer) == .record(.answered(Self.answer)))
        #expect(state.recorded(Self.finalized) == .end(.success(Secret("public"))))
    }

    @Test("what was used otherwise ends before anything is written")
    func refusedAtOnce() {
        var state = FinalizeState()
        #expect(state.compared(.sessionUsed) == end(.sessionUsed))
    }

    @Test("a finish that is refused with its intent leads to no exchange")
    func refused() {
        for error in [FinishError.differentPerson, .launchConsumed] {
            var state = FinalizeState()
            _ = state.compared(.first)
            #expect(state.refused(error) == end(error))
        }
    }

    @Test("a finish whose twin was faster becomes its repeat")
    func claimed() {
        var state = FinalizeState()
        _ = state.compared(.first)
        #expect(state.claimed() == .askWhoWasFirst)
        #expect(state.compared(.repeated(.dispatched(number: 1))) == Self.outcomePause)
    }

    @Test("a finish that lost its claim is not received again")
    func claimedByAnother() {
        for (standing, error) in [
            (FinalizeState.Standing.first, FinishError.inProgress), (.sessionUsed, .sessionUsed),
        ] {
            var state = FinalizeState()
            _ = state.compared(.first)
            _ = state.claimed()
            #expect(state.compared(standing) == end(error))
        }
    }

    // MARK: The exchange

    @Test("what was not sent is dispatched three times in one finish, with pauses that double")
    func notSent() {
        var state = exchanging()
        for (number, pause) in [(Int64(2), 200), (3, 400)] {
            let again = FinalizeState.Action.dispatch(number: number)
            #expect(
                state.exchangeFailed(.notSent(.connectionRefused))
                    == .pause(.milliseconds(pause), then: again)
            )
            #expect(state.paused(isCancelled: false) == again)
            #expect(state.dispatched() == .exchange(number: number))
        }
        #expect(
            state.exchangeFailed(.notSent(.tlsFailed))
                == .record(.unresolved(reason: "not_sent", number: 3))
        )
        #expect(state.recorded(.unresolved) == end(.unresolved))
    }

    @Test("whoever takes over dispatches once, however often others have")
    func oneRound() {
        for number in [Int64(3), 9, 40] {
            var state = FinalizeState(settling: .notSent(number: number))
            #expect(state.action == .dispatch(number: number + 1))
            #expect(state.dispatched() == .exchange(number: number + 1))
            #expect(
                state.exchangeFailed(.notSent(.connectionRefused))
                    == .record(.unresolved(reason: "not_sent", number: number + 1))
            )
        }
    }

    @Test("nine dispatches are enough, over all repeats of a finish")
    func dispatchesMax() {
        var state = FinalizeState(at: .notSent(number: 8))
        #expect(state.action == .dispatch(number: 9))
        #expect(state.dispatched() == .exchange(number: 9))
        #expect(
            state.exchangeFailed(.notSent(.nameLookup))
                == .record(.unresolved(reason: "not_sent", number: 9))
        )
        #expect(FinalizeState(at: .notSent(number: 9)).action == end(.unresolved))
    }

    @Test("what the provider refused is recorded as refused")
    func rejected() {
        var state = exchanging()
        #expect(state.exchangeFailed(.rejected(status: 401)) == .record(.rejected(status: 401)))
        #expect(state.recorded(.rejected) == end(.rejected))
    }

    @Test("an answer that is not known is recorded as what it is, and never asked for again")
    func unknown() {
        for (reason, word) in [
            (HumanConnectError.UnknownReason.timedOut, "timed_out"), (.cancelled, "cancelled"),
            (.connectionLost, "connection_lost"), (.serverError(status: 502), "server_error_502"),
            (.tooManyRequests, "too_many_requests"), (.tryLater(status: 425), "try_later_425"),
            (.redirected, "redirected"), (.unexpectedStatus(204), "unexpected_status_204"),
            (.answerTooLarge, "answer_too_large"), (.malformedAnswer, "malformed_answer"),
            (.missingField("humanId"), "missing_field"),
            (.invalidField("humanId"), "invalid_field"), (.differentHuman, "different_human"),
        ] {
            var state = exchanging()
            #expect(
                state.exchangeFailed(.unknown(reason))
                    == .record(.unresolved(reason: word, number: 1))
            )
            #expect(state.recorded(.unresolved) == end(.unresolved))
        }
    }

    @Test("whoever loses a dispatch waits for the outcome of the one who has it")
    func dispatchLost() {
        var state = FinalizeState(at: .notSent(number: 3))
        #expect(state.action == .dispatch(number: 4))
        #expect(state.dispatchLost() == .askOutcome)
        #expect(state.found(.dispatched(number: 4)) == Self.outcomePause)
        #expect(state.paused(isCancelled: false) == .askOutcome)
        #expect(state.found(.ended(Self.finalized)) == .end(.success(Secret("public"))))
    }

    @Test("after a lost dispatch there is as much patience as at first, and three dispatches")
    func dispatchLostLate() {
        var state = asking()
        for _ in 0..<8 {
            _ = state.found(.dispatched(number: 1))
            _ = state.paused(isCancelled: false)
        }
        #expect(state.found(.notSent(number: 1)) == .dispatch(number: 2))
        #expect(state.dispatchLost() == .askOutcome)
        #expect(asksUntilEnd(&state, .dispatched(number: 2)) == 12)

        var other = FinalizeState(at: .notSent(number: 1))
        _ = other.dispatchLost()
        #expect(other.found(.notSent(number: 2)) == .dispatch(number: 3))
        for number in Int64(3)..<5 {
            _ = other.dispatched()
            _ = other.exchangeFailed(.notSent(.connectTimedOut))
            #expect(other.paused(isCancelled: false) == .dispatch(number: number + 1))
        }
    }

    @Test("more lost dispatches than there are end in words")
    func dispatchesLostMax() {
        var state = FinalizeState(at: .notSent(number: 1))
        for _ in 0..<9 {
            #expect(state.dispatchLost() == .askOutcome)
            #expect(state.found(.notSent(number: 1)) == .dispatch(number: 2))
        }
        #expect(state.dispatchLost() == end(.inProgress))
    }

    // MARK: A finalize that is under way

    @Test("an outcome on record is answered at once")
    func ended() {
        for (outcome, action) in [
            (Self.finalized, FinalizeState.Action.end(.success(Secret("public")))),
            (.rejected, end(.rejected)), (.refused(.humanTaken), end(.differentPerson)),
            (.refused(.userUnproven), end(.userUnproven)), (.unconfirmed, end(.unconfirmed)),
            (.unresolved, end(.unresolved)),
            (.abandoned, end(.abandoned)), (.superseded, end(.abandoned)),
        ] {
            #expect(FinalizeState(at: .ended(outcome)).action == action)
            var state = FinalizeState()
            #expect(state.compared(.repeated(.ended(outcome))) == action)
        }
    }

    @Test("what is not proven is held, and a repeat of it too; the verifier lets it go on, once")
    func held() {
        var state = FinalizeState(isProven: false)
        #expect(state.compared(.first) == .receive)
        #expect(state.held() == end(.held))
        #expect(FinalizeState(at: .held, isProven: false).action == end(.held))
        var repeated = FinalizeState(isProven: false)
        #expect(repeated.compared(.repeated(.held)) == end(.held))
        var relayed = FinalizeState()
        #expect(relayed.compared(.repeated(.held)) == .confirm)
        #expect(relayed.confirmed() == .dispatch(number: 1))
        var twin = FinalizeState(at: .held)
        #expect(twin.action == .confirm)
        #expect(twin.confirmedBefore() == .askOutcome)
        #expect(twin.found(.dispatched(number: 1)) == Self.outcomePause)
        var late = FinalizeState(at: .held)
        #expect(late.refused(.unconfirmed) == end(.unconfirmed))
    }

    @Test("whoever settles a finalize confirms none")
    func heldIsNotSettled() {
        #expect(FinalizeState(settling: .held).action == end(.held))
    }

    @Test("an intent that nobody dispatches is dispatched after one pause")
    func takesOver() {
        var state = FinalizeState(at: .received)
        #expect(state.action == Self.outcomePause)
        #expect(state.paused(isCancelled: false) == .askOutcome)
        #expect(state.found(.received) == .dispatch(number: 1))
    }

    @Test("an exchange under way is waited for, and after twelve looks no longer")
    func patience() {
        var state = FinalizeState()
        #expect(state.compared(.repeated(.dispatched(number: 1))) == Self.outcomePause)
        #expect(state.paused(isCancelled: false) == .askOutcome)
        #expect(asksUntilEnd(&state, .dispatched(number: 1)) == 11, "one look was made before")
        #expect(state.action == end(.inProgress))
    }

    private func asksUntilEnd(_ state: inout FinalizeState, _ progress: FinalizeProgress) -> Int {
        var asks = 1
        while asks < 1_000, state.found(progress) == Self.outcomePause {
            _ = state.paused(isCancelled: false)
            asks += 1
        }
        return asks
    }

    @Test("what was perhaps sent is not sent by a repeat; what certainly was not, is")
    func unresolved() {
        #expect(FinalizeState(at: .unresolved).action == end(.unresolved))
        #expect(FinalizeState(at: .notSent(number: 3)).action == .dispatch(number: 4))
        var state = asking()
        #expect(state.found(.unresolved) == end(.unresolved))
        state = asking()
        #expect(state.found(.notSent(number: 3)) == .dispatch(number: 4))
    }

    @Test("who waits for somebody else leaves when nobody waits for him")
    func cancelledWaiting() {
        var state = FinalizeState(at: .dispatched(number: 1))
        #expect(state.paused(isCancelled: true) == end(.inProgress))
    }

    // MARK: Recording

    @Test("tokens of a person who is linked to another user are refused")
    func humanTaken() {
        var state = recording()
        #expect(state.humanTaken() == .record(.refused(.humanTaken)))
        #expect(state.recorded(.refused(.humanTaken)) == end(.differentPerson))
    }

    @Test("where an outcome is on record already, that one counts")
    func recordedBefore() {
        var state = recording()
        #expect(state.recordedBefore() == .askOutcome)
        #expect(state.found(.ended(.rejected)) == end(.rejected))
    }

    @Test("whatever the ledger says then, what may have been sent is not sent again")
    func sentOnce() {
        for progress in [FinalizeProgress.notSent(number: 1), .received] {
            for beginning in [recording(), FinalizeState(recording: .answered(Self.answer))] {
                var state = beginning
                _ = state.recordedBefore()
                var action = state.found(progress)
                if case .pause = action {
                    _ = state.paused(isCancelled: false)
                    action = state.found(progress)
                }
                #expect(action == end(.unresolved))
            }
        }
    }

    @Test(
        "while the database is away an answer in hand is recorded anew: ten seconds, or ten minutes",
        arguments: [(true, 20), (false, 1_200)]
    )
    func databaseAway(isKept: Bool, tries: Int) {
        var state = FinalizeState(recording: .answered(Self.answer))
        let record = FinalizeState.Action.record(.answered(Self.answer))
        let away = ConnectError.store(.unavailable)
        for _ in 1..<tries {
            #expect(
                state.recordingFailed(away, isKept: isKept, isCancelled: false)
                    == .pause(.milliseconds(500), then: record)
            )
            #expect(state.paused(isCancelled: false) == record)
        }
        #expect(
            state.recordingFailed(away, isKept: isKept, isCancelled: false)
                == .end(.failure(away))
        )
        #expect(state.recordFailures == tries)
    }

    @Test("what will not pass is not tried again, nor what is kept and nobody waits for")
    func notRecorded() {
        for error in [
            ConnectError.store(.damaged(.value)), .launchNotFound, .finish(.rejected),
        ] {
            var state = recording()
            #expect(
                state.recordingFailed(error, isKept: true, isCancelled: false)
                    == .end(.failure(error))
            )
        }
        for error in [StoreError.unavailable, .overloaded, .outcomeUnknown, .conflict] {
            var state = recording()
            let error = ConnectError.store(error)
            #expect(
                state.recordingFailed(error, isKept: true, isCancelled: true)
                    == .end(.failure(error))
            )
            state = recording()
            guard case .pause = state.recordingFailed(error, isKept: false, isCancelled: true)
            else {
                Issue.record("given up, and kept nowhere")
                continue
            }
        }
    }

    @Test("a shutdown ends pauses, not the work that they interrupt")
    func cancelledWorking() {
        var state = exchanging()
        _ = state.exchangeFailed(.notSent(.cancelled))
        #expect(state.paused(isCancelled: true) == .dispatch(number: 2))
        state = recording()
        _ = state.recordingFailed(.store(.unavailable), isKept: false, isCancelled: false)
        #expect(state.paused(isCancelled: true) == .record(.answered(Self.answer)))
    }
}

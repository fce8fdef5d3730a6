import Ledger
import Testing

@testable import ConnectFlow

@Suite("What is done about a finalize that was left behind")
struct SettleStepTests {
    private static let begin = Timestamp(microseconds: 1_795_356_396_123_456)

    /// What is done so long after the last of these events, the first of which is the intent.
    private func step(
        after seconds: Int64,
        _ events: [LedgerEvent] = [],
        isHeld: Bool = false
    ) throws -> SettleStep {
        let fingerprint = try Self.fingerprint
        let finish = LedgerEvent.Finish(
            finalize: Self.id,
            launch: Identifier(value: 8),
            session: fingerprint,
            human: fingerprint
        )
        var state = SubjectState()
        let first = isHeld ? LedgerEvent.finishHeld(finish) : .finishReceived(finish)
        for event in [first] + events { state.apply(event, at: Self.begin) }
        let open = try #require(state.openFinalizes.first)
        return SettleStep(open, at: Self.begin.adding(seconds: seconds))
    }

    @Test(
        "what waits for a verifier has five minutes, then it is given up; confirmed, it is received"
    )
    func held() throws {
        #expect(try step(after: 299, isHeld: true) == .wait)
        #expect(try step(after: 300, isHeld: true) == .abandon(.unconfirmed))
        #expect(try step(after: 86_400, isHeld: true) == .abandon(.unconfirmed))
        let confirmed = LedgerEvent.finishConfirmed(finalize: Self.id, human: try Self.fingerprint)
        #expect(try step(after: 5, [confirmed], isHeld: true) == .carryOn)
    }

    private static let id = Identifier(value: 7)

    private static var fingerprint: Fingerprint {
        get throws { try #require(Fingerprint(Array(repeating: 1, count: 16))) }
    }

    private func sent(_ number: Int64) -> LedgerEvent {
        .exchangeDispatched(finalize: Self.id, number: number)
    }

    private func unresolved(_ reason: String) -> LedgerEvent {
        .finalizeUnresolved(finalize: Self.id, reason: reason)
    }

    @Test("whoever received it has five seconds, then it is sent, for a day")
    func received() throws {
        #expect(try step(after: 4) == .wait)
        #expect(try step(after: 5) == .carryOn)
        #expect(try step(after: 86_399) == .carryOn)
        #expect(try step(after: 86_400) == .abandon(.neverSent))
    }

    @Test("whoever dispatched it has twenty seconds, then it counts as lost")
    func dispatched() throws {
        #expect(try step(after: 19, [sent(1)]) == .wait)
        #expect(try step(after: 20, [sent(1)]) == .markLost)
        #expect(try step(after: 86_400, [sent(1)]) == .markLost, "not silently")
    }

    @Test("what was lost is asked for at once, for a day")
    func lost() throws {
        #expect(try step(after: 0, [sent(1), unresolved("timed_out")]) == .ask)
        #expect(try step(after: 86_399, [sent(1), unresolved("worker_lost")]) == .ask)
        #expect(
            try step(after: 86_400, [sent(1), unresolved("timed_out")]) == .abandon(.answerLost)
        )
    }

    @Test("what was not sent is sent again, for a day")
    func notSent() throws {
        #expect(try step(after: 4, [sent(3), unresolved("not_sent")]) == .wait)
        #expect(try step(after: 5, [sent(3), unresolved("not_sent")]) == .carryOn)
        #expect(try step(after: 319, [sent(9), unresolved("not_sent")]) == .wait)
        #expect(try step(after: 320, [sent(9), unresolved("not_sent")]) == .carryOn)
        #expect(try step(after: 86_400, [sent(3), unresolved("not_sent")]) == .abandon(.neverSent))
    }

    @Test("what was abandoned is left alone")
    func abandoned() throws {
        let end = LedgerEvent.finalizeAbandoned(finalize: Self.id, reason: .answerLost)
        #expect(try step(after: 1_000_000, [sent(1), unresolved("timed_out"), end]) == .wait)
    }
}

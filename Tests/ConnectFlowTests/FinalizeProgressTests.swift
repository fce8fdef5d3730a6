import Ledger
import Testing

@testable import ConnectFlow

@Suite("How far a finalize is")
struct FinalizeProgressTests {
    private static let id = Identifier(value: 7)

    /// How far the finalize is after its intent and these events.
    private func progress(_ events: [LedgerEvent]) throws -> FinalizeProgress {
        let fingerprint = try #require(Fingerprint(Array(repeating: 1, count: 16)))
        let finish = LedgerEvent.Finish(
            finalize: Self.id,
            launch: Identifier(value: 8),
            session: fingerprint,
            human: fingerprint
        )
        var state = SubjectState()
        for event in [.finishReceived(finish)] + events {
            state.apply(event, at: Timestamp(microseconds: 0))
        }
        return FinalizeProgress(try #require(state.openFinalizes.first))
    }

    @Test("it is read from the user's state as the events left it")
    func reads() throws {
        let dispatches = (1...9).map { number in
            LedgerEvent.exchangeDispatched(finalize: Self.id, number: number)
        }
        let lost = LedgerEvent.finalizeUnresolved(finalize: Self.id, reason: "not_sent")
        let unknown = LedgerEvent.finalizeUnresolved(finalize: Self.id, reason: "timed_out")
        #expect(try progress([]) == .received)
        #expect(try progress([dispatches[0]]) == .dispatched(number: 1))
        #expect(try progress(Array(dispatches[..<3])) == .dispatched(number: 3))
        #expect(try progress(dispatches[..<3] + [lost]) == .notSent(number: 3))
        #expect(try progress(dispatches[..<3] + [lost, dispatches[3]]) == .dispatched(number: 4))
        #expect(try progress(dispatches + [lost]) == .notSent(number: 9))
        #expect(try progress([dispatches[0], unknown]) == .unresolved)
    }
}

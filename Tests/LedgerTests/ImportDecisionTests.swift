@testable import Ledger
import Testing

@Suite("tokens of another system")
struct ImportDecisionTests {
    private let human = Golden.one
    private let token = Golden.other
    private let time = Timestamp(microseconds: 1_000_000)

    private func decide(_ state: SubjectState, human: Fingerprint? = nil) -> ImportDecision {
        state.takeOver(human: human ?? self.human, accessToken: token, publicToken: token)
    }

    private func imported() throws -> SubjectState {
        var state = SubjectState()
        guard case .write(let event) = decide(state) else {
            throw FoldError.afterErasure
        }
        state.apply(event, at: time)
        return state
    }

    @Test("somebody new is connected by them, in version 1, and opens the popup in edit mode")
    func new() throws {
        let state = try imported()
        #expect(state.status == .connected)
        #expect(state.human == human)
        #expect(state.accessToken?.version == 1)
        #expect(state.publicToken?.version == 1)
        let launch = LedgerEvent.Launch(launch: Golden.launch, finish: .relay, expiry: time)
        #expect(state.launch(launch) == .editLaunched(launch, publicTokenVersion: 1))
    }

    @Test("they may be old, so the first launch asks the provider for the public token")
    func doubted() throws {
        var state = try imported()
        #expect(state.launchNeed(at: time) == .publicToken(isRequired: false))
        let recovered = try #require(state.recover(publicToken: token, human: human))
        state.apply(recovered, at: time)
        #expect(state.launchNeed(at: time) == .nothing)
        #expect(state.publicToken?.version == 1, "it was the current one")
    }

    @Test("the same again is held; others are refused, for what we hold may be newer")
    func again() throws {
        let state = try imported()
        #expect(decide(state) == .held)
        #expect(
            state.takeOver(human: human, accessToken: Golden.one, publicToken: token)
                == .refused(.otherTokens)
        )
        #expect(
            state.takeOver(human: human, accessToken: token, publicToken: Golden.one)
                == .refused(.otherTokens)
        )
        #expect(decide(state, human: token) == .refused(.otherPerson))
    }

    @Test("whoever was launched and has not finished is taken over, whoever has finished is not")
    func launched() {
        var state = SubjectState()
        let launch = LedgerEvent.Launch(launch: Golden.launch, finish: .relay, expiry: time)
        state.apply(.connectLaunched(launch), at: time)
        guard case .write = decide(state) else {
            Issue.record("refused")
            return
        }
        let finish = LedgerEvent.Finish(
            finalize: Golden.finalize,
            launch: Golden.launch,
            session: token,
            human: human
        )
        state.apply(.finishReceived(finish), at: time)
        #expect(decide(state) == .refused(.beingConnected))
        state.apply(.finalizeRejected(finalize: Golden.finalize, status: 422), at: time)
        #expect(
            decide(state) == .refused(.beingConnected),
            "whom it named is not known to be wrong"
        )
    }

    @Test("a person of whom the provider said that there is none does not come back")
    func gone() throws {
        var state = try imported()
        state.apply(.personGone(human: human), at: time)
        #expect(decide(state) == .refused(.personGone))
    }
}

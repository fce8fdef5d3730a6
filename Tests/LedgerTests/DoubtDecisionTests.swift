import Ledger
import Testing

@Suite("Doubt, claims and what was left behind")
struct DoubtDecisionTests {
    private typealias Finish = LedgerEvent.Finish

    private let finish = Situation.finish
    private let stranger = Situation.fingerprint(0xFF)

    @Test("a public token is asked for anew once it is half an hour old")
    func fresh() {
        let state = Situation.connected.state
        let last = Golden.time.adding(seconds: 1_800)
        #expect(state.launchNeed(at: Timestamp(microseconds: last.microseconds - 1)) == .nothing)
        #expect(state.launchNeed(at: last) == .publicToken(isRequired: false))
    }

    @Test("a popup whose end nobody reported leaves doubt, whatever another one has brought")
    func secondTab() {
        var state = Situation.relaunched.state
        let other = LedgerEvent.Launch(
            launch: Golden.cause,
            finish: .direct,
            expiry: Golden.expiry
        )
        state.apply(.editLaunched(other, publicTokenVersion: 1), at: Golden.time)
        state.apply(.finishReceived(finish), at: Golden.time)
        for event in state.finalize(finish, mode: .edit, answer: Situation.answer()) {
            state.apply(event, at: Golden.time)
        }
        #expect(!state.isDoubted)
        #expect(state.launchNeed(at: Situation.soon) == .publicToken(isRequired: false))
        state.apply(.launchClosed(launch: Golden.cause), at: Golden.time)
        #expect(state.isDoubted, "what was done in it before is not known")
        let recovery = LedgerEvent.publicTokenRecovered(
            .init(version: 1, fingerprint: Situation.publicToken),
            human: Situation.human
        )
        state.apply(recovery, at: Golden.time)
        #expect(state.launchNeed(at: Situation.soon) == .nothing)
    }

    @Test("one launch takes thirty-two sessions, and after tokens none")
    func sessions() {
        var state = Situation.launched.state
        for number in 1...32 {
            let finish = session(number)
            #expect(state.receive(finish) == [.finishReceived(finish)])
            state.apply(.finishReceived(finish), at: Golden.time)
            state.apply(.finalizeRejected(finalize: finish.finalize, status: 400), at: Golden.time)
        }
        #expect(state.receive(session(33)) == [], "the user is doubted already")
        state = Situation.connected.state
        let refusal = LedgerEvent.finishRefused(launch: Golden.launch, human: Situation.human)
        #expect(state.receive(session(33)) == [refusal])
        state.apply(refusal, at: Golden.time)
        #expect(state.launchNeed(at: Situation.soon) == .publicToken(isRequired: false))
        #expect(state.receive(session(33)) == [])
    }

    @Test("a user has sixty-four open finalizes at most, of however many launches")
    func openFinalizes() {
        var state = SubjectState()
        var finishes: [Finish] = []
        for number in 1...64 {
            let launch = Identifier(value: UInt128(1_000 + (number - 1) / 30))
            if number % 30 == 1 {
                state.apply(
                    .connectLaunched(
                        .init(
                            launch: launch,
                            finish: .direct,
                            expiry: Golden.time.adding(seconds: 900)
                        )
                    ),
                    at: Golden.time
                )
            }
            let finish = Finish(
                finalize: Identifier(value: UInt128(number)),
                launch: launch,
                session: Situation.fingerprint(UInt128(number)),
                human: Situation.human
            )
            #expect(state.receive(finish, isHeld: true) == [.finishHeld(finish)], "\(number)")
            state.apply(.finishHeld(finish), at: Golden.time)
            finishes.append(finish)
        }
        #expect(state.unsettledFinalizes.count == 64)
        let launch = finishes[63].launch
        let further = Finish(
            finalize: Identifier(value: 65),
            launch: launch,
            session: Situation.fingerprint(65),
            human: Situation.human
        )
        let refusal = LedgerEvent.finishRefused(launch: launch, human: Situation.human)
        #expect(state.receive(further, isHeld: true) == [refusal])
        state.apply(
            .finalizeAbandoned(finalize: finishes[0].finalize, reason: .unconfirmed),
            at: Golden.time
        )
        #expect(state.receive(further, isHeld: true) == [.finishHeld(further)])
    }

    private func session(_ number: Int) -> Finish {
        Finish(
            finalize: Identifier(value: UInt128(number)),
            launch: Golden.launch,
            session: Situation.fingerprint(UInt128(number)),
            human: Situation.human
        )
    }

    @Test("of whom a finish named, the last one is remembered until somebody is linked")
    func claimed() {
        var state = Situation.launched.state
        state.apply(.finishReceived(session(1)), at: Golden.time)
        #expect(state.claimedPerson?.human == Situation.human)
        #expect(state.claimedPerson?.received == 2)
        state.apply(.finalizeRejected(finalize: session(1).finalize, status: 400), at: Golden.time)
        #expect(state.claimedPerson != nil, "a rejected session may have been a good one")
        var refused = state
        let second = session(2)
        refused.apply(.finishReceived(second), at: Golden.time)
        #expect(refused.claimedPerson?.received == 4)
        refused.apply(
            .finalizeRefused(finalize: second.finalize, mismatch: .clientUserID),
            at: Golden.time
        )
        #expect(refused.claimedPerson == nil, "the provider has said who it is")
        state.apply(.personGone(human: stranger), at: Golden.time)
        #expect(state.claimedPerson != nil, "somebody else is gone")
        state.apply(.personGone(human: Situation.human), at: Golden.time)
        #expect(state.claimedPerson == nil)
        #expect(Situation.connected.state.claimedPerson == nil)
    }

    @Test("whom the provider does not know any more is not linked, and may be followed by another")
    func gone() {
        var state = Situation.gone.state
        #expect(state.human == nil)
        #expect(state.status == .broken)
        #expect(state.brokenReason == "person_gone")
        #expect(state.publicToken != nil, "its versions count on")
        #expect(state.openingToken == nil)
        let other = Finish(
            finalize: Golden.cause,
            launch: Golden.launch,
            session: Golden.other,
            human: stranger
        )
        state.apply(.finishReceived(other), at: Golden.time)
        let events = state.finalize(other, mode: .create, answer: Situation.answer(human: stranger))
        for event in events { state.apply(event, at: Golden.time) }
        #expect(state.human == stranger)
        #expect(state.status == .connected)
    }

    @Test("a lost answer breaks a connection off, for its access token may be another one")
    func brokenOff() {
        let state = Situation.brokenOff.state
        #expect(state.status == .broken)
        #expect(state.brokenReason == "answer_lost")
        #expect(state.unsettledFinalizes.isEmpty)
        #expect(state.openFinalizes.count == 1, "a late answer still counts")
        #expect(state.settleAt == nil)
        #expect(Situation.abandoned.state.status == .launched, "there was no connection")
    }

    @Test("what was lost before newer tokens came breaks nothing off")
    func lostBefore() {
        var state = Situation.launched.state
        state.apply(.finishReceived(session(1)), at: Golden.time)
        state.apply(.exchangeDispatched(finalize: session(1).finalize, number: 1), at: Golden.time)
        state.apply(.finishReceived(session(2)), at: Golden.expiry)
        for event in state.finalize(session(2), mode: .create, answer: Situation.answer()) {
            state.apply(event, at: Golden.expiry)
        }
        state.apply(
            .finalizeAbandoned(finalize: session(1).finalize, reason: .answerLost),
            at: Golden.expiry
        )
        #expect(state.status == .connected)
    }

    @Test("a late answer's tokens are doubted: newer ones may have been issued since")
    func lateAnswer() {
        var state = Situation.abandoned.state
        for event in state.finalize(finish, mode: .create, answer: Situation.answer()) {
            state.apply(event, at: Golden.expiry)
        }
        #expect(state.status == .connected)
        #expect(state.isDoubted)
    }

    @Test("a launch that is not among the last ones takes no session")
    func forgottenLaunch() {
        var state = Situation.launched.state
        for number in 10..<18 {
            let launch = LedgerEvent.Launch(
                launch: Identifier(value: UInt128(number)),
                finish: .direct,
                expiry: Golden.expiry
            )
            #expect(state.receive(finish) == [.finishReceived(finish)])
            state.apply(.connectLaunched(launch), at: Golden.time)
        }
        let refusal = LedgerEvent.finishRefused(launch: finish.launch, human: finish.human)
        #expect(state.receive(finish) == [refusal])
    }

    @Test("newer tokens end those finalizes whose answer nobody expects")
    func settled() {
        var state = Situation.abandoned.state
        for (number, event) in [
            nil, LedgerEvent.finalizeUnresolved(finalize: session(2).finalize, reason: "timeout"),
            nil,
        ].enumerated() {
            state.apply(.finishReceived(session(number + 1)), at: Golden.time)
            if let event { state.apply(event, at: Golden.time) }
        }
        let third = session(3).finalize
        #expect(
            state.settled(by: third).map(\.finalize) == [
                Golden.finalize, session(2).finalize, third,
            ]
        )
        state.apply(
            .connectFinalized(finalize: third, launch: Golden.launch, human: Situation.human),
            at: Golden.time
        )
        #expect(state.openFinalizes.map(\.finalize) == [session(1).finalize])
    }

    @Test("an open finalize is due later, the more often it was not sent")
    func due() {
        var state = Situation.launched.state
        #expect(state.settleAt == nil)
        state.apply(.finishReceived(finish), at: Golden.time)
        #expect(state.settleAt == Golden.time.adding(seconds: 5))
        for (number, seconds) in [(Int64(1), Int64(5)), (3, 5), (4, 10), (9, 320), (12, 600)] {
            state.apply(
                .exchangeDispatched(finalize: finish.finalize, number: number),
                at: Golden.time
            )
            #expect(state.settleAt == Golden.time.adding(seconds: 20))
            state.apply(
                .finalizeUnresolved(finalize: finish.finalize, reason: "not_sent"),
                at: Golden.expiry
            )
            #expect(state.settleAt == Golden.expiry.adding(seconds: seconds), "\(number)")
        }
        state.apply(
            .finalizeUnresolved(finalize: finish.finalize, reason: "timeout"),
            at: Golden.expiry
        )
        #expect(state.settleAt == Golden.expiry)
    }
}

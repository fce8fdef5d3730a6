import Ledger
import Testing

@Suite("Decisions")
struct DecisionTests {
    private typealias Finish = LedgerEvent.Finish

    private let finish = Situation.finish
    private let stranger = Situation.fingerprint(0xFF)

    private func answer(
        human: Fingerprint = Situation.human,
        access: Fingerprint = Situation.access,
        publicToken: Fingerprint = Situation.publicToken,
        mismatch: Mismatch? = nil
    ) -> AnswerFingerprints {
        AnswerFingerprints(
            human: human,
            accessToken: access,
            publicToken: publicToken,
            mismatch: mismatch
        )
    }

    @Test("what a launch needs first", arguments: Situation.allCases)
    func need(situation: Situation) {
        #expect(situation.state.launchNeed(at: Situation.soon) == situation.need)
    }

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
        for event in state.finalize(finish, mode: .edit, answer: answer()) {
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
        let events = state.finalize(other, mode: .create, answer: answer(human: stranger))
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

    @Test(
        "a launch is edit mode exactly when a public token is held",
        arguments: Situation.allCases
    )
    func launch(situation: Situation) {
        let event = situation.state.launch(Situation.launch)
        if let version = situation.publicTokenVersion {
            #expect(event == .editLaunched(Situation.launch, publicTokenVersion: version))
        } else {
            #expect(event == .connectLaunched(Situation.launch))
        }
    }

    @Test(
        "a finish about another person than before is refused at once",
        arguments: Situation.allCases
    )
    func receive(situation: Situation) {
        guard !situation.isConsumed else { return }
        #expect(situation.state.receive(finish) == [.finishReceived(finish)])
        let foreign = Finish(
            finalize: finish.finalize,
            launch: finish.launch,
            session: finish.session,
            human: stranger
        )
        let events = situation.state.receive(foreign)
        #expect(events.first == .finishReceived(foreign))
        #expect(
            Array(events.dropFirst())
                == (situation.isLinked
                    ? [.finalizeRefused(finalize: finish.finalize, mismatch: .humanID)] : [])
        )
    }

    @Test("an answer with tokens finalizes and rotates what changed", arguments: Situation.allCases)
    func finalize(situation: Situation) {
        var state = situation.state
        let held = (state.accessToken, state.publicToken)
        let tokens = (Situation.fingerprint(0x1A), Situation.fingerprint(0x1B))
        let events = state.finalize(
            finish,
            mode: .create,
            answer: answer(access: tokens.0, publicToken: tokens.1)
        )
        let access = LedgerEvent.IssuedToken(
            version: (held.0?.version ?? 0) + 1,
            fingerprint: tokens.0
        )
        let publicToken = LedgerEvent.IssuedToken(
            version: (held.1?.version ?? 0) + 1,
            fingerprint: tokens.1
        )
        #expect(
            events == [
                .connectFinalized(
                    finalize: finish.finalize,
                    launch: finish.launch,
                    human: Situation.human
                ),
                .accessTokenRotated(access, cause: finish.finalize),
                .publicTokenRotated(publicToken, cause: finish.finalize),
            ]
        )
        for event in events { state.apply(event, at: Golden.expiry) }
        #expect(state.status == .connected)
        #expect(state.human == Situation.human)
        #expect(state.launchNeed(at: Situation.soon) == .nothing)
        #expect(state.brokenReason == nil)
        #expect(state.openFinalizes.isEmpty)
        #expect(state.token(.accessToken)?.fingerprint == tokens.0)
        #expect(state.token(.publicToken)?.issuedAt == Golden.expiry)
    }

    @Test("edit mode is recorded as such, and tokens that stayed are not rotated")
    func sameTokens() {
        let state = Situation.relaunched.state
        let finalized = LedgerEvent.editFinalized(
            finalize: finish.finalize,
            launch: finish.launch,
            human: Situation.human
        )
        #expect(state.finalize(finish, mode: .edit, answer: answer()) == [finalized])
        let next = Situation.fingerprint(0x1B)
        #expect(
            state.finalize(finish, mode: .edit, answer: answer(publicToken: next)) == [
                finalized,
                .publicTokenRotated(.init(version: 2, fingerprint: next), cause: finish.finalize),
            ]
        )
        #expect(
            state.finalize(finish, mode: .edit, answer: answer(access: next)) == [
                finalized,
                .accessTokenRotated(.init(version: 2, fingerprint: next), cause: finish.finalize),
            ]
        )
    }

    @Test("an answer about somebody else never changes a token", arguments: Situation.allCases)
    func refusal(situation: Situation) {
        for mode in [LaunchMode.create, .edit] {
            let mismatches: [Mismatch] = [.clientUserID, .clientID, .humanID, .humanTaken]
            var answers: [(AnswerFingerprints, Mismatch)] = mismatches.map {
                (answer(mismatch: $0), $0)
            }
            answers.append((answer(human: stranger), .humanID))
            for (answer, mismatch) in answers {
                var state = situation.state
                let events = state.finalize(finish, mode: mode, answer: answer)
                #expect(
                    events == [.finalizeRefused(finalize: finish.finalize, mismatch: mismatch)]
                )
                for event in events { state.apply(event, at: Golden.time) }
                #expect(state.accessToken == situation.state.accessToken)
                #expect(state.publicToken == situation.state.publicToken)
                #expect(state.human == situation.state.human)
                #expect(state.isDoubted)
                #expect(!state.openFinalizes.contains { $0.finalize == finish.finalize })
            }
        }
    }

    @Test("a linked user takes no answer about another person, even when the finish named it")
    func otherPerson() {
        let foreign = Finish(
            finalize: finish.finalize,
            launch: finish.launch,
            session: finish.session,
            human: stranger
        )
        for situation in Situation.allCases {
            let events = situation.state.finalize(
                foreign,
                mode: .edit,
                answer: answer(human: stranger)
            )
            let isRefused =
                events == [.finalizeRefused(finalize: finish.finalize, mismatch: .humanID)]
            #expect(isRefused == situation.isLinked, "\(situation)")
        }
    }

    @Test(
        "a recovered public token counts up only when it is another one",
        arguments: Situation.allCases
    )
    func recover(situation: Situation) {
        var state = situation.state
        let version = state.publicToken?.version ?? 0
        if let held = state.publicToken {
            var same = state
            let event = state.recover(publicToken: held.fingerprint, human: Situation.human)
            if state.isDoubted || state.human == nil {
                #expect(
                    event
                        == .publicTokenRecovered(
                            .init(version: version, fingerprint: held.fingerprint),
                            human: Situation.human
                        )
                )
            } else {
                #expect(event == nil, "it tells nothing new")
            }
            if let event { same.apply(event, at: Golden.expiry) }
            #expect(same.publicToken == held, "the time of issue stays")
        }
        let other = Situation.fingerprint(0x2B)
        let event = LedgerEvent.publicTokenRecovered(
            .init(version: version + 1, fingerprint: other),
            human: Situation.human
        )
        #expect(state.recover(publicToken: other, human: Situation.human) == event)
        let status = state.status
        state.apply(event, at: Golden.expiry)
        #expect(state.publicToken?.fingerprint == other)
        #expect(state.publicToken?.issuedAt == Golden.expiry)
        #expect(state.human == Situation.human)
        let isOpen = !state.unsettledFinalizes.isEmpty || state.popups.contains { $0.end == nil }
        let need: LaunchNeed = isOpen ? .publicToken(isRequired: false) : .nothing
        #expect(
            state.launchNeed(at: Golden.expiry) == need,
            "while a popup or an exchange is open it may be ahead of us"
        )
        #expect(state.status == status, "an access token is still missing, or still broken")
    }

    @Test("an open finalize is counted until its outcome is known")
    func openFinalizes() {
        var state = Situation.finishing.state
        #expect(state.openFinalizes.map(\.dispatches) == [1])
        state.apply(
            .finalizeUnresolved(finalize: finish.finalize, reason: "reset"),
            at: Golden.time
        )
        #expect(state.openFinalizes.map(\.unresolved) == ["reset"])
        state.apply(.exchangeDispatched(finalize: Golden.cause, number: 9), at: Golden.time)
        #expect(state.openFinalizes.map(\.dispatches) == [1], "another finalize's number")
        state.apply(.finalizeRejected(finalize: Golden.cause, status: 400), at: Golden.time)
        #expect(state.openFinalizes.count == 1, "another finalize's end")
        state.apply(.finalizeRejected(finalize: finish.finalize, status: 400), at: Golden.time)
        #expect(state.openFinalizes.isEmpty)
    }
}

import Ledger
import Testing

@Suite("Decisions")
struct DecisionTests {
    private typealias Finish = LedgerEvent.Finish

    private let finish = Situation.finish
    private let stranger = Situation.fingerprint(0xFF)

    @Test("what a launch needs first", arguments: Situation.allCases)
    func need(situation: Situation) {
        #expect(situation.state.launchNeed(at: Situation.soon) == situation.need)
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
            answer: Situation.answer(access: tokens.0, publicToken: tokens.1)
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
        #expect(
            state.launchNeed(at: Situation.soon)
                == (situation.isGivenUp ? .publicToken(isRequired: false) : .nothing)
        )
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
        #expect(state.finalize(finish, mode: .edit, answer: Situation.answer()) == [finalized])
        let next = Situation.fingerprint(0x1B)
        #expect(
            state.finalize(finish, mode: .edit, answer: Situation.answer(publicToken: next)) == [
                finalized,
                .publicTokenRotated(.init(version: 2, fingerprint: next), cause: finish.finalize),
            ]
        )
        #expect(
            state.finalize(finish, mode: .edit, answer: Situation.answer(access: next)) == [
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
                (Situation.answer(mismatch: $0), $0)
            }
            answers.append((Situation.answer(human: stranger), .humanID))
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
                answer: Situation.answer(human: stranger)
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

    @Test("what was sent before is overtaken by what was sent after it, never the other way")
    func overtaken() {
        let (first, second) = (Identifier(value: 1), Identifier(value: 2))
        func state(_ order: [Identifier]) -> SubjectState {
            var state = SubjectState()
            for finalize in [first, second] {
                let finish = LedgerEvent.Finish(
                    finalize: finalize,
                    launch: self.finish.launch,
                    session: self.finish.session,
                    human: self.finish.human
                )
                state.apply(.finishReceived(finish), at: Golden.time)
            }
            for finalize in order {
                state.apply(.exchangeDispatched(finalize: finalize, number: 1), at: Golden.time)
            }
            return state
        }
        #expect(state([first, second]).overtaken(by: second).map(\.finalize) == [first])
        #expect(state([first, second]).overtaken(by: first).isEmpty)
        #expect(state([second, first]).overtaken(by: first).map(\.finalize) == [second])
        #expect(state([first]).overtaken(by: first).isEmpty)
        #expect(state([second]).overtaken(by: first).isEmpty, "the first was not sent at all")
        var unclear = state([first, second])
        unclear.apply(unclear.overtaking(unclear.openFinalizes[0]), at: Golden.time)
        unclear.apply(
            .connectFinalized(
                finalize: second,
                launch: finish.launch,
                human: finish.human
            ),
            at: Golden.time
        )
        #expect(unclear.openFinalizes.isEmpty)
        #expect(unclear.isDoubted, "the provider may have made them the other way round")
    }

    @Test("an answer is doubted when the public token was asked for after its exchange was sent")
    func recoveredMeanwhile() {
        var state = Situation.finishing.state
        let token = LedgerEvent.IssuedToken(version: 1, fingerprint: Golden.one)
        let later = Golden.time.adding(seconds: 1)
        state.apply(.publicTokenRecovered(token, human: finish.human), at: later)
        state.apply(
            .connectFinalized(
                finalize: finish.finalize,
                launch: finish.launch,
                human: finish.human
            ),
            at: later
        )
        #expect(state.isDoubted)
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

@testable import Ledger
import Testing

@Suite("Problems")
struct ProblemFoldTests {
    private static let broken = LedgerEvent.connectionBroken(reason: "provider_401")
    private static let connected = LedgerEvent.connectFinalized(
        finalize: Golden.finalize,
        launch: Golden.launch,
        human: Fingerprint(value: 1)
    )
    private static let other = Identifier(value: 77)

    @Test(
        "an event opens the problem of its kind, with its reason",
        arguments: [
            (broken, ProblemKind.needsReconnect, "provider_401"),
            (
                .finishRefused(launch: Golden.launch, human: Fingerprint(value: 1)), .finishRefused,
                "launch_consumed"
            ),
            (.verifierRefused(launch: Golden.launch), .finishRefused, "verifier_refused"),
            (
                .finalizeRefused(finalize: Golden.finalize, mismatch: .humanID), .finishRefused,
                "human_id"
            ),
            (
                .finalizeAbandoned(finalize: Golden.finalize, reason: .unconfirmed), .finishRefused,
                "unconfirmed"
            ),
            (.finalizeRejected(finalize: Golden.finalize, status: 422), .providerRefuses, "422"),
            (
                .finalizeUnresolved(finalize: Golden.finalize, reason: "timed_out"), .unresolved,
                "timed_out"
            ),
            (
                .finalizeAbandoned(finalize: Golden.finalize, reason: .answerLost), .unresolved,
                "answer_lost"
            ),
            (
                .finalizeAbandoned(finalize: Golden.finalize, reason: .neverSent), .unresolved,
                "never_sent"
            ),
            (.personGone(human: Fingerprint(value: 1)), .erasedElsewhere, nil),
            (.webhook(.init(endpoint: other, .paused(.failing))), .endpointPaused, "failing"),
            (.webhook(.init(endpoint: other, .paused(.gone))), .endpointPaused, "gone"),
        ] as [(LedgerEvent, ProblemKind, String?)]
    )
    func opening(event: LedgerEvent, kind: ProblemKind, reason: String?) throws {
        let fold = Self.fold([event])
        #expect(fold.problems.count == 1)
        let problem = try #require(fold.problems[kind])
        #expect(problem.state == .open)
        #expect(problem.reason == reason)
        #expect((problem.occurrences, problem.openings) == (1, 1))
        #expect(
            problem.name
                == ProblemName(kind: kind, about: kind.isOfEndpoint ? Self.other : Golden.subject)
        )
        #expect(problem.positions == [100])
        #expect(problem.first.position == 100)
    }

    @Test("what ends a problem of a user ends it, and nothing else does")
    func ending() {
        let imported = LedgerEvent.tokensImported(
            .init(
                human: Fingerprint(value: 1),
                accessToken: .init(version: 1, fingerprint: Fingerprint(value: 2)),
                publicToken: .init(version: 1, fingerprint: Fingerprint(value: 3))
            )
        )
        let recovered = LedgerEvent.publicTokenRecovered(
            .init(version: 1, fingerprint: Fingerprint(value: 3)),
            human: Fingerprint(value: 1)
        )
        let troubles: [LedgerEvent] = [
            Self.broken, .verifierRefused(launch: Golden.launch),
            .finalizeUnresolved(finalize: Self.other, reason: "timed_out"),
            .personGone(human: Fingerprint(value: 1)),
            .finalizeRejected(finalize: Golden.finalize, status: 422),
        ]
        #expect(Self.open(troubles).count == 5)
        #expect(Self.open(troubles + [Self.connected]) == [])
        #expect(
            Self.open(
                troubles + [
                    .editFinalized(
                        finalize: Golden.finalize,
                        launch: Golden.launch,
                        human: Fingerprint(value: 1)
                    )
                ]
            )
                == []
        )
        #expect(Self.open(troubles + [imported]) == [])
        #expect(Self.open(troubles + [recovered]) == [.needsReconnect, .unresolved])
        #expect(Self.open(troubles + [.launchClosed(launch: Golden.launch)]).count == 5)
    }

    @Test("an unknown outcome is resolved once each finalize has one, not before")
    func settling() {
        let unknown = [Golden.finalize, Self.other].map {
            LedgerEvent.finalizeUnresolved(finalize: $0, reason: "timed_out")
        }
        let rejected = LedgerEvent.finalizeRejected(finalize: Golden.finalize, status: 422)
        let superseded = LedgerEvent.finalizeSuperseded(
            finalize: Self.other,
            accessToken: Fingerprint(value: 1),
            publicToken: Fingerprint(value: 2)
        )
        #expect(Self.open(unknown + [rejected]) == [.providerRefuses, .unresolved])
        #expect(Self.open(unknown + [rejected, superseded]) == [.providerRefuses])
        #expect(Self.open([unknown[0], superseded]) == [.unresolved])
        // The settler says it again and again of one finalize, and then gives up.
        let given = [
            unknown[0], unknown[0],
            .finalizeAbandoned(finalize: Golden.finalize, reason: .answerLost),
        ]
        let problem = Self.fold(given + [unknown[1]]).problems[.unresolved]
        #expect(problem?.occurrences == 2)
        #expect(problem?.last.position == 103)
        #expect(Self.fold(given).problems[.unresolved]?.reason == "answer_lost")
    }

    @Test("the same trouble again is the same problem, open anew once it was resolved")
    func reopening() throws {
        let fold = Self.fold([Self.broken, Self.broken, Self.connected, Self.broken])
        let problem = try #require(fold.problems[.needsReconnect])
        #expect((problem.occurrences, problem.openings) == (3, 2))
        #expect(problem.isReopened)
        #expect(
            (problem.first.position, problem.opened.position, problem.last.position) == (
                100, 103, 103
            )
        )
        #expect(problem.positions == [100, 101, 102, 103])
        #expect(
            try #require(Self.fold([Self.broken, Self.broken]).problems[.needsReconnect]).isReopened
                == false
        )
    }

    @Test("what was muted stays so until it is unmuted or resolved, and says who muted it")
    func muting() throws {
        func state(_ events: [LedgerEvent]) -> TrackedProblem? {
            Self.fold(events).problems[.needsReconnect]
        }
        let name = ProblemName(kind: .needsReconnect, about: Golden.subject)
        let mute = LedgerEvent.problemMuted(.init(name))
        let unmute = LedgerEvent.problemUnmuted(.init(name))
        let muted = try #require(state([Self.broken, mute, Self.broken]))
        #expect(muted.state == .muted)
        #expect(muted.mutedBy == "key:0123")
        #expect(muted.occurrences == 2)
        #expect(state([Self.broken, mute, unmute])?.state == .open)
        #expect(state([Self.broken, mute, unmute])?.mutedBy == nil)
        #expect(state([Self.broken, mute, Self.connected])?.state == .resolved)
        #expect(state([Self.broken, mute, Self.connected, Self.broken])?.state == .open)
        // Nobody is to look at it anyway.
        #expect(state([mute]) == nil)
        #expect(state([Self.broken, Self.connected, mute])?.state == .resolved)
        #expect(state([Self.broken, unmute]) == state([Self.broken]))
    }

    @Test("an endpoint that somebody paused is no problem; one that goes on or ends has none")
    func endpoint() {
        func open(_ acts: LedgerEvent.Webhook.Act...) -> Set<ProblemKind> {
            Self.open(acts.map { .webhook(.init(endpoint: Self.other, $0)) })
        }
        #expect(open(.paused(.requested)) == [])
        #expect(open(.paused(.failing)) == [.endpointPaused])
        #expect(open(.paused(.failing), .resumed) == [])
        #expect(open(.paused(.gone), .removed) == [])
        #expect(open(.paused(.gone), .secretRotated(until: Golden.expiry)) == [.endpointPaused])
    }

    @Test("of a user who was erased there is no problem")
    func erasure() {
        #expect(Self.fold([Self.broken, .subjectErased(reason: .requested)]).problems.isEmpty)
    }

    @Test(
        "any history, taken up from the rows at any place, gives the same",
        arguments: UInt64(0)..<60
    )
    func parts(seed: UInt64) {
        var random = RandomEvents(seed: seed)
        let history = random.history(80)
        let whole = Self.fold(history)
        let place = random.split(history.count)
        let stored = Array(Self.fold(Array(history[..<place])).problems.values)
        var rest = ProblemFold(stored)
        for (index, record) in history.enumerated().dropFirst(place) {
            rest.apply(record, at: Int64(100 + index))
        }
        #expect(rest == whole, "seed \(seed), split \(place)")
    }

    @Test(
        "whatever happened, what is kept fits together, and is bounded",
        arguments: UInt64(0)..<60
    )
    func laws(seed: UInt64) {
        var random = RandomEvents(seed: seed)
        var fold = ProblemFold()
        for (index, record) in random.history(400).enumerated() {
            let before = fold
            fold.apply(record, at: Int64(100 + index))
            #expect(ProblemFold.concerns(record.event) || fold == before, "seed \(seed)")
            var opened = 0
            for (kind, problem) in fold.problems {
                let old = before.problems[kind]
                #expect(problem.name == ProblemName(kind: kind, about: Golden.subject))
                #expect(problem.occurrences >= problem.openings && problem.openings > 0)
                #expect(problem.first.position <= problem.opened.position)
                #expect(problem.opened.position <= problem.last.position)
                #expect((problem.mutedBy != nil) == (problem.state == .muted))
                #expect(problem.positions.count <= TrackedProblem.positionsMax)
                #expect(problem.finalizes.count <= TrackedProblem.finalizesMax)
                #expect(
                    problem.state == .resolved || kind != .unresolved || !problem.finalizes.isEmpty
                )
                #expect(problem.first == (old ?? problem).first, "what was first stays so")
                if problem.openings != (old?.openings ?? 0) { opened += 1 }
                if old?.state == .muted, problem.state == .open, case .problemUnmuted = record.event
                {
                } else {
                    #expect(old?.state != .muted || problem.state != .open, "seed \(seed)")
                }
            }
            #expect(opened <= 1, "lists are in the order of these positions")
        }
    }

    @Test("the types that it looks at are those that it says")
    func types() {
        for golden in Golden.all {
            #expect(
                ProblemFold.concerns(golden.event)
                    == ProblemFold.types.contains("\(golden.event.type)")
            )
        }
        #expect(Set(ProblemFold.types).isSubset(of: LedgerEvent.factTypes))
    }

    @Test("a name has one spelling")
    func names() {
        let name = ProblemName(kind: .unresolved, about: Golden.subject)
        #expect("\(name)" == "unresolved.6f1d2c3b-4a59-4e68-8f77-0123456789ab")
        #expect(ProblemName("\(name)") == name)
        for text in [
            "", ".", "unresolved", "unresolved.", "unresolved.6F1D2C3B-4A59-4E68-8F77-0123456789AB",
            "unknown.6f1d2c3b-4a59-4e68-8f77-0123456789ab", "\(name).", ".\(name)",
        ] {
            #expect(ProblemName(text) == nil, "\(text)")
        }
    }

    // MARK: Folding

    private static func open(_ events: [LedgerEvent]) -> Set<ProblemKind> {
        Set(fold(events).problems.filter { $0.value.state == .open }.keys)
    }

    private static func fold(_ events: [LedgerEvent]) -> ProblemFold {
        fold(
            events.enumerated().map { index, event in
                Golden(event: event, subjectVersion: Int64(index + 1), text: "").record
            }
        )
    }

    private static func fold(_ records: [Record]) -> ProblemFold {
        var fold = ProblemFold()
        for (index, record) in records.enumerated() {
            fold.apply(record, at: Int64(100 + index))
        }
        return fold
    }
}

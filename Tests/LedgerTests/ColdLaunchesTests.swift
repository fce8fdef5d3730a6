@testable import Ledger
import SeededRandom
import Testing

@Suite("Which launches can be cold")
struct ColdLaunchesTests {
    private typealias Step = ColdLaunches.Step

    private static func record(_ event: LedgerEvent, _ version: Int) -> Record {
        Record(
            id: Identifier(value: UInt128(version)),
            clientID: "demo",
            subject: Golden.subject,
            time: Timestamp(microseconds: Int64(version)),
            subjectVersion: Int64(version),
            context: RecordContext(actor: "service"),
            event: event
        )
    }

    /// At every second position of a log, for others' events stand between them.
    private static func steps(_ events: [LedgerEvent]) -> [Step] {
        events.enumerated().map { index, event in
            Step(position: Int64(2 * index), record: record(event, index + 1), coldBefore: 0)
        }
    }

    private static func launch(_ number: Int) -> LedgerEvent.Launch {
        LedgerEvent.Launch(
            launch: Identifier(value: UInt128(1_000 + number)),
            finish: .direct,
            expiry: Golden.expiry
        )
    }

    /// Popups of a user as pages, people and the provider make them, in any order.
    private static func history(_ count: Int, seed: UInt64) -> [LedgerEvent] {
        var random = SeededRandom(seed: seed)
        var launches: [LedgerEvent.Launch] = [launch(0)]
        var finalizes: [LedgerEvent.Finish] = []
        var events: [LedgerEvent] = [.connectLaunched(launch(0))]
        while events.count < count {
            let number = events.count
            let some = launches.suffix(12).randomElement(using: &random)?.launch ?? Golden.launch
            let open = finalizes.suffix(3).randomElement(using: &random)
            switch random.next() % 12 {
            case 0...3:
                launches.append(launch(number))
                events.append(.editLaunched(launch(number), publicTokenVersion: 1))
            case 4, 5: events.append(.launchClosed(launch: some))
            case 6: events.append(.launchFailed(launch: some, code: "500"))
            case 7, 8:
                let finish = LedgerEvent.Finish(
                    finalize: Identifier(value: UInt128(9_000 + number)),
                    launch: some,
                    session: Golden.one,
                    human: Situation.human
                )
                finalizes.append(finish)
                events.append(.finishReceived(finish))
            case 9:
                guard let open else { continue }
                events.append(
                    .connectFinalized(
                        finalize: open.finalize,
                        launch: open.launch,
                        human: open.human
                    )
                )
                events.append(
                    .accessTokenRotated(
                        LedgerEvent.IssuedToken(
                            version: Int64(number),
                            fingerprint: Situation.fingerprint(UInt128(number))
                        ),
                        cause: open.finalize
                    )
                )
            case 10:
                guard let open else { continue }
                events.append(.finalizeRejected(finalize: open.finalize, status: 422))
            default: events.append(.finishRefused(launch: some, human: Situation.human))
            }
        }
        return events
    }

    /// The state after each event; what is gone is passed over.
    private static func states(_ steps: [Step], without gone: Set<Int64> = []) -> [SubjectState] {
        var state = SubjectState()
        return steps.map { step in
            if gone.contains(step.position) {
                state.passOver()
            } else {
                state.apply(step.record.event, at: step.record.time)
            }
            return state
        }
    }

    @Test(
        "from the line on every state is the same without them, and before it all but popups and doubt",
        arguments: UInt64(0)..<60
    )
    func neutral(seed: UInt64) throws {
        let steps = Self.steps(Self.history(160, seed: seed))
        let whole = Self.states(steps)
        for line: Int64 in [3, 40, 111, 256, 318] {
            let gone = Set(ColdLaunches.positions(in: steps, before: line))
            for (step, pair) in zip(steps, zip(whole, Self.states(steps, without: gone))) {
                let (full, rest) = pair
                if step.position + 2 >= line || gone.isEmpty { #expect(full == rest) }
                #expect(full.version == rest.version && full.status == rest.status)
                #expect(full.accessToken == rest.accessToken && full.human == rest.human)
                #expect(full.openFinalizes == rest.openFinalizes)
                #expect(full.claimedPerson == rest.claimedPerson)
            }
            for step in steps where gone.contains(step.position) {
                #expect(ColdLaunches.types.contains("\(step.record.event.type)"))
                #expect(step.position < line && step.position > 0)
                #expect(step.position != steps.last { $0.position < line }?.position)
            }
        }
    }

    @Test("what went before is no hindrance, and nothing goes twice", arguments: UInt64(0)..<20)
    func again(seed: UInt64) {
        let steps = Self.steps(Self.history(160, seed: seed))
        let whole = Self.states(steps)
        var rest = steps
        var gone: Set<Int64> = []
        for line: Int64 in [80, 160, 160, 300] {
            let more = ColdLaunches.positions(in: rest, before: line)
            #expect(gone.isDisjoint(with: more))
            gone.formUnion(more)
            rest = Self.remaining(steps, without: gone)
            let states = Self.states(steps, without: gone)
            #expect(states.last == whole.last)
        }
        #expect(gone.count > 4)
    }

    private static func remaining(_ steps: [Step], without gone: Set<Int64>) -> [Step] {
        var rest: [Step] = []
        var cold: Int64 = 0
        for step in steps {
            if gone.contains(step.position) {
                cold += 1
            } else {
                rest.append(
                    Step(position: step.position, record: step.record, coldBefore: cold)
                )
                cold = 0
            }
        }
        return rest
    }

    @Test(
        "of many launches the first stays, and the last ones, under which a finish may still come"
    )
    func launches() {
        let events = (0..<100).map { LedgerEvent.connectLaunched(Self.launch($0)) }
        let gone = ColdLaunches.positions(in: Self.steps(events), before: 300)
        #expect(gone == (1..<92).map { 2 * $0 })
        #expect(
            ColdLaunches.positions(in: Self.steps(events), before: 100) == (1..<42).map { 2 * $0 }
        )
        #expect(ColdLaunches.positions(in: Self.steps(Array(events.prefix(9))), before: 99) == [])
        #expect(ColdLaunches.positions(in: [], before: 99) == [])
    }

    @Test(
        "a launch of which a finalize is open stays, and so does the report that a doubt rests on"
    )
    func needed() {
        let finish = LedgerEvent.Finish(
            finalize: Golden.finalize,
            launch: Self.launch(1).launch,
            session: Golden.one,
            human: Situation.human
        )
        var events: [LedgerEvent] = (0..<3).map { .connectLaunched(Self.launch($0)) }
        events.append(.finishReceived(finish))
        events.append(.launchClosed(launch: Self.launch(2).launch))
        events += (3..<20).map { .connectLaunched(Self.launch($0)) }
        let gone = ColdLaunches.positions(in: Self.steps(events), before: 99)
        // The first; that of the finalize; the report; the last eight.
        let stay = Set([0, 2, 6, 8] + (14..<22).map { 2 * $0 })
        #expect(gone.filter { stay.contains(Int($0)) } == [])
        #expect(gone.contains(4) && gone.contains(10))
    }
}

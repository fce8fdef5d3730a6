import Ledger
import Testing

@Suite("The fold")
struct FoldTests {
    @Test("a state survives its encoding, at every point of any history", arguments: UInt64(0)..<40)
    func encoding(seed: UInt64) throws {
        var events = RandomEvents(seed: seed)
        var state = SubjectState()
        for record in events.history(60) {
            try state.apply(record)
            let bytes = state.encoded()
            let read = try SubjectState(decoding: bytes)
            #expect(read == state, "seed \(seed), version \(state.version)")
            #expect(read.encoded() == bytes, "seed \(seed), version \(state.version)")
        }
    }

    @Test("folding in one go equals folding in two parts with a rest", arguments: UInt64(0)..<40)
    func parts(seed: UInt64) throws {
        var events = RandomEvents(seed: seed)
        let history = events.history(60)
        let whole = try fold(history, from: SubjectState())
        let place = events.split(history.count)
        let first = try fold(history[..<place], from: SubjectState())
        let stored = try SubjectState(decoding: first.encoded())
        #expect(try fold(history[place...], from: stored) == whole, "seed \(seed), split \(place)")
    }

    @Test("folding what was written equals folding what was meant", arguments: UInt64(0)..<10)
    func records(seed: UInt64) throws {
        var events = RandomEvents(seed: seed)
        let history = events.history(60)
        let read = try history.map { try Record(decoding: $0.encoded()) }
        let states = (
            try fold(history, from: SubjectState()), try fold(read, from: SubjectState())
        )
        #expect(states.0 == states.1, "seed \(seed)")
    }

    private func fold(_ records: some Sequence<Record>, from state: SubjectState) throws
        -> SubjectState
    {
        var state = state
        for record in records { try state.apply(record) }
        return state
    }

    @Test("an event that is not the next is refused and changes nothing")
    func gap() throws {
        var events = RandomEvents(seed: 1)
        let history = events.history(3)
        var state = SubjectState()
        #expect(throws: FoldError.versionGap(expected: 1, found: 2)) { try state.apply(history[1]) }
        #expect(state == SubjectState())
        try state.apply(history[0])
        let once = state
        #expect(throws: FoldError.versionGap(expected: 2, found: 1)) { try state.apply(history[0]) }
        #expect(throws: FoldError.versionGap(expected: 2, found: 3)) { try state.apply(history[2]) }
        let uncounted = Record(
            id: Golden.cause,
            clientID: "demo",
            subject: Golden.subject,
            time: Golden.time,
            subjectVersion: nil,
            context: RecordContext(actor: "service"),
            event: .tokenRead(kind: .accessToken, version: 1, key: "k")
        )
        #expect(throws: FoldError.versionGap(expected: 2, found: nil)) {
            try state.apply(uncounted)
        }
        #expect(state == once)
    }

    @Test("a state is written as exactly these bytes")
    func golden() throws {
        var state = SubjectState()
        #expect(
            String(decoding: state.encoded(), as: UTF8.self)
                == #"{"version":0,"status":"launched"}"#
        )
        claim(&state)
        #expect(
            String(decoding: state.encoded(), as: UTF8.self).hasPrefix(
                #"""
                {"version":2,"status":"launched",\#
                "claimed":{"human":"ffeeddccbbaa99887766554433221100","received":2},\#
                "popups":[{
                """#
            )
        )
        connectAndLose(&state)
        let text = #"""
            {"version":10,"status":"broken","human":"ffeeddccbbaa99887766554433221100",\#
            "access_token":{"version":1,"fingerprint":"00112233445566778899aabbccddeeff",\#
            "issued_at":"2026-11-22T14:06:36.123456Z"},\#
            "public_token":{"version":2,"fingerprint":"ffeeddccbbaa99887766554433221100",\#
            "issued_at":"2026-11-22T14:21:36.000000Z"},\#
            "doubted":true,"broken":"provider_401",\#
            "popups":[{"launch":"019ab5d6-1c01-7001-8000-000000000001","finishes":1,\#
            "end":"finalized"},{"launch":"019ab5d6-1c03-7003-8000-000000000003"}],\#
            "finalizes":[{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
            "launch":"019ab5d6-1c01-7001-8000-000000000001","received":2,\#
            "received_at":"2026-11-22T14:06:36.123456Z","dispatches":1,\#
            "dispatched":3,"changed_at":"2026-11-22T14:21:36.000000Z","unresolved":"time\"out",\#
            "abandoned":"answer_lost"}]}
            """#
        #expect(String(decoding: state.encoded(), as: UTF8.self) == text)
        let bytes = Array(text.utf8)
        #expect(try SubjectState(decoding: bytes) == state)
        for index in bytes.indices {
            for change in [bytes[index] ^ 0x20, bytes[index] &+ 1, UInt8(ascii: "\"")]
            where change != bytes[index] {
                var changed = bytes
                changed[index] = change
                guard let read = try? SubjectState(decoding: changed) else { continue }
                #expect(read.encoded() == changed, "byte \(index)")
            }
            var shorter = bytes
            shorter.remove(at: index)
            guard let read = try? SubjectState(decoding: shorter) else { continue }
            #expect(read.encoded() == shorter, "byte \(index) removed")
        }
    }

    /// A finish has named somebody.
    private func claim(_ state: inout SubjectState) {
        let finish = LedgerEvent.Finish(
            finalize: Golden.finalize,
            launch: Golden.launch,
            session: Golden.one,
            human: Golden.other
        )
        let launch = LedgerEvent.Launch(
            launch: Golden.launch,
            finish: .direct,
            expiry: Golden.expiry
        )
        state.apply(.connectLaunched(launch), at: Golden.time)
        state.apply(.finishReceived(finish), at: Golden.time)
    }

    /// Another finish has brought tokens; the answer to the first is lost, and a tab is open.
    private func connectAndLose(_ state: inout SubjectState) {
        state.apply(.exchangeDispatched(finalize: Golden.finalize, number: 1), at: Golden.time)
        state.apply(
            .connectFinalized(
                finalize: Golden.cause,
                launch: Golden.launch,
                human: Golden.other
            ),
            at: Golden.time
        )
        state.apply(
            .accessTokenRotated(.init(version: 1, fingerprint: Golden.one), cause: Golden.cause),
            at: Golden.time
        )
        state.apply(
            .publicTokenRotated(.init(version: 2, fingerprint: Golden.other), cause: Golden.cause),
            at: Golden.expiry
        )
        state.apply(
            .finalizeUnresolved(finalize: Golden.finalize, reason: "time\"out"),
            at: Golden.expiry
        )
        state.apply(
            .finalizeAbandoned(finalize: Golden.finalize, reason: .answerLost),
            at: Golden.time
        )
        let again = LedgerEvent.Launch(
            launch: Golden.cause,
            finish: .direct,
            expiry: Golden.expiry
        )
        state.apply(.editLaunched(again, publicTokenVersion: 2), at: Golden.time)
        state.apply(.connectionBroken(reason: "provider_401"), at: Golden.time)
    }

    @Test("events that are no part of a user's story change nothing but the count")
    func foreign() {
        var state = Situation.connected.state
        let before = state
        state.apply(.tokenRead(kind: .accessToken, version: 1, key: "k"), at: Golden.time)
        #expect(state.version == before.version + 1)
        #expect(state.status == before.status)
        #expect(state.accessToken == before.accessToken)
        #expect(state.isDoubted == before.isDoubted)
    }
}

@testable import Ledger
import Testing

@Suite("Erasure and holds")
struct ErasureDecisionTests {
    @Test("in every situation nothing but the count is left", arguments: Situation.allCases)
    func erased(situation: Situation) throws {
        var state = situation.state
        let event = try #require(state.erase(.requested))
        state.apply(event, at: Golden.time)
        #expect(state.version == situation.state.version + 1)
        #expect(state.status == .erased)
        var empty = SubjectState()
        empty.version = state.version
        empty.status = .erased
        #expect(state == empty)
        #expect(state.settleAt == nil)
        #expect(
            String(decoding: state.encoded(), as: UTF8.self)
                == #"{"version":\#(state.version),"status":"erased"}"#
        )
        #expect(try SubjectState(decoding: state.encoded()) == state)
    }

    @Test("a hold forbids an erasure until it ends, but not to obey an earlier one")
    func hold() throws {
        var state = Situation.connected.state
        #expect(state.release == nil)
        state.apply(try #require(state.hold(.legalClaim)), at: Golden.time)
        #expect(state.hold(.audit) == nil)
        #expect(state.erase(.requested) == nil)
        #expect(state.erase(.restored) == .subjectErased(reason: .restored))
        #expect(try SubjectState(decoding: state.encoded()) == state)
        state.apply(try #require(state.release), at: Golden.time)
        #expect(state.erase(.requested) == .subjectErased(reason: .requested))
        #expect(state.release == nil)
    }

    @Test("nothing follows an erasure")
    func end() throws {
        var state = SubjectState()
        func record(_ version: Int64, _ event: LedgerEvent) -> Record {
            Record(
                id: Golden.cause,
                clientID: "demo",
                subject: Golden.subject,
                time: Golden.time,
                subjectVersion: version,
                context: RecordContext(actor: "service"),
                event: event
            )
        }
        try state.apply(record(1, .connectLaunched(Situation.launch)))
        try state.apply(record(2, .subjectErased(reason: .requested)))
        let erased = state
        #expect(throws: FoldError.afterErasure) {
            try state.apply(record(3, .connectLaunched(Situation.launch)))
        }
        #expect(state == erased)
    }

    @Test("whoever is erased holds no token any more")
    func holdings() throws {
        var records: [(position: Int64, record: Record)] = []
        let token = LedgerEvent.IssuedToken(version: 1, fingerprint: Golden.one)
        let events: [LedgerEvent] = [
            .connectLaunched(Situation.launch),
            .accessTokenRotated(token, cause: Golden.cause),
            .publicTokenRotated(token, cause: Golden.cause),
            .subjectErased(reason: .requested),
        ]
        for (index, event) in events.enumerated() {
            let record = Record(
                id: Golden.cause,
                clientID: "demo",
                subject: Golden.subject,
                time: Golden.time,
                subjectVersion: Int64(index + 1),
                context: RecordContext(actor: "service"),
                event: event
            )
            records.append((Int64(index), record))
        }
        let holdings = try TokenHolding.list(records)
        #expect(holdings.count == 2)
        #expect(holdings.allSatisfy { $0.until?.position == Int64(records.count - 1) })
    }
}

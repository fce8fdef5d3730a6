import Ledger
import Testing

@Suite("Records")
struct GoldenRecordTests {
    @Test("a record is written as exactly these bytes", arguments: Golden.all)
    func encoding(golden: Golden) {
        #expect(String(decoding: golden.record.encoded(), as: UTF8.self) == golden.text)
        #expect(golden.record.encoded() == golden.bytes)
    }

    @Test("the bytes are read as exactly this record", arguments: Golden.all)
    func decoding(golden: Golden) throws {
        #expect(try Record(decoding: golden.bytes) == golden.record)
    }

    @Test("every type of event has its golden record")
    func completeness() {
        let numbers = Set(Golden.all.map { Self.number(of: $0.event) })
        #expect(numbers == Set(0..<43))
        #expect(Set(Golden.all.map { "\($0.event.type)" }).count == 50)
    }

    @Test("the list of types names every type, once")
    func types() {
        #expect(LedgerEvent.types.sorted() == Set(Golden.all.map { "\($0.event.type)" }).sorted())
    }

    /// A new case does not compile before it has its number here, and then its golden record.
    private static func number(of event: LedgerEvent) -> Int {
        switch event {
        case .connectLaunched: 0
        case .editLaunched: 1
        case .launchClosed: 2
        case .launchFailed: 3
        case .finishReceived: 4
        case .exchangeDispatched: 5
        case .connectFinalized: 6
        case .editFinalized: 7
        case .accessTokenRotated: 8
        case .publicTokenRotated: 9
        case .finalizeRejected: 10
        case .finalizeUnresolved: 11
        case .finalizeRefused: 12
        case .publicTokenRecovered: 13
        case .connectionBroken: 14
        case .tokenRead: 15
        case .appAdded: 16
        case .apiKeyCreated: 17
        case .logExported: 18
        case .tokenSearched: 19
        case .finalizeAbandoned: 20
        case .finalizeSuperseded: 21
        case .personGone: 22
        case .finishRefused: 23
        case .appUpdated: 24
        case .apiKeyExpirySet: 25
        case .apiKeyRevoked: 26
        case .finishHeld: 27
        case .finishConfirmed: 28
        case .verifierRefused: 29
        case .rootKeyRotated: 30
        case .subjectErased: 31
        case .subjectHeld: 32
        case .subjectReleased: 33
        case .valuesDropped: 34
        case .accessNoted: 35
        case .logFollowed: 36
        case .tokensImported: 37
        case .webhook: 38
        case .tokenRevealed: 39
        case .userViewed: 40
        case .problemMuted: 41
        case .problemUnmuted: 42
        }
    }

    @Test(
        "a changed byte is refused, or is the one spelling of another record",
        arguments: Golden.all
    )
    func replacedBytes(golden: Golden) {
        let bytes = golden.bytes
        for index in bytes.indices {
            let original = bytes[index]
            let changes: Set<UInt8> = [
                original ^ 0x20, original &+ 1, original &- 1, UInt8(ascii: "\""),
                UInt8(ascii: "\\"), UInt8(ascii: "0"), UInt8(ascii: " "), 0x0A, 0x80,
            ]
            for change in changes where change != original {
                var changed = bytes
                changed[index] = change
                expectStrict(changed, "byte \(index) as \(change)")
            }
        }
    }

    @Test("a missing or doubled byte is refused, or spells another record", arguments: Golden.all)
    func shiftedBytes(golden: Golden) {
        let bytes = golden.bytes
        for index in bytes.indices {
            var changed = bytes
            changed.remove(at: index)
            expectStrict(changed, "byte \(index) removed")
            changed.insert(contentsOf: [bytes[index], bytes[index]], at: index)
            expectStrict(changed, "byte \(index) doubled")
        }
        for extra in [UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "}"), 0] {
            #expect(throws: RecordError.self) { try Record(decoding: bytes + [extra]) }
        }
        #expect(throws: RecordError.self) { try Record(decoding: []) }
    }

    private func expectStrict(_ bytes: [UInt8], _ change: String) {
        guard let record = try? Record(decoding: bytes) else { return }
        if record.encoded() != bytes {
            Issue.record("\(change) is read, but is written as other bytes")
        }
    }

    @Test(
        "other spellings of the same JSON are refused",
        arguments: [
            (#""number":1"#, #""number":01"#), (#""number":1"#, #""number":+1"#),
            (#""number":1"#, #""number":1.0"#), (#""number":1"#, #""number":1e0"#),
            (#""number":1"#, #""number":-0"#), (#""number":1"#, #""number":"1""#),
            (#""number":1"#, #""number": 1"#), (#""number":1"#, #""number":9223372036854775808"#),
            ("36.123456Z", "36.123456z"), ("22T14", "22t14"), ("123456Z", "123456+00:00"),
            ("123456Z", "12345Z"), ("123456Z", "1234560Z"), ("14:06:36", "23:59:60"),
            ("14:06:36.123456Z", "14:06:36Z"), ("-7abc-", "-7ABC-"),
            ("key:0123", #"key:\u00300123"#), ("key:0123", #"key\/0123"#),
            (#"/apps/demo"#, #"\/apps\/demo"#), (#"/apps/demo"#, #"/users/demo"#),
            (#""type":"exchange.dispatched""#, #""type":"exchange.sent""#),
            (#""finalize":"#, #""x":1,"finalize":"#), (#""actor":"#, #""unknown":"x","actor":"#),
        ]
    )
    func spellings(original: String, other: String) throws {
        let golden = try #require(
            Golden.all.first { "\($0.event.type)" == "exchange.dispatched" }
        )
        let range = try #require(golden.text.ranges(of: original).first)
        let text = golden.text[..<range.lowerBound] + other + golden.text[range.upperBound...]
        #expect(throws: RecordError.self) { try Record(decoding: Array(text.utf8)) }
    }

    @Test(
        "an export is of positions from 0 on, and does not end before it begins",
        arguments: [(#""from":0"#, #""from":-1"#), (#""from":0"#, #""from":1001"#)]
    )
    func positions(original: String, other: String) throws {
        let golden = try #require(Golden.evidence.first)
        let range = try #require(golden.text.ranges(of: original).first)
        let text = golden.text[..<range.lowerBound] + other + golden.text[range.upperBound...]
        #expect(throws: RecordError.self) { try Record(decoding: Array(text.utf8)) }
    }

    @Test("which app and user an export is of is told by the record alone")
    func exportOfSubject() throws {
        let export = LedgerEvent.Export(
            export: Golden.finalize,
            log: 0,
            format: .csv,
            positions: 0..<0,
            query: EventQuery(clientID: "demo", subject: Golden.subject, types: ["token.read"])
        )
        #expect(export.query == EventQuery(types: ["token.read"]))
        let record = Golden(event: .logExported(export), subjectVersion: nil, text: "").record
        #expect(try Record(decoding: record.encoded()) == record)
    }

    @Test(
        "every text survives, whatever it holds",
        arguments: [
            "", "\u{0}\u{1}\u{1F}\u{7F}", "\r\n", "\"\\\"", "\u{301}combining first", "e\u{301}é",
            "\u{FEFF}", "😀\u{10FFFF}", "\u{2028}\u{2029}", "\\u0041", "</script>",
        ]
    )
    func texts(text: String) throws {
        let context = RecordContext(actor: text, requestID: text, traceparent: text)
        let record = Record(
            id: Golden.cause,
            clientID: text,
            subject: nil,
            time: Golden.time,
            subjectVersion: nil,
            context: context,
            event: .apiKeyCreated(.init(key: text, scopes: [text, text], replaces: text))
        )
        let bytes = record.encoded()
        let read = try Record(decoding: bytes)
        #expect(read.encoded() == bytes)
        #expect(Array(read.clientID.utf8) == Array(text.utf8))
        #expect(Array(read.actor.utf8) == Array(text.utf8))
        #expect(!bytes.contains(UInt8(ascii: "\n")), "a record is one line")
    }

    @Test("whole numbers survive to the ends of their range", arguments: [0, -1, .max, .min + 1])
    func numbers(number: Int64) throws {
        let record = Record(
            id: Golden.cause,
            clientID: "demo",
            subject: nil,
            time: Golden.time,
            subjectVersion: nil,
            context: RecordContext(actor: "service"),
            event: .finalizeRejected(finalize: Golden.finalize, status: number)
        )
        #expect(try Record(decoding: record.encoded()) == record)
    }
}

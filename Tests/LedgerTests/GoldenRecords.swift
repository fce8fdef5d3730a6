@testable import Ledger
import Testing

/// A record and the bytes it has for ever.
///
/// A released spelling is never edited: stored records would no longer be read.
struct Golden: Sendable, CustomTestStringConvertible {
    let event: LedgerEvent
    let subjectVersion: Int64?
    var hasWholeContext = false
    let text: String

    static let launch = Identifier(value: 0x019A_B5D6_1C01_7001_8000_0000_0000_0001)
    static let finalize = Identifier(value: 0x019A_B5D6_1C02_7002_8000_0000_0000_0002)
    static let cause = Identifier(value: 0x019A_B5D6_1C03_7003_8000_0000_0000_0003)
    static let subject = Identifier(value: 0x6F1D_2C3B_4A59_4E68_8F77_0123_4567_89AB)
    static let one = Fingerprint(value: 0x0011_2233_4455_6677_8899_AABB_CCDD_EEFF)
    static let other = Fingerprint(value: 0xFFEE_DDCC_BBAA_9988_7766_5544_3322_1100)
    static let time = Timestamp(microseconds: 1_795_356_396_123_456)
    static let expiry = Timestamp(microseconds: 1_795_357_296_000_000)

    var testDescription: String { "\(event.type)" }

    var bytes: [UInt8] { Array(text.utf8) }

    var record: Record {
        var context = RecordContext(actor: "key:0123")
        if hasWholeContext {
            context.causedBy = Self.cause
            context.requestID = "req-1"
            context.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        }
        let isAdministration =
            switch event {
            case .appAdded, .appUpdated, .apiKeyCreated, .apiKeyExpirySet, .apiKeyRevoked,
                .rootKeyRotated, .valuesDropped, .accessNoted, .webhook:
                true
            case .problemMuted(let mark), .problemUnmuted(let mark): mark.endpoint != nil
            default: false
            }
        return Record(
            id: Identifier(value: 0x019A_B5D6_1C00_7ABC_8DEF_0123_4567_89AB),
            clientID: "demo",
            subject: isAdministration ? nil : Self.subject,
            time: Self.time,
            subjectVersion: subjectVersion,
            context: context,
            event: event
        )
    }
}

extension Golden {
    static let all =
        flow + bound + outcomes + settled + others + erasure + evidence + administration + webhooks
        + problems

    private static let flow: [Golden] = [
        Golden(
            event:
                .connectLaunched(
                    .init(launch: Golden.launch, finish: .direct, expiry: Golden.expiry)
                ),
            subjectVersion: 1,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"connect.launched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":1,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001","finish":"direct",\#
                "expiry":"2026-11-22T14:21:36.000000Z"}}
                """#
        ),
        Golden(
            event:
                .editLaunched(
                    .init(launch: Golden.launch, finish: .relay, expiry: Golden.expiry),
                    publicTokenVersion: 7
                ),
            subjectVersion: 12,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"edit.launched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":12,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001","finish":"relay",\#
                "expiry":"2026-11-22T14:21:36.000000Z","public_token_version":7}}
                """#
        ),
        Golden(
            event:
                .launchClosed(launch: Golden.launch),
            subjectVersion: 2,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"launch.closed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":2,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001"}}
                """#
        ),
        Golden(
            event:
                .launchFailed(launch: Golden.launch, code: "NETWORK"),
            subjectVersion: 2,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"launch.failed",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":2,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001","code":"NETWORK"}}
                """#
        ),
        Golden(
            event:
                .finishReceived(
                    .init(
                        finalize: Golden.finalize,
                        launch: Golden.launch,
                        session: Golden.one,
                        human: Golden.other
                    )
                ),
            subjectVersion: 3,
            hasWholeContext: true,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finish.received",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":3,"actor":"key:0123",\#
                "causedby":"019ab5d6-1c03-7003-8000-000000000003","requestid":"req-1",\#
                "traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "launch":"019ab5d6-1c01-7001-8000-000000000001",\#
                "session":"00112233445566778899aabbccddeeff",\#
                "human":"ffeeddccbbaa99887766554433221100","binding":"none"}}
                """#
        ),
        Golden(
            event:
                .exchangeDispatched(finalize: Golden.finalize, number: 1),
            subjectVersion: 4,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"exchange.dispatched",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":4,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002","number":1}}
                """#
        ),
    ]

    private static let outcomes: [Golden] = [
        Golden(
            event:
                .connectFinalized(
                    finalize: Golden.finalize,
                    launch: Golden.launch,
                    human: Golden.other
                ),
            subjectVersion: 5,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"connect.finalized",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":5,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "launch":"019ab5d6-1c01-7001-8000-000000000001",\#
                "human":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
        Golden(
            event:
                .editFinalized(
                    finalize: Golden.finalize,
                    launch: Golden.launch,
                    human: Golden.other
                ),
            subjectVersion: 5,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"edit.finalized",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":5,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "launch":"019ab5d6-1c01-7001-8000-000000000001",\#
                "human":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
        Golden(
            event:
                .accessTokenRotated(
                    .init(version: 1, fingerprint: Golden.one),
                    cause: Golden.finalize
                ),
            subjectVersion: 6,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"access_token.rotated",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":6,"actor":"key:0123",\#
                "data":{"version":1,"fingerprint":"00112233445566778899aabbccddeeff",\#
                "cause":"019ab5d6-1c02-7002-8000-000000000002"}}
                """#
        ),
        Golden(
            event:
                .publicTokenRotated(
                    .init(version: 2, fingerprint: Golden.other),
                    cause: Golden.finalize
                ),
            subjectVersion: 7,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"public_token.rotated",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":7,"actor":"key:0123",\#
                "data":{"version":2,"fingerprint":"ffeeddccbbaa99887766554433221100",\#
                "cause":"019ab5d6-1c02-7002-8000-000000000002"}}
                """#
        ),
        Golden(
            event:
                .finalizeRejected(finalize: Golden.finalize, status: 422),
            subjectVersion: 5,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.rejected",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":5,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002","status":422}}
                """#
        ),
        Golden(
            event:
                .finalizeUnresolved(finalize: Golden.finalize, reason: "timeout"),
            subjectVersion: 5,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.unresolved",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":5,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "class":"timeout"}}
                """#
        ),
        Golden(
            event:
                .finalizeRefused(finalize: Golden.finalize, mismatch: .humanTaken),
            subjectVersion: 5,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.refused",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":5,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "which":"human_id_taken"}}
                """#
        ),
        Golden(
            event:
                .publicTokenRecovered(
                    .init(version: 3, fingerprint: Golden.one),
                    human: Golden.other
                ),
            subjectVersion: 8,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"public_token.recovered",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":8,"actor":"key:0123",\#
                "data":{"version":3,"fingerprint":"00112233445566778899aabbccddeeff",\#
                "human":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
        Golden(
            event:
                .tokensImported(
                    .init(
                        human: Golden.other,
                        accessToken: .init(version: 1, fingerprint: Golden.one),
                        publicToken: .init(version: 1, fingerprint: Golden.other)
                    )
                ),
            subjectVersion: 1,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"tokens.imported",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":1,"actor":"key:0123",\#
                "data":{"human":"ffeeddccbbaa99887766554433221100",\#
                "access_token_version":1,"access_token":"00112233445566778899aabbccddeeff",\#
                "public_token_version":1,"public_token":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
    ]

    /// What whoever looks after left finalizes writes.
    private static let settled: [Golden] = [
        Golden(
            event:
                .finishRefused(launch: Golden.launch, human: Golden.one),
            subjectVersion: 6,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finish.refused",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":6,"actor":"key:0123",\#
                "data":{"launch":"019ab5d6-1c01-7001-8000-000000000001",\#
                "human":"00112233445566778899aabbccddeeff"}}
                """#
        ),
        Golden(
            event:
                .finalizeAbandoned(finalize: Golden.finalize, reason: .neverSent),
            subjectVersion: 6,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.abandoned",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":6,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "reason":"never_sent"}}
                """#
        ),
        Golden(
            event:
                .finalizeSuperseded(
                    finalize: Golden.finalize,
                    accessToken: Golden.one,
                    publicToken: Golden.other
                ),
            subjectVersion: 7,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"finalize.superseded",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":7,"actor":"key:0123",\#
                "data":{"finalize":"019ab5d6-1c02-7002-8000-000000000002",\#
                "access_token":"00112233445566778899aabbccddeeff",\#
                "public_token":"ffeeddccbbaa99887766554433221100"}}
                """#
        ),
        Golden(
            event:
                .personGone(human: Golden.one),
            subjectVersion: 8,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"person.gone",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":8,"actor":"key:0123",\#
                "data":{"human":"00112233445566778899aabbccddeeff"}}
                """#
        ),
    ]

    private static let others: [Golden] = [
        Golden(
            event:
                .connectionBroken(reason: "provider_401"),
            subjectVersion: 9,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"connection.broken",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","subjectversion":9,"actor":"key:0123",\#
                "data":{"reason":"provider_401"}}
                """#
        ),
        Golden(
            event:
                .tokenRead(kind: .accessToken, version: 4, key: "0123456789ab"),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"token.read",\#
                "subject":"6f1d2c3b-4a59-4e68-8f77-0123456789ab",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"kind":"access_token","version":4,"key":"0123456789ab"}}
                """#
        ),
        Golden(
            event:
                .appAdded(name: "A \"quoted\" \\ name\n\u{1F} é \u{2028} 😀"),
            subjectVersion: nil,
            text: #"""
                {"specversion":"1.0","id":"019ab5d6-1c00-7abc-8def-0123456789ab",\#
                "source":"/apps/demo","type":"app.added",\#
                "time":"2026-11-22T14:06:36.123456Z","actor":"key:0123",\#
                "data":{"name":"A \"quoted\" \\ name\u000a\u001f é \#u{2028} 😀"}}
                """#
        ),
    ]
}

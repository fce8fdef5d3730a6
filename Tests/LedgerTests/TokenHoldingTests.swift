@testable import Ledger
import Testing

@Suite("Who held which token when")
struct TokenHoldingTests {
    private static func fingerprint(_ number: UInt128) -> Fingerprint { Fingerprint(value: number) }

    private static func records(
        _ events: [LedgerEvent]
    ) -> [(position: Int64, record: Record)] {
        events.enumerated().map { index, event in
            (
                Int64(index) * 10,
                Record(
                    id: Identifier(value: UInt128(index)),
                    clientID: "demo",
                    subject: Golden.subject,
                    time: Timestamp(microseconds: Int64(index)),
                    subjectVersion: Int64(index) + 1,
                    context: RecordContext(actor: "service"),
                    event: event
                )
            )
        }
    }

    private static func rotated(
        _ kind: TokenKind,
        _ version: Int64,
        _ value: UInt128
    ) -> LedgerEvent {
        let token = LedgerEvent.IssuedToken(version: version, fingerprint: fingerprint(value))
        return kind == .accessToken
            ? .accessTokenRotated(token, cause: Golden.cause)
            : .publicTokenRotated(token, cause: Golden.cause)
    }

    @Test("a token is held until the next of its kind comes")
    func spans() throws {
        let holdings = try TokenHolding.list(
            Self.records([
                .launchClosed(launch: Golden.launch),
                Self.rotated(.accessToken, 1, 1),
                Self.rotated(.publicToken, 1, 2),
                Self.rotated(.publicToken, 2, 3),
                .connectionBroken(reason: "other"),
                .publicTokenRecovered(
                    .init(version: 3, fingerprint: Self.fingerprint(4)),
                    human: Golden.one
                ),
            ])
        )
        #expect(holdings.map(\.kind) == [.accessToken, .publicToken, .publicToken, .publicToken])
        #expect(holdings.map(\.version) == [1, 1, 2, 3])
        #expect(holdings.map(\.fingerprint) == [1, 2, 3, 4].map(Self.fingerprint))
        #expect(holdings.map(\.from.position) == [10, 20, 30, 50])
        #expect(holdings.map { $0.until?.position } == [nil, 30, 50, nil])
        #expect(holdings[1].until?.time == Timestamp(microseconds: 3))
    }

    @Test("a token that was fetched again and is the same is held on")
    func recoveredSame() throws {
        let holdings = try TokenHolding.list(
            Self.records([
                Self.rotated(.publicToken, 1, 2),
                .publicTokenRecovered(
                    .init(version: 1, fingerprint: Self.fingerprint(2)),
                    human: Golden.one
                ),
            ])
        )
        #expect(holdings.map(\.version) == [1])
        #expect(holdings.first?.until == nil)
    }

    @Test("a missing record is an error, not a shorter story")
    func gap() {
        var records = Self.records([
            Self.rotated(.publicToken, 1, 2), Self.rotated(.publicToken, 2, 3),
            Self.rotated(.publicToken, 3, 4),
        ])
        records.remove(at: 1)
        #expect(throws: FoldError.versionGap(expected: 2, found: 3)) {
            try TokenHolding.list(records)
        }
    }
}

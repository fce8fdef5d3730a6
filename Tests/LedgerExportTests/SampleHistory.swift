import Ledger
import SeededRandom

/// Invented events: those of each user are counted without a hole.
struct SampleHistory {
    private var random: SeededRandom
    private var versions: [Int: Int64] = [:]

    init(seed: UInt64) { random = SeededRandom(seed: seed) }

    static func subject(_ user: Int) -> Identifier { Identifier(value: 0x7000 + UInt128(user)) }

    mutating func record(_ index: Int) -> Record {
        let user = Int(random.next() % 6)
        let isOfUser = user < 5
        if isOfUser { versions[user, default: 0] += 1 }
        return Record(
            id: identifier(),
            clientID: SampleLog.clientIDs[user % 3],
            subject: isOfUser ? Self.subject(user) : nil,
            time: Timestamp(microseconds: 1_770_000_000_000_000 + Int64(index) * 60_000_000),
            subjectVersion: isOfUser ? versions[user] : nil,
            context: RecordContext(
                actor: ["service", "key:42", "@actor", "-1+1", "\tx", "\rx"][
                    Int(random.next() % 6)
                ],
                causedBy: index % 3 == 0 ? nil : identifier(),
                requestID: index % 4 == 0 ? nil : "+r,\"\(index)\"",
                traceparent: index % 5 == 0 ? nil : "00-\u{1}trace\\x\n-01"
            ),
            event: isOfUser ? userEvent() : otherEvent()
        )
    }

    private mutating func identifier() -> Identifier {
        Identifier(value: UInt128(random.next()) << 64 | UInt128(random.next()))
    }

    private mutating func fingerprint() -> Fingerprint? { Fingerprint(identifier().bytes) }

    private mutating func userEvent() -> LedgerEvent {
        guard let fingerprint = fingerprint() else { return .launchClosed(launch: identifier()) }
        let token = LedgerEvent.IssuedToken(version: 3, fingerprint: fingerprint)
        return switch random.next() % 7 {
        case 0: .launchFailed(launch: identifier(), code: "a \"code\", =1")
        case 1: .exchangeDispatched(finalize: identifier(), number: 2)
        case 2: .connectFinalized(finalize: identifier(), launch: identifier(), human: fingerprint)
        case 3: .accessTokenRotated(token, cause: identifier())
        case 4: .publicTokenRotated(token, cause: identifier())
        case 5: .finalizeRejected(finalize: identifier(), status: 422)
        default: .connectionBroken(reason: "line\nbreak é")
        }
    }

    private mutating func otherEvent() -> LedgerEvent {
        random.next() % 2 == 0
            ? .appAdded(name: "An app, \"new\"")
            : .apiKeyCreated(.init(key: "42", scopes: ["events:read", "tokens:read"]))
    }
}

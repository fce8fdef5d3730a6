@testable import Ledger
import SeededRandom

/// Histories in which anything may follow anything: the fold must cope with what the decisions
/// would never write.
struct RandomEvents {
    private var random: SeededRandom
    /// Few, so that events refer to each other.
    private let finalizes: [Identifier]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        finalizes = (1...4).map { Identifier(value: UInt128($0)) }
    }

    mutating func history(_ count: Int) -> [Record] {
        var records: [Record] = []
        for version in 1...count {
            records.append(
                Record(
                    id: identifier(),
                    clientID: "demo",
                    subject: Golden.subject,
                    time: time(),
                    subjectVersion: Int64(version),
                    context: RecordContext(actor: "service"),
                    event: event()
                )
            )
        }
        return records
    }

    mutating func split(_ count: Int) -> Int {
        Int.random(in: 0...count, using: &random)
    }

    private mutating func identifier() -> Identifier {
        Identifier(value: UInt128(random.next()) << 64 | UInt128(random.next()))
    }

    private mutating func fingerprint() -> Fingerprint {
        Fingerprint(value: UInt128(random.next() % 3))
    }

    private mutating func time() -> Timestamp {
        Timestamp(microseconds: Int64(random.next() % 253_402_300_799_999_999))
    }

    private mutating func text() -> String {
        ["", "timeout", "a \"quote\"", "line\nbreak", "é😀"].randomElement(using: &random) ?? ""
    }

    private mutating func token() -> LedgerEvent.IssuedToken {
        LedgerEvent.IssuedToken(version: Int64(random.next() % 5), fingerprint: fingerprint())
    }

    private mutating func launch() -> LedgerEvent.Launch {
        LedgerEvent.Launch(launch: identifier(), finish: .direct, expiry: time())
    }

    private mutating func finish(_ finalize: Identifier) -> LedgerEvent.Finish {
        LedgerEvent.Finish(
            finalize: finalize,
            launch: identifier(),
            session: fingerprint(),
            human: fingerprint()
        )
    }

    private mutating func userKind() -> ProblemKind {
        ProblemKind.allCases.filter { !$0.isOfEndpoint }.randomElement(using: &random)
            ?? .unresolved
    }

    private mutating func event() -> LedgerEvent {
        let finalize = finalizes[Int(random.next() % UInt64(finalizes.count))]
        return switch random.next() % 30 {
        case 0: .connectLaunched(launch())
        case 1: .editLaunched(launch(), publicTokenVersion: 1)
        case 2: .launchClosed(launch: identifier())
        case 3: .launchFailed(launch: identifier(), code: text())
        case 4, 5, 6: .finishReceived(finish(finalize))
        case 7: .exchangeDispatched(finalize: finalize, number: Int64(random.next() % 3))
        case 8: .connectFinalized(finalize: finalize, launch: identifier(), human: fingerprint())
        case 9: .editFinalized(finalize: finalize, launch: identifier(), human: fingerprint())
        case 10: .accessTokenRotated(token(), cause: finalize)
        case 11: .publicTokenRotated(token(), cause: finalize)
        case 12: .finalizeRejected(finalize: finalize, status: 422)
        case 13: .finalizeUnresolved(finalize: finalize, reason: text())
        case 14: .publicTokenRecovered(token(), human: fingerprint())
        case 15: .finalizeAbandoned(finalize: finalize, reason: .answerLost)
        case 16: .finalizeAbandoned(finalize: finalize, reason: .neverSent)
        case 17: .finishRefused(launch: identifier(), human: fingerprint())
        case 25:
            .tokensImported(
                .init(human: fingerprint(), accessToken: token(), publicToken: token())
            )
        case 23: .subjectHeld(reason: .other)
        case 24: .subjectReleased
        case 18: .personGone(human: fingerprint())
        case 19: .finishHeld(finish(finalize))
        case 20: .finishConfirmed(finalize: finalize, human: fingerprint())
        case 21: .finalizeAbandoned(finalize: finalize, reason: .unconfirmed)
        case 22: .verifierRefused(launch: identifier())
        case 26: .finalizeRefused(finalize: finalize, mismatch: .humanID)
        case 27: .problemMuted(.init(ProblemName(kind: userKind(), about: Golden.subject)))
        case 28: .problemUnmuted(.init(ProblemName(kind: userKind(), about: Golden.subject)))
        default: .connectionBroken(reason: text())
        }
    }
}

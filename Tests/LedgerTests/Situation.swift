@testable import Ledger

/// The situations that decisions tell apart, each reached by a short history.
enum Situation: String, CaseIterable, Sendable {
    case new
    case launched
    case closed
    case failed
    case launchedAfterClose
    case finishing
    case unresolved
    case rejected
    case refused
    case connected
    case relaunched
    case closedAgain
    case broken
    case withoutPublicToken
    case recovered
    case abandoned
    case neverSent
    case brokenOff
    case gone
    case disproved

    static let human = Golden.other
    static let access = fingerprint(0xA)
    static let publicToken = fingerprint(0xB)
    static let finish = LedgerEvent.Finish(
        finalize: Golden.finalize,
        launch: Golden.launch,
        session: Golden.one,
        human: human
    )
    static let launch = LedgerEvent.Launch(
        launch: Golden.launch,
        finish: .relay,
        expiry: Golden.expiry
    )

    static func fingerprint(_ number: UInt128) -> Fingerprint {
        Fingerprint(value: number)
    }

    /// An answer of the provider.
    static func answer(
        human: Fingerprint = Situation.human,
        access: Fingerprint = Situation.access,
        publicToken: Fingerprint = Situation.publicToken,
        mismatch: Mismatch? = nil
    ) -> AnswerFingerprints {
        AnswerFingerprints(
            human: human,
            accessToken: access,
            publicToken: publicToken,
            mismatch: mismatch
        )
    }

    /// Whether the finish was given up, so that its answer comes late.
    var isGivenUp: Bool {
        switch self {
        case .abandoned, .neverSent, .disproved: true
        default: false
        }
    }

    /// A moment at which every token is still fresh.
    static let soon = Golden.time.adding(seconds: 60)

    var state: SubjectState {
        var state = SubjectState()
        for event in history { state.apply(event, at: Golden.time) }
        return state
    }

    private var history: [LedgerEvent] {
        let finalize = Self.finish.finalize
        switch self {
        case .new: return []
        case .launched: return [.connectLaunched(Self.launch)]
        case .closed: return Self.launched.history + [.launchClosed(launch: Golden.launch)]
        case .failed:
            return Self.launched.history + [.launchFailed(launch: Golden.launch, code: "x")]
        case .launchedAfterClose: return Self.closed.history + [.connectLaunched(Self.launch)]
        case .finishing:
            return Self.launched.history + [
                .finishReceived(Self.finish), .exchangeDispatched(finalize: finalize, number: 1),
            ]
        case .unresolved:
            return Self.finishing.history + [
                .finalizeUnresolved(finalize: finalize, reason: "timeout")
            ]
        case .rejected:
            return Self.finishing.history + [.finalizeRejected(finalize: finalize, status: 400)]
        case .refused:
            return Self.finishing.history + [
                .finalizeRefused(finalize: finalize, mismatch: .clientUserID)
            ]
        case .withoutPublicToken:
            return Self.finishing.history + [
                .connectFinalized(
                    finalize: finalize,
                    launch: Golden.launch,
                    human: Self.human
                ),
                .accessTokenRotated(
                    .init(version: 1, fingerprint: Self.access),
                    cause: finalize
                ),
            ]
        case .connected:
            return Self.withoutPublicToken.history + [
                .publicTokenRotated(
                    .init(version: 1, fingerprint: Self.publicToken),
                    cause: finalize
                )
            ]
        case .relaunched:
            return Self.connected.history + [.editLaunched(Self.launch, publicTokenVersion: 1)]
        case .closedAgain:
            return Self.relaunched.history + [.launchClosed(launch: Golden.launch)]
        case .broken: return Self.connected.history + [.connectionBroken(reason: "401")]
        case .recovered:
            return Self.closedAgain.history + [
                .publicTokenRecovered(
                    .init(version: 2, fingerprint: Self.fingerprint(0xC)),
                    human: Self.human
                )
            ]
        case .abandoned:
            return Self.unresolved.history + [
                .finalizeAbandoned(finalize: finalize, reason: .answerLost)
            ]
        case .neverSent:
            return Self.launched.history + [
                .finishReceived(Self.finish),
                .finalizeAbandoned(finalize: finalize, reason: .neverSent),
            ]
        case .brokenOff:
            let again = LedgerEvent.Finish(
                finalize: Golden.cause,
                launch: Golden.launch,
                session: Golden.other,
                human: Self.human
            )
            return Self.relaunched.history + [
                .finishReceived(again), .exchangeDispatched(finalize: Golden.cause, number: 1),
                .finalizeUnresolved(finalize: Golden.cause, reason: "timeout"),
                .finalizeAbandoned(finalize: Golden.cause, reason: .answerLost),
            ]
        case .gone: return Self.closedAgain.history + [.personGone(human: Self.human)]
        case .disproved: return Self.abandoned.history + [.personGone(human: Self.human)]
        }
    }

    /// Whether the provider's person is known.
    var isLinked: Bool {
        switch self {
        case .new, .launched, .closed, .failed, .launchedAfterClose, .finishing, .unresolved,
            .rejected, .refused, .abandoned, .neverSent, .gone, .disproved:
            false
        case .withoutPublicToken, .connected, .relaunched, .closedAgain, .broken, .recovered,
            .brokenOff:
            true
        }
    }

    var need: LaunchNeed {
        switch self {
        case .new, .connected, .broken, .recovered, .gone: .nothing
        case .launched, .closed, .failed, .launchedAfterClose, .finishing, .unresolved, .rejected,
            .refused, .abandoned, .neverSent, .disproved:
            .person
        case .relaunched, .closedAgain, .brokenOff: .publicToken(isRequired: false)
        case .withoutPublicToken: .publicToken(isRequired: true)
        }
    }

    /// Whether the launch takes no session: it has brought tokens, or was never made.
    var isConsumed: Bool {
        switch self {
        case .new, .withoutPublicToken, .connected, .broken: true
        default: false
        }
    }

    /// The version of the public token that opens the popup.
    var publicTokenVersion: Int64? {
        switch self {
        case .connected, .relaunched, .closedAgain, .broken, .brokenOff: 1
        case .recovered: 2
        default: nil
        }
    }
}

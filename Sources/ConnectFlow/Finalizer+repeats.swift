internal import HumanConnect
internal import Ledger
internal import LedgerStore
internal import Vault

extension Finalizer {
    /// The finish that used this session first, if any.
    ///
    /// Throws `sessionUsed` when it belongs to another launch or person.
    func firstFinish(
        like finish: LedgerEvent.Finish
    ) async throws -> LedgerEvent.Finish? {
        guard let claim = try await store.lookup(.session, finish.session) else { return nil }
        guard let stored = try await store.event(id: claim.reference),
            case .finishReceived(let first) = try stored.record().event
        else { throw StoreError.damaged(.record) }
        guard first.launch == finish.launch, first.human == finish.human else {
            throw FinishError.sessionUsed
        }
        return first
    }

    /// Waits for the outcome of a finish that is under way, or goes on with one whose session was
    /// certainly not sent: never dispatched, or dispatched without a connection.
    func outcome(
        of finish: LedgerEvent.Finish,
        _ launch: Launch,
        _ object: SessionTokenObject,
        _ context: RecordContext
    ) async throws -> Secret {
        for ask in 0..<FlowLimits.outcomeAsksMax {
            if ask > 0 { try await Task.sleep(for: FlowLimits.outcomePause) }
            let user = try await launch.user(in: store)
            guard
                let open = user.state.openFinalizes.first(where: {
                    $0.finalize == finish.finalize
                })
            else { return try await outcomeOnce(of: finish, launch) }
            if open.dispatches == 0 {
                // The first finish may be just about to dispatch it; if it does not, we do.
                guard ask > 0 else { continue }
            } else {
                guard let reason = open.unresolved else { continue }
                guard reason == HumanConnectError.notSentClass,
                    open.dispatches < FlowLimits.dispatchesMax
                else { throw FinishError.unresolved }
            }
            return try await exchange(
                finish,
                number: open.dispatches + 1,
                launch,
                object,
                context
            )
        }
        throw FinishError.inProgress
    }

    /// The recorded outcome of a finish that has ended.
    func outcomeOnce(
        of finish: LedgerEvent.Finish,
        _ launch: Launch
    ) async throws -> Secret {
        guard let stored = try await store.event(id: finish.finalize.derived("outcome")) else {
            throw FinishError.unresolved
        }
        switch try stored.record().event {
        case .connectFinalized, .editFinalized: break
        case .finalizeRejected: throw FinishError.rejected
        default: throw FinishError.differentPerson
        }
        let user = try await launch.user(in: store)
        var state = SubjectState()
        var hasEnded = false
        for event in try await store.wholeHistory(of: user) {
            let record = try event.record()
            if hasEnded, record.event.cause != finish.finalize { break }
            try state.apply(record)
            if record.id == finish.finalize.derived("outcome") { hasEnded = true }
        }
        guard let version = state.publicToken?.version,
            let token = try await store.value(.publicToken, version: version, of: user)
        else { throw ConnectError.store(.damaged(.value)) }
        return token
    }
}

extension Launch {
    /// What a finish claims of its launch: the launch itself is unique already.
    var claim: Fingerprint {
        guard let fingerprint = Fingerprint(data.launch.bytes) else {
            preconditionFailure("An identifier has 16 bytes.")
        }
        return fingerprint
    }
}

extension Change {
    /// Drops the sealed session token, which is worth nothing after the outcome (docs/threats.md#i8).
    mutating func dropSessionToken(of finish: LedgerEvent.Finish, _ user: StoredUser) {
        guard
            let open = user.state.openFinalizes.first(where: { $0.finalize == finish.finalize })
        else { return }
        drop(.sessionToken, version: open.received)
    }
}

extension LedgerEvent {
    /// The finalize that a rotation belongs to.
    fileprivate var cause: Identifier? {
        switch self {
        case .accessTokenRotated(_, let cause), .publicTokenRotated(_, let cause): cause
        default: nil
        }
    }
}

extension HumanConnectError {
    /// The class of an exchange that never left, under which it may be sent again.
    static let notSentClass = "not_sent"
}

extension HumanConnectError.UnknownReason {
    /// The `class` in `finalize.unresolved`.
    var word: String {
        switch self {
        case .timedOut: "timed_out"
        case .cancelled: "cancelled"
        case .connectionLost: "connection_lost"
        case .serverError(let status): "server_error_\(status)"
        case .tooManyRequests: "too_many_requests"
        case .tryLater(let status): "try_later_\(status)"
        case .redirected: "redirected"
        case .unexpectedStatus(let status): "unexpected_status_\(status)"
        case .answerTooLarge: "answer_too_large"
        case .malformedAnswer: "malformed_answer"
        case .missingField: "missing_field"
        case .invalidField: "invalid_field"
        case .differentHuman: "different_human"
        }
    }
}

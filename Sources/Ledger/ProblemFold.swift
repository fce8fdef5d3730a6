/// The problems of one user, or of one endpoint: the fold over its events.
///
/// Pure, and the only place that says which events open a problem and which end it
/// (docs/design.md#problems). It holds no state of the user, so it can be taken up at any position.
package struct ProblemFold: Sendable, Equatable {
    /// By kind; each is about the same user or endpoint.
    package private(set) var problems: [ProblemKind: TrackedProblem] = [:]

    /// The problems as they were kept; all about the same.
    package init(_ problems: [TrackedProblem] = []) {
        for problem in problems { self.problems[problem.name.kind] = problem }
    }

    /// The types of events that it looks at; others change nothing.
    package static let types = [
        "finish.refused", "verifier.refused", "connect.finalized", "edit.finalized",
        "finalize.rejected", "finalize.unresolved", "finalize.refused", "finalize.abandoned",
        "finalize.superseded", "public_token.recovered", "tokens.imported", "person.gone",
        "connection.broken", "subject.erased", "problem.muted", "problem.unmuted",
        "webhook.paused", "webhook.resumed", "webhook.removed",
    ]

    /// Whether an event is of one of these types.
    package static func concerns(_ event: LedgerEvent) -> Bool {
        switch event {
        case .finishRefused, .verifierRefused, .connectFinalized, .editFinalized,
            .finalizeRejected, .finalizeUnresolved, .finalizeRefused, .finalizeAbandoned,
            .finalizeSuperseded, .publicTokenRecovered, .tokensImported, .personGone,
            .connectionBroken, .subjectErased, .problemMuted, .problemUnmuted:
            true
        case .webhook(let webhook):
            switch webhook.act {
            case .paused, .resumed, .removed: true
            case .added, .updated, .secretRotated, .tested, .replayed: false
            }
        default: false
        }
    }

    /// Whose problems a record is about: a user's or an endpoint's; nil where it is about none.
    package static func about(_ record: Record) -> Identifier? {
        switch record.event {
        case .webhook(let webhook): webhook.endpoint
        case .problemMuted(let mark), .problemUnmuted(let mark): mark.endpoint ?? record.subject
        default: record.subjectVersion == nil ? nil : record.subject
        }
    }

    /// Takes the record at a position into account, which is about this user or endpoint and comes after
    /// what was taken before.
    package mutating func apply(_ record: Record, at position: Int64) {
        guard let about = Self.about(record) else { return }
        var step = Step(
            fold: self,
            about: about,
            moment: TrackedProblem.Moment(position: position, time: record.time)
        )
        step.take(record.event, by: record.actor)
        self = step.fold
    }

    /// One event, and what it does to each kind.
    private struct Step {
        var fold: ProblemFold
        let about: Identifier
        let moment: TrackedProblem.Moment

        mutating func take(_ event: LedgerEvent, by actor: String) {
            switch event {
            case .connectionBroken(let reason): occur(.needsReconnect, reason)
            case .finishRefused: occur(.finishRefused, "launch_consumed")
            case .verifierRefused: occur(.finishRefused, "verifier_refused")
            case .finalizeRefused(let finalize, let mismatch):
                settle(finalize)
                occur(.finishRefused, mismatch.rawValue)
            case .finalizeRejected(let finalize, let status):
                settle(finalize)
                occur(.providerRefuses, "\(status)")
            case .finalizeUnresolved(let finalize, let reason):
                occur(.unresolved, reason, waitingFor: finalize)
            case .finalizeAbandoned(let finalize, let reason):
                abandon(finalize, reason)
            case .finalizeSuperseded(let finalize, _, _): settle(finalize)
            case .personGone: occur(.erasedElsewhere, nil)
            // The popup went through: nothing that was wrong with the user matters any more.
            case .connectFinalized, .editFinalized, .tokensImported:
                resolve(ProblemKind.allCases)
            // The provider was asked, and knows the person; whether the access token is good, it did
            // not say, nor what became of an exchange.
            case .publicTokenRecovered:
                resolve([.finishRefused, .providerRefuses, .erasedElsewhere])
            case .subjectErased: fold.problems = [:]
            case .problemMuted(let mark):
                fold.problems[mark.kind]?.mute(by: actor, at: moment)
            case .problemUnmuted(let mark): fold.problems[mark.kind]?.unmute(at: moment)
            case .webhook(let webhook): take(webhook.act)
            default: break
            }
        }

        private mutating func abandon(_ finalize: Identifier, _ reason: AbandonReason) {
            switch reason {
            case .unconfirmed:
                settle(finalize)
                occur(.finishRefused, reason.rawValue)
            case .answerLost, .neverSent:
                occur(.unresolved, reason.rawValue, waitingFor: finalize)
            }
        }

        private mutating func take(_ act: LedgerEvent.Webhook.Act) {
            switch act {
            // Whoever pauses an endpoint knows of it.
            case .paused(.requested): break
            case .paused(let reason): occur(.endpointPaused, reason.rawValue)
            case .resumed, .removed: resolve([.endpointPaused])
            case .added, .updated, .secretRotated, .tested, .replayed: break
            }
        }

        private mutating func occur(
            _ kind: ProblemKind,
            _ reason: String?,
            waitingFor finalize: Identifier? = nil
        ) {
            let name = ProblemName(kind: kind, about: about)
            fold.problems[kind, default: TrackedProblem(name, at: moment)]
                .occur(reason, waitingFor: finalize, at: moment)
        }

        private mutating func settle(_ finalize: Identifier) {
            fold.problems[.unresolved]?.settle(finalize, at: moment)
        }

        private mutating func resolve(_ kinds: [ProblemKind]) {
            for kind in kinds { fold.problems[kind]?.resolve(at: moment) }
        }
    }
}

/// What must be asked of the provider before options for a launch can be served.
package enum LaunchNeed: Sendable, Equatable {
    case nothing
    /// The person is known: fetch the public token. Without one held the launch cannot go on.
    case publicToken(isRequired: Bool)
    /// The person is unknown, yet the provider may know the user: look for them.
    case person
}

/// The provider's answer to an exchange, by fingerprint.
package struct AnswerFingerprints: Sendable, Equatable {
    package let human: Fingerprint
    package let accessToken: Fingerprint
    package let publicToken: Fingerprint
    /// What in the answer named somebody or something else than the launch, if anything.
    package let mismatch: Mismatch?

    package init(
        human: Fingerprint,
        accessToken: Fingerprint,
        publicToken: Fingerprint,
        mismatch: Mismatch?
    ) {
        self.human = human
        self.accessToken = accessToken
        self.publicToken = publicToken
        self.mismatch = mismatch
    }
}

extension SubjectState {
    /// What a launch needs first, so that no popup opens in create mode for a user whom the
    /// provider is known to have (docs/provider.md#user-already-exists).
    package var launchNeed: LaunchNeed {
        // While an exchange is open, the provider may be ahead of us.
        let mayDiffer = isDoubted || !openFinalizes.isEmpty
        if human != nil {
            if publicToken == nil { return .publicToken(isRequired: true) }
            return mayDiffer ? .publicToken(isRequired: false) : .nothing
        }
        return mayDiffer ? .person : .nothing
    }

    /// The launch: edit mode exactly when a public token is held.
    package func launch(_ launch: LedgerEvent.Launch) -> LedgerEvent {
        guard let publicToken else { return .connectLaunched(launch) }
        return .editLaunched(launch, publicTokenVersion: publicToken.version)
    }

    /// The intent to exchange, refused at once when it is about another person than before.
    package func receive(_ finish: LedgerEvent.Finish) -> [LedgerEvent] {
        guard let human, human != finish.human else { return [.finishReceived(finish)] }
        return [
            .finishReceived(finish),
            .finalizeRefused(finalize: finish.finalize, mismatch: .humanID),
        ]
    }

    /// What the provider's answer to a finish means.
    package func finalize(
        _ finish: LedgerEvent.Finish,
        mode: LaunchMode,
        answer: AnswerFingerprints
    ) -> [LedgerEvent] {
        if let mismatch = answer.mismatch {
            return [.finalizeRefused(finalize: finish.finalize, mismatch: mismatch)]
        }
        guard answer.human == finish.human, human == nil || human == answer.human else {
            return [.finalizeRefused(finalize: finish.finalize, mismatch: .humanID)]
        }
        var events: [LedgerEvent] = []
        switch mode {
        case .create:
            events.append(
                .connectFinalized(
                    finalize: finish.finalize,
                    launch: finish.launch,
                    human: answer.human
                )
            )
        case .edit:
            events.append(
                .editFinalized(
                    finalize: finish.finalize,
                    launch: finish.launch,
                    human: answer.human
                )
            )
        }
        if let token = next(.accessToken, answer.accessToken) {
            events.append(.accessTokenRotated(token, cause: finish.finalize))
        }
        if let token = next(.publicToken, answer.publicToken) {
            events.append(.publicTokenRotated(token, cause: finish.finalize))
        }
        return events
    }

    /// A public token fetched again.
    ///
    /// The version stays when the value is the one we hold.
    package func recover(publicToken: Fingerprint, human: Fingerprint) -> LedgerEvent {
        let held = LedgerEvent.IssuedToken(
            version: self.publicToken?.version ?? 0,
            fingerprint: publicToken
        )
        return .publicTokenRecovered(next(.publicToken, publicToken) ?? held, human: human)
    }

    /// The next version of a token, or nil when this value is the one we hold.
    private func next(_ kind: TokenKind, _ fingerprint: Fingerprint) -> LedgerEvent.IssuedToken? {
        let held = token(kind)
        guard held?.fingerprint != fingerprint else { return nil }
        return LedgerEvent.IssuedToken(
            version: (held?.version ?? 0) + 1,
            fingerprint: fingerprint
        )
    }
}

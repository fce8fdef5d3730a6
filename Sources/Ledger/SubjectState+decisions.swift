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
    /// How many sessions may be brought under one launch: a forged one must not use it up.
    static let finishesPerLaunchMax: Int64 = 32
    /// How many finalizes of a user may be open: each stands in the state, which is written with every
    /// event.
    static let unsettledFinalizesMax = 64
    /// How long a public token is served without asking whether it is still the current one: as
    /// long as a launch may be open.
    static let freshSeconds: Int64 = 1_800

    /// What a launch needs first, so that no popup opens in create mode for a user whom the
    /// provider is known to have, nor with a public token that is dead
    /// (docs/provider.md#user-already-exists).
    package func launchNeed(at time: Timestamp) -> LaunchNeed {
        // While a popup or an exchange is open, the provider may be ahead of us.
        let mayDiffer =
            isDoubted || claimedPerson != nil || popups.contains { $0.end == nil }
            || !unsettledFinalizes.isEmpty
        guard human != nil else { return mayDiffer ? .person : .nothing }
        guard let publicToken else { return .publicToken(isRequired: true) }
        // Elsewhere sources may come and go, and users be deleted.
        let isFresh = time < publicToken.issuedAt.adding(seconds: Self.freshSeconds)
        return mayDiffer || !isFresh ? .publicToken(isRequired: false) : .nothing
    }

    /// The token that opens the popup in edit mode; without one it opens in create mode.
    package var openingToken: HeldToken? { human == nil ? nil : publicToken }

    /// The launch: edit mode exactly when there is a token to open the popup with.
    package func launch(_ launch: LedgerEvent.Launch) -> LedgerEvent {
        guard let openingToken else { return .connectLaunched(launch) }
        return .editLaunched(launch, publicTokenVersion: openingToken.version)
    }

    /// The intent to exchange, refused at once when it is about another person than before, or
    /// when its launch takes none any more.
    ///
    /// Nothing is recorded where nothing would be learnt: the launch is used up, and the user is
    /// doubted already. Where the launch's session has not shown itself, the finish is held instead.
    package func receive(_ finish: LedgerEvent.Finish, isHeld: Bool = false) -> [LedgerEvent] {
        // A launch that is not among the last ones takes none either.
        guard let popup = popup(of: finish.launch), popup.end != .finalized,
            popup.finishes < Self.finishesPerLaunchMax,
            unsettledFinalizes.count < Self.unsettledFinalizesMax
        else {
            // Its session is not claimed: it may be another launch's.
            return isDoubted ? [] : [.finishRefused(launch: finish.launch, human: finish.human)]
        }
        guard let human, human != finish.human else {
            return [isHeld ? .finishHeld(finish) : .finishReceived(finish)]
        }
        return [
            .finishReceived(finish),
            .finalizeRefused(finalize: finish.finalize, mismatch: .humanID),
        ]
    }

    /// What follows from the verifier for a finish that is held; nil when its launch has brought
    /// tokens meanwhile.
    package func confirm(_ finish: LedgerEvent.Finish) -> [LedgerEvent]? {
        guard let popup = popup(of: finish.launch), popup.end != .finalized else { return nil }
        let confirmed = LedgerEvent.finishConfirmed(
            finalize: finish.finalize,
            human: finish.human
        )
        guard let human, human != finish.human else { return [confirmed] }
        return [
            confirmed, .finalizeRefused(finalize: finish.finalize, mismatch: .humanID),
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
        // Nor somebody new, after another session has come with a finish.
        guard finish.binding != .none || human != nil || !isContested else {
            return [.finalizeRefused(finalize: finish.finalize, mismatch: .userUnproven)]
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

    /// A public token fetched again; nil when that tells nothing new and ends no doubt.
    ///
    /// The version stays when the value is the one we hold.
    package func recover(publicToken: Fingerprint, human: Fingerprint) -> LedgerEvent? {
        if self.human == human, self.publicToken?.fingerprint == publicToken, !isDoubted {
            return nil
        }
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

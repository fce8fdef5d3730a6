/// Why a user's tokens are not taken over from another system.
package enum ImportRefusal: String, Sendable {
    /// The user holds other tokens, which may be newer.
    case otherTokens = "other_tokens"
    /// The user is linked to another person.
    case otherPerson = "other_person"
    /// The person is linked to another user of the app.
    case personTaken = "person_taken"
    /// Another user of the app holds one of the tokens.
    case tokenTaken = "token_taken"
    /// What is stored of the user cannot be read.
    case damaged = "damaged_user"
    /// The provider said of the person to whom the user was linked that there is none.
    case personGone = "person_gone"
    /// A popup was finished, and it is not known yet what came of it.
    case beingConnected = "being_connected"
}

/// What it comes to when somebody's tokens are to be taken over from another system.
package enum ImportDecision: Sendable, Equatable {
    case write(LedgerEvent)
    /// The user holds exactly these.
    case held
    case refused(ImportRefusal)
}

extension SubjectState {
    /// What to do with tokens that another system held for the user: they count only for whom
    /// nothing is known, for whatever we hold may be newer
    /// (docs/decisions/0059-tokens-of-another-system.md).
    package func takeOver(
        human: Fingerprint,
        accessToken: Fingerprint,
        publicToken: Fingerprint
    ) -> ImportDecision {
        guard self.accessToken != nil || self.publicToken != nil else {
            guard self.human == nil || self.human == human else { return .refused(.otherPerson) }
            guard claimedPerson == nil, openFinalizes.isEmpty else {
                return .refused(.beingConnected)
            }
            let first = { LedgerEvent.IssuedToken(version: 1, fingerprint: $0) }
            return .write(
                .tokensImported(
                    LedgerEvent.TakenOver(
                        human: human,
                        accessToken: first(accessToken),
                        publicToken: first(publicToken)
                    )
                )
            )
        }
        guard let linked = self.human else { return .refused(.personGone) }
        guard linked == human else { return .refused(.otherPerson) }
        let isSame =
            self.accessToken?.fingerprint == accessToken
            && self.publicToken?.fingerprint == publicToken
        return isSame ? .held : .refused(.otherTokens)
    }

    mutating func take(_ tokens: LedgerEvent.TakenOver, at time: Timestamp) {
        human = tokens.human
        accessToken = HeldToken(
            version: tokens.accessToken.version,
            fingerprint: tokens.accessToken.fingerprint,
            issuedAt: time
        )
        publicToken = HeldToken(
            version: tokens.publicToken.version,
            fingerprint: tokens.publicToken.fingerprint,
            issuedAt: time
        )
        claimedPerson = nil
        isContested = false
        status = .connected
        brokenReason = nil
        // Nobody knows how old they are: the next launch asks for the public token.
        isDoubted = true
    }
}

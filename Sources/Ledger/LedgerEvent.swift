/// Everything that can happen, with its data.
///
/// No case can hold a token, a `clientUserId` or a `humanId`: the types leave no room for one
/// (docs/design.md#events).
package enum LedgerEvent: Sendable, Equatable {
    /// Launch options were served in create mode.
    case connectLaunched(Launch)
    /// Launch options were served in edit mode, with this version of the public token.
    case editLaunched(Launch, publicTokenVersion: Int64)
    /// The page reported the popup's `close`.
    case launchClosed(launch: Identifier)
    /// The page reported the popup's `error`, with its code.
    case launchFailed(launch: Identifier, code: String)
    /// A finish callback passed validation: the intent to exchange.
    case finishReceived(Finish)
    /// A finish came for a launch that is bound to a session: nothing is exchanged before somebody
    /// shows that session's verifier.
    case finishHeld(Finish)
    /// The verifier was shown: from now on the held finish is the intent to exchange.
    case finishConfirmed(finalize: Identifier, human: Fingerprint)
    /// A finish came for a launch that takes none any more; it named this person.
    case finishRefused(launch: Identifier, human: Fingerprint)
    /// Somebody relayed or confirmed a finish without the verifier of the session that the launch
    /// is bound to.
    case verifierRefused(launch: Identifier)
    /// The POST to the provider is about to be sent, for the `number`th time.
    case exchangeDispatched(finalize: Identifier, number: Int64)
    /// The provider answered a create-mode launch with tokens.
    case connectFinalized(finalize: Identifier, launch: Identifier, human: Fingerprint)
    /// The provider answered an edit-mode launch with tokens.
    case editFinalized(finalize: Identifier, launch: Identifier, human: Fingerprint)
    /// The access token that we hold changed; version 1 is the first issue.
    case accessTokenRotated(IssuedToken, cause: Identifier)
    /// The public token that we hold changed; version 1 is the first issue.
    case publicTokenRotated(IssuedToken, cause: Identifier)
    /// The provider refused the session for certain.
    case finalizeRejected(finalize: Identifier, status: Int64)
    /// The outcome is unknown; recovery takes over.
    case finalizeUnresolved(finalize: Identifier, reason: String)
    /// The finish or the answer was about somebody else.
    case finalizeRefused(finalize: Identifier, mismatch: Mismatch)
    /// No answer of the exchange is waited for any more; the next launch is the way on.
    case finalizeAbandoned(finalize: Identifier, reason: AbandonReason)
    /// An answer came when newer tokens were held already; its tokens are not kept.
    case finalizeSuperseded(
        finalize: Identifier,
        accessToken: Fingerprint,
        publicToken: Fingerprint
    )
    /// The public token was fetched again from the provider; `human` says for whom.
    case publicTokenRecovered(IssuedToken, human: Fingerprint)
    /// The tokens that another system held were taken over.
    case tokensImported(TakenOver)
    /// The provider does not know this person any more, or never did.
    case personGone(human: Fingerprint)
    /// The user must reconnect.
    case connectionBroken(reason: String)
    /// Everything that the vault kept of the user is gone.
    case subjectErased(reason: ErasureReason)
    /// The user may not be erased until the hold ends.
    case subjectHeld(reason: HoldReason)
    /// The hold has ended.
    case subjectReleased
    /// A secret value was handed out (access log).
    case tokenRead(kind: TokenKind, version: Int64, key: String)
    /// Records left in bulk (access log).
    case logExported(Export)
    /// Somebody began to be told what happens, from a position on (access log).
    case logFollowed(Follow)
    /// Somebody asked whose a token was, and got so many answers (access log).
    ///
    /// The value may have been of either kind, so both of its fingerprints stand here.
    case tokenSearched(accessToken: Fingerprint, publicToken: Fingerprint, matches: Int64)
    /// A person had a token shown in the console, and said why (access log).
    case tokenRevealed(TokenReveal)
    /// A person opened a user's page in the console (access log).
    case userViewed
    /// There was an access of this sort, of which the app wants no more to be kept (access log).
    case accessNoted(AccessKind)
    /// An app was registered.
    case appAdded(name: String)
    /// What the ledger keeps of an app was changed.
    case appUpdated(AppUpdate)
    /// So many tokens' values of the app were dropped: all of those that were replaced until then.
    case valuesDropped(count: Int64, until: Timestamp)
    /// An API key was made.
    case apiKeyCreated(NewAPIKey)
    /// It was decided when an API key ends.
    case apiKeyExpirySet(key: String, expiry: Timestamp)
    /// An API key was ended at once.
    case apiKeyRevoked(key: String)
    /// A new root key wraps all keys of the app, so many; the old one is not needed any more.
    case rootKeyRotated(from: String, to: String, keys: Int64)
    /// Something became of an endpoint to which the app has its events sent.
    case webhook(Webhook)
    /// Somebody wants to hear no more of a problem until it is resolved.
    case problemMuted(ProblemMark)
    /// Somebody wants to hear of it again.
    case problemUnmuted(ProblemMark)

    /// Launch options that were served.
    package struct Launch: Sendable, Equatable {
        /// Names the launch; it is also the id of its event.
        package let launch: Identifier
        package let finish: FinishMode
        package let expiry: Timestamp
        /// Of the session that the launch is bound to, if it is bound to one
        /// (docs/decisions/0047-a-finish-belongs-to-a-session.md).
        package let challenge: Fingerprint?

        package init(
            launch: Identifier,
            finish: FinishMode,
            expiry: Timestamp,
            challenge: Fingerprint? = nil
        ) {
            self.launch = launch
            self.finish = finish
            self.expiry = expiry
            self.challenge = challenge
        }
    }

    /// The intent to exchange one session.
    package struct Finish: Sendable, Equatable {
        /// Names the finalize; it is also the id of its event.
        package let finalize: Identifier
        package let launch: Identifier
        package let session: Fingerprint
        package let human: Fingerprint
        package let binding: FinishBinding

        package init(
            finalize: Identifier,
            launch: Identifier,
            session: Fingerprint,
            human: Fingerprint,
            binding: FinishBinding = .none
        ) {
            self.finalize = finalize
            self.launch = launch
            self.session = session
            self.human = human
            self.binding = binding
        }
    }

    /// A token by version and fingerprint.
    package struct IssuedToken: Sendable, Equatable {
        package let version: Int64
        package let fingerprint: Fingerprint

        package init(version: Int64, fingerprint: Fingerprint) {
            self.version = version
            self.fingerprint = fingerprint
        }
    }
}

/// The popup opens for somebody new, or with the sources connected so far.
package enum LaunchMode: String, Sendable {
    case create
    case edit
}

/// Who posts the finish: the app's own backend, or the page or mobile SDK directly.
package enum FinishMode: String, Sendable, Codable {
    case relay
    case direct
}

/// What says that whoever finished the popup is the launched user, before the provider does
/// (docs/threats.md#t2).
package enum FinishBinding: String, Sendable {
    /// Nothing but the launch itself.
    case none
    /// The app's backend relayed the finish and named its own session's user.
    case user
    /// The verifier of the session that the launch is bound to was shown.
    case session
}

/// The two tokens that a user has.
package enum TokenKind: String, Sendable, CaseIterable {
    case accessToken = "access_token"
    case publicToken = "public_token"
}

/// Why a finalize ended without the provider's answer.
package enum AbandonReason: String, Sendable {
    /// The exchange may have been made; its answer is lost.
    case answerLost = "answer_lost"
    /// No exchange was made, and the session is too old for one.
    case neverSent = "never_sent"
    /// No exchange was made: nobody showed the session's verifier in time.
    case unconfirmed
}

/// What did not fit in a refused finalize.
package enum Mismatch: String, Sendable {
    /// The `humanId` differs from the one linked before, or from the one in the finish.
    case humanID = "human_id"
    /// The answer named another `clientUserId`.
    case clientUserID = "client_user_id"
    /// The answer named another app.
    case clientID = "client_id"
    /// The `humanId` belongs to another user of the app.
    case humanTaken = "human_id_taken"
    /// Nothing but the launch says that the person is the launched user.
    case userUnproven = "user_unproven"
}

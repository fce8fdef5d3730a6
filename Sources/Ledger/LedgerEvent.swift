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
    /// A finish came for a launch that takes none any more; it named this person.
    case finishRefused(launch: Identifier, human: Fingerprint)
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
    /// The provider does not know this person any more, or never did.
    case personGone(human: Fingerprint)
    /// The user must reconnect.
    case connectionBroken(reason: String)
    /// A secret value was handed out (access log).
    case tokenRead(kind: TokenKind, version: Int64, key: String)
    /// Records left in bulk (access log).
    case logExported(Export)
    /// Somebody asked whose a token was, and got so many answers (access log).
    ///
    /// The value may have been of either kind, so both of its fingerprints stand here.
    case tokenSearched(accessToken: Fingerprint, publicToken: Fingerprint, matches: Int64)
    /// An app was registered.
    case appAdded(name: String)
    /// What the ledger keeps of an app was changed.
    case appUpdated(AppUpdate)
    /// An API key was made.
    case apiKeyCreated(NewAPIKey)
    /// It was decided when an API key ends.
    case apiKeyExpirySet(key: String, expiry: Timestamp)
    /// An API key was ended at once.
    case apiKeyRevoked(key: String)

    /// Launch options that were served.
    package struct Launch: Sendable, Equatable {
        /// Names the launch; it is also the id of its event.
        package let launch: Identifier
        package let finish: FinishMode
        package let expiry: Timestamp

        package init(launch: Identifier, finish: FinishMode, expiry: Timestamp) {
            self.launch = launch
            self.finish = finish
            self.expiry = expiry
        }
    }

    /// The intent to exchange one session.
    package struct Finish: Sendable, Equatable {
        /// Names the finalize; it is also the id of its event.
        package let finalize: Identifier
        package let launch: Identifier
        package let session: Fingerprint
        package let human: Fingerprint

        package init(
            finalize: Identifier,
            launch: Identifier,
            session: Fingerprint,
            human: Fingerprint
        ) {
            self.finalize = finalize
            self.launch = launch
            self.session = session
            self.human = human
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
}

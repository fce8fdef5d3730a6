/// What the ledger knows about one user: the fold over the user's events.
///
/// The same fold serves requests, rebuild, time travel and `verify`. It holds fingerprints and
/// versions only; values live in the vault.
package struct SubjectState: Sendable, Equatable {
    /// Whether the user can be served.
    package enum Status: String, Sendable {
        /// Seen, but no access token is held.
        case launched
        /// Both tokens are held and nothing speaks against them.
        case connected
        /// The user must reconnect.
        case broken
        /// Nothing is kept of the user any more, and nothing can happen to it.
        case erased
    }

    /// A token that we hold.
    package struct HeldToken: Sendable, Equatable {
        /// Counts this user's tokens of the kind, from 1.
        package var version: Int64
        package var fingerprint: Fingerprint
        package var issuedAt: Timestamp
    }

    /// A person whom a finish named and no answer of the provider has confirmed.
    ///
    /// It proves nothing: anybody can write any `humanId` into a finish
    /// (docs/decisions/0034-what-a-finish-claims.md).
    package struct ClaimedPerson: Sendable, Equatable {
        package var human: Fingerprint
        /// The subject version of the intent, under which the vault keeps the `humanId`.
        package var received: Int64
    }

    /// Count of the user's events.
    package internal(set) var version: Int64 = 0
    package internal(set) var status: Status = .launched
    /// The provider's person this user is linked to.
    package internal(set) var human: Fingerprint?
    package internal(set) var accessToken: HeldToken?
    package internal(set) var publicToken: HeldToken?
    /// Whom the last finish named, while nobody is linked.
    package internal(set) var claimedPerson: ClaimedPerson?
    /// Another session than the launched one has come with a finish, while nobody is linked: whom the
    /// provider calls by this user's id may be somebody else.
    package internal(set) var isContested = false
    /// Something happened after which the provider may hold another public token, or know a user
    /// whom we do not: a popup closed or failed, an exchange without tokens.
    package internal(set) var isDoubted = false
    /// Why the connection is broken.
    package internal(set) var brokenReason: String?
    /// Whether a hold keeps the user from being erased.
    package internal(set) var isHeld = false
    /// The last launches, oldest first.
    package internal(set) var popups: [Popup] = []
    package internal(set) var openFinalizes: [OpenFinalize] = []

    package init() {}

    /// The held token of a kind.
    package func token(_ kind: TokenKind) -> HeldToken? {
        switch kind {
        case .accessToken: accessToken
        case .publicToken: publicToken
        }
    }
}

extension SubjectState.HeldToken {
    fileprivate init(_ token: LedgerEvent.IssuedToken, at time: Timestamp) {
        self.init(version: token.version, fingerprint: token.fingerprint, issuedAt: time)
    }
}

/// Why an event does not follow the state it was applied to.
package enum FoldError: Error, Equatable {
    /// The subject's events are counted without holes; this one is not the next.
    case versionGap(expected: Int64, found: Int64?)
    /// Nothing follows an erasure.
    case afterErasure
}

extension SubjectState {
    /// Takes the next record of the user into account.
    ///
    /// Nil stands for one that the service did not write: it has its version, and changes nothing.
    package mutating func apply(_ record: Record?) throws(FoldError) {
        guard let record else { return passOver() }
        guard record.subjectVersion == version + 1 else {
            throw .versionGap(expected: version + 1, found: record.subjectVersion)
        }
        guard status != .erased else { throw .afterErasure }
        apply(record.event, at: record.time)
    }

    /// Counts events that the service did not write, or that are cold history.
    package mutating func passOver(_ count: Int64 = 1) { version += count }

    /// Takes the next event into account; the caller knows that it is the next.
    package mutating func apply(_ event: LedgerEvent, at time: Timestamp) {
        version += 1
        switch event {
        case .connectLaunched(let launch), .editLaunched(let launch, _):
            open(launch.launch)
        case .launchClosed(let launch), .launchFailed(let launch, _):
            close(launch)
        case .finishReceived(let finish):
            receive(finish, at: time)
        case .finishHeld(let finish):
            hold(finish, at: time)
        case .finishConfirmed(let finalize, let human):
            confirm(finalize, human, at: time)
        case .finishRefused:
            isDoubted = true
        case .exchangeDispatched(let finalize, let number):
            let dispatched = version
            update(finalize, at: time) {
                $0.dispatches = number
                $0.dispatched = dispatched
                $0.unresolved = nil
            }
        case .connectFinalized(let finalize, let launch, let human),
            .editFinalized(let finalize, let launch, let human):
            connect(finalize, launch, human)
        case .accessTokenRotated(let token, _):
            accessToken = HeldToken(token, at: time)
        case .publicTokenRotated(let token, _):
            publicToken = HeldToken(token, at: time)
        case .finalizeRejected(let finalize, _):
            end(finalize)
            isDoubted = true
        case .finalizeRefused(let finalize, _):
            refuse(finalize)
        case .finalizeUnresolved(let finalize, let reason):
            update(finalize, at: time) { $0.unresolved = reason }
            isDoubted = true
        case .finalizeAbandoned(let finalize, let reason):
            abandon(finalize, reason)
        case .finalizeSuperseded(let finalize, _, _):
            end(finalize)
            isDoubted = true
        case .publicTokenRecovered(let token, let human):
            if token.version != publicToken?.version {
                publicToken = HeldToken(token, at: time)
            }
            self.human = human
            claimedPerson = nil
            isContested = false
            isDoubted = false
        case .tokensImported(let tokens):
            take(tokens, at: time)
        case .personGone(let human):
            forget(human)
        case .connectionBroken(let reason):
            status = .broken
            brokenReason = reason
        case .subjectErased: erase()
        case .subjectHeld: isHeld = true
        case .subjectReleased: isHeld = false
        case .verifierRefused:
            // Its popup is open as far as we know, and stays so.
            contest()
        case .tokenRead, .logExported, .logFollowed, .tokenSearched, .tokenRevealed, .userViewed,
            .accessNoted, .appAdded, .appUpdated, .valuesDropped, .apiKeyCreated, .apiKeyExpirySet,
            .apiKeyRevoked, .rootKeyRotated, .webhook, .problemMuted, .problemUnmuted:
            // Not part of a user's state: who looks after a problem; or records without a subject version.
            break
        }
    }
}

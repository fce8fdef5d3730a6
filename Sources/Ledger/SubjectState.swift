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
    }

    /// A token that we hold.
    package struct HeldToken: Sendable, Equatable {
        /// Counts this user's tokens of the kind, from 1.
        package var version: Int64
        package var fingerprint: Fingerprint
        package var issuedAt: Timestamp
    }

    /// A finalize without a final outcome.
    package struct OpenFinalize: Sendable, Equatable {
        package var finalize: Identifier
        package var launch: Identifier
        /// The subject version of the intent, under which the vault keeps the session token.
        package var received: Int64
        /// How often the POST was about to be sent.
        package var dispatches: Int64
        /// Why the outcome is unknown, once that is recorded.
        package var unresolved: String?
    }

    /// Count of the user's events.
    package internal(set) var version: Int64 = 0
    package internal(set) var status: Status = .launched
    /// The provider's person this user is linked to.
    package internal(set) var human: Fingerprint?
    package internal(set) var accessToken: HeldToken?
    package internal(set) var publicToken: HeldToken?
    /// Something happened after which the provider may hold another public token, or know a user
    /// whom we do not: a popup closed or failed, an exchange without tokens.
    package internal(set) var isDoubted = false
    /// Why the connection is broken.
    package internal(set) var brokenReason: String?
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

/// Why an event does not follow the state it was applied to.
package enum FoldError: Error, Equatable {
    /// The subject's events are counted without holes; this one is not the next.
    case versionGap(expected: Int64, found: Int64?)
}

extension SubjectState {
    /// Takes the next record of the user into account.
    package mutating func apply(_ record: Record) throws(FoldError) {
        guard record.subjectVersion == version + 1 else {
            throw .versionGap(expected: version + 1, found: record.subjectVersion)
        }
        apply(record.event, at: record.time)
    }

    /// Takes the next event into account; the caller knows that it is the next.
    package mutating func apply(_ event: LedgerEvent, at time: Timestamp) {
        version += 1
        switch event {
        case .connectLaunched, .editLaunched:
            // A launch heals nothing by itself: what was asked of the provider before it is an
            // event of its own.
            break
        case .launchClosed, .launchFailed:
            isDoubted = true
        case .finishReceived(let finish):
            openFinalizes.append(
                OpenFinalize(
                    finalize: finish.finalize,
                    launch: finish.launch,
                    received: version,
                    dispatches: 0,
                    unresolved: nil
                )
            )
        case .exchangeDispatched(let finalize, let number):
            update(finalize) {
                $0.dispatches = number
                $0.unresolved = nil
            }
        case .connectFinalized(let finalize, _, let human),
            .editFinalized(let finalize, _, let human):
            end(finalize)
            // Newer tokens are here, so nobody waits for those of an earlier exchange any more.
            openFinalizes.removeAll { $0.unresolved != nil }
            self.human = human
            status = .connected
            brokenReason = nil
            isDoubted = false
        case .accessTokenRotated(let token, _):
            accessToken = HeldToken(
                version: token.version,
                fingerprint: token.fingerprint,
                issuedAt: time
            )
        case .publicTokenRotated(let token, _):
            publicToken = HeldToken(
                version: token.version,
                fingerprint: token.fingerprint,
                issuedAt: time
            )
        case .finalizeRejected(let finalize, _), .finalizeRefused(let finalize, _):
            end(finalize)
            isDoubted = true
        case .finalizeUnresolved(let finalize, let reason):
            update(finalize) { $0.unresolved = reason }
            isDoubted = true
        case .publicTokenRecovered(let token, let human):
            if token.version != publicToken?.version {
                publicToken = HeldToken(
                    version: token.version,
                    fingerprint: token.fingerprint,
                    issuedAt: time
                )
            }
            self.human = human
            isDoubted = false
        case .connectionBroken(let reason):
            status = .broken
            brokenReason = reason
        case .tokenRead, .logExported, .tokenSearched, .appAdded, .apiKeyCreated:
            // Not part of a user's story; such records carry no subject version.
            break
        }
    }

    private mutating func end(_ finalize: Identifier) {
        openFinalizes.removeAll { $0.finalize == finalize }
    }

    private mutating func update(
        _ finalize: Identifier,
        _ change: (inout OpenFinalize) -> Void
    ) {
        guard let index = openFinalizes.firstIndex(where: { $0.finalize == finalize }) else {
            return
        }
        change(&openFinalizes[index])
    }
}

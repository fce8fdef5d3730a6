package import LedgerStore

/// Why a launch, a finish or a recovery did not lead to what was asked for.
package enum ConnectError: Error, Equatable {
    /// The provider's person is not known, so there is nobody to ask for.
    case notConnected
    /// A finish named somebody whom the provider knows, but nothing proves that it is this user.
    case personUnproven
    /// The provider does not know the linked person any more.
    case personGone
    case launchNotFound
    /// The app serves no launch without a challenge.
    case challengeRequired
    /// The caller may make no more users for now.
    case tooManyNewUsers
    /// The `Idempotency-Key` was used for another request.
    case keyReused
    /// The provider refused to give the public token.
    case recoveryRejected
    /// The provider does not answer; nothing was changed. Before that time it is not asked again,
    /// if one is known.
    case providerUnavailable(retryAfter: Duration?)
    /// The provider's list of users is too long, or too slow, to be read: whether the user is in it
    /// is not known.
    case userListTooLong
    /// The provider's list of users names several persons for the user, or none that can be read.
    case personUnclear
    case finish(FinishError)
    case store(StoreError)
}

/// Why a finish did not lead to tokens.
package enum FinishError: Error, Equatable {
    /// The launch has brought tokens with another session, or had too many finishes.
    case launchConsumed
    /// The session was used with another launch, or by another person.
    case sessionUsed
    /// The finish names another app than the launch.
    case clientIDMismatch
    /// The finish or the provider's answer is about somebody else.
    case differentPerson
    /// Nothing but the launch says that the person is the launched user.
    case userUnproven
    /// The verifier is missing, or is not that of the session which the launch is bound to.
    case verifierRefused
    /// The launch is bound to no session, so there is nothing to confirm.
    case launchNotBound
    /// No finish of the launch is known by this code.
    case codeUnknown
    /// The finish is held: it waits for the verifier.
    case held
    /// Nobody showed the verifier in time, and the session is destroyed.
    case unconfirmed
    /// The same finish is being worked on.
    case inProgress
    /// The provider refused the session.
    case rejected
    /// The provider's answer is not known.
    case unresolved
    /// No answer of the provider is waited for any more.
    case abandoned
}

extension ConnectError {
    /// Sorts whatever was thrown; who was erased is as unknown as who never was.
    init(_ error: any Error) {
        switch error {
        case StoreError.erased: self = .notConnected
        case let error as ConnectError: self = error
        case let error as FinishError: self = .finish(error)
        case let error as StoreError: self = .store(error)
        default: self = .store(StoreError(error))
        }
    }

    /// Whether the same may work a moment later.
    var isPassing: Bool {
        switch self {
        case .store(let error): error.isPassing
        case .notConnected, .personUnproven, .personGone, .launchNotFound, .challengeRequired,
            .tooManyNewUsers, .keyReused, .recoveryRejected, .providerUnavailable,
            .userListTooLong, .personUnclear, .finish:
            false
        }
    }

    /// The same for what is done with a launch, which goes with its user.
    static func sortingLaunch<Value>(
        _ work: () async throws -> Value
    ) async throws(ConnectError) -> Value {
        try await sorting {
            do {
                return try await work()
            } catch StoreError.erased {
                throw ConnectError.launchNotFound
            }
        }
    }

    /// Whether the provider did not say what was to be recorded.
    var isOfProvider: Bool {
        if case .providerUnavailable = self { true } else { false }
    }

    /// Does work that fails in several ways, and gives its failure as one of ours.
    static func sorting<Value>(
        _ work: () async throws -> Value
    ) async throws(ConnectError) -> Value {
        do {
            return try await work()
        } catch {
            throw ConnectError(error)
        }
    }
}

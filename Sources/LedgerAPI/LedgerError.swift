package import ConnectFlow
internal import HumanConnect
internal import Ledger
package import LedgerStore
package import Vault

/// Everything that can go wrong with a request, as the caller is told.
package enum LedgerError: Error, Equatable {
    /// The request cannot be understood; the sentence says what is wrong, without values.
    case malformed(String)
    /// A finish lacks a field, or has one that cannot be.
    case invalidFinish(String)
    case tooLarge
    case unsupportedMediaType
    /// No API key, or none that is valid.
    case unauthenticated
    /// The API key is valid, but not from the address that it was sent from, or not without a certificate
    /// that was not shown.
    case networkRefused
    /// The API key lacks this scope.
    case insufficientScope(Scope)
    /// More calls than the caller may make.
    case rateLimited(CallPolicy)
    /// A page of an origin that the app does not list.
    case originRefused
    case notFound
    /// There is something, and it takes these methods only.
    case methodNotAllowed([String])
    /// Unknown, foreign or never connected: the caller cannot tell which.
    case notConnected
    /// A hold forbids to erase the user.
    case legalHold
    /// The event is in the log, but no checkpoint covers it yet.
    case notIntegrated
    /// As many exports of the app, or of all apps, are under way as may be.
    case tooManyExports
    /// As many follow with the key, or in all, as may.
    case tooManyFollows
    /// The app has as many endpoints of webhooks as it may have.
    case tooManyWebhooks
    /// As many tests and replays of an endpoint wait as may.
    case tooManyWebhookAsks
    /// Whoever comes back has read something that the log has no more.
    case historyDiffers
    /// What a launch, a finish or a recovery failed with.
    case connect(ConnectError)
    case store(StoreError)
    /// Something that nobody expected; it says nothing about what is stored.
    case unexpected(String)
}

extension LedgerError {
    /// Sorts whatever was thrown.
    init(_ error: any Error) {
        switch error {
        case let error as LedgerError: self = error
        case let error as ConnectError: self = .connect(error)
        case let error as StoreError: self = .store(error)
        case let error as ErasureError: self.init(error)
        case is CancellationError: self = .store(.unavailable)
        // The type alone: the error itself may hold values.
        default: self = .unexpected("\(type(of: error))")
        }
    }

    private init(_ error: ErasureError) {
        switch error {
        case .unknown: self = .notConnected
        case .held: self = .legalHold
        case .keyReused: self = .connect(.keyReused)
        }
    }

    /// Sorts what is wrong with a finish body.
    init(_ error: SessionTokenObjectError) {
        switch error {
        case .unsupportedContentType: self = .unsupportedMediaType
        case .tooLarge: self = .tooLarge
        case .malformed, .tooDeep: self = .malformed(error.description)
        case .missingField, .invalidField: self = .invalidFinish(error.description)
        }
    }
}

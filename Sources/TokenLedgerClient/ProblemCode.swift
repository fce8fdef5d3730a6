/// What a problem is, as programs tell it: docs/integrator.md#errors-to-handle has what to do.
///
/// Not an enum, for a service may be newer than its client and have further ones.
public struct ProblemCode: RawRepresentable, Sendable, Hashable {
    /// As it stands in the document.
    public let rawValue: String

    /// A code by its name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }
}

extension ProblemCode {
    /// A defect of the caller.
    public static let malformedRequest = ProblemCode(rawValue: "malformed_request")
    /// A field of the finish is missing or cannot be.
    public static let invalidFinish = ProblemCode(rawValue: "invalid_finish")
    /// No checkpoint covers it yet.
    public static let notIntegrated = ProblemCode(rawValue: "not_integrated")
    /// Wait for an export to end.
    public static let tooManyExports = ProblemCode(rawValue: "too_many_exports")
    /// Wait for another follower to end.
    public static let tooManyFollows = ProblemCode(rawValue: "too_many_follows")
    /// The app has as many endpoints of webhooks as it may.
    public static let tooManyWebhooks = ProblemCode(rawValue: "too_many_webhooks")
    /// The log was restored, and does not have what was read last.
    public static let historyDiffers = ProblemCode(rawValue: "history_differs")
    /// The body has too many bytes.
    public static let requestTooLarge = ProblemCode(rawValue: "request_too_large")
    /// A body of another kind than the service takes.
    public static let unsupportedMediaType = ProblemCode(rawValue: "unsupported_media_type")
    /// The key is wrong, expired or revoked.
    public static let unauthenticated = ProblemCode(rawValue: "unauthenticated")
    /// The key may not be used from here, or not without its client certificate.
    public static let networkRefused = ProblemCode(rawValue: "network_refused")
    /// The key lacks a scope.
    public static let insufficientScope = ProblemCode(rawValue: "insufficient_scope")
    /// The app does not list the page's origin.
    public static let originRefused = ProblemCode(rawValue: "origin_refused")
    /// There is no such address.
    public static let notFound = ProblemCode(rawValue: "not_found")
    /// The address takes another method.
    public static let methodNotAllowed = ProblemCode(rawValue: "method_not_allowed")
    /// The user is unknown, of another app, never connected, or erased.
    public static let notConnected = ProblemCode(rawValue: "not_connected")
    /// The launch is unknown, or of another app.
    public static let launchNotFound = ProblemCode(rawValue: "launch_not_found")
    /// The provider's answer is lost for good.
    ///
    /// Launch anew.
    public static let finalizeAbandoned = ProblemCode(rawValue: "finalize_abandoned")
    /// The token was replaced since, and its value dropped.
    public static let tokenDropped = ProblemCode(rawValue: "token_dropped")
    /// It was moved out of the database, into a bundle.
    public static let historyCold = ProblemCode(rawValue: "history_cold")
    /// The provider may know the user, and nothing proves it.
    public static let personUnproven = ProblemCode(rawValue: "person_unproven")
    /// The provider does not know the person any more.
    public static let personGone = ProblemCode(rawValue: "person_gone")
    /// The provider's answer names no user, and nothing else does.
    public static let userUnproven = ProblemCode(rawValue: "user_unproven")
    /// The verifier is missing, or another session's.
    ///
    /// Do not repeat.
    public static let verifierRefused = ProblemCode(rawValue: "verifier_refused")
    /// The app demands a session challenge.
    public static let challengeRequired = ProblemCode(rawValue: "challenge_required")
    /// The launch has no session challenge.
    public static let launchNotBound = ProblemCode(rawValue: "launch_not_bound")
    /// No finish of the launch was answered with this code.
    public static let finishCodeUnknown = ProblemCode(rawValue: "finish_code_unknown")
    /// Nobody confirmed the finish in time.
    ///
    /// Launch anew.
    public static let finishUnconfirmed = ProblemCode(rawValue: "finish_unconfirmed")
    /// The launch has brought tokens with another session.
    public static let launchConsumed = ProblemCode(rawValue: "launch_consumed")
    /// The session belongs to another launch or person.
    public static let sessionUsed = ProblemCode(rawValue: "session_used")
    /// The popup was opened with another app's client id.
    public static let clientIDMismatch = ProblemCode(rawValue: "client_id_mismatch")
    /// The finish is about somebody else.
    ///
    /// Do not repeat.
    public static let differentPerson = ProblemCode(rawValue: "different_person")
    /// A finish of the user is being worked on.
    ///
    /// Wait, repeat.
    public static let finalizeInProgress = ProblemCode(rawValue: "finalize_in_progress")
    /// The idempotency key was used for another request.
    public static let keyReused = ProblemCode(rawValue: "key_reused")
    /// A hold keeps the user from being erased.
    public static let legalHold = ProblemCode(rawValue: "legal_hold")
    /// The provider refused the session.
    ///
    /// Launch anew.
    public static let sessionRejected = ProblemCode(rawValue: "session_rejected")
    /// The outcome of a finish is not certain; the status is 202.
    public static let finalizeUnresolved = ProblemCode(rawValue: "finalize_unresolved")
    /// The provider refused to give the public token.
    public static let recoveryRejected = ProblemCode(rawValue: "recovery_rejected")
    /// The provider does not answer.
    public static let providerUnavailable = ProblemCode(rawValue: "provider_unavailable")
    /// The provider's list is longer than is read.
    public static let userListTooLong = ProblemCode(rawValue: "user_list_too_long")
    /// The provider lists several persons under the user's id.
    public static let personUnclear = ProblemCode(rawValue: "person_unclear")
    /// Nothing was written.
    ///
    /// Come again.
    public static let databaseUnavailable = ProblemCode(rawValue: "database_unavailable")
    /// More calls than are allowed.
    ///
    /// Nothing was done.
    public static let rateLimited = ProblemCode(rawValue: "rate_limited")
    /// Nothing was done.
    ///
    /// Come again.
    public static let overloaded = ProblemCode(rawValue: "overloaded")
    /// Whether it was written is not known.
    ///
    /// Repeat it.
    public static let outcomeUnknown = ProblemCode(rawValue: "outcome_unknown")
    /// The user changed meanwhile.
    ///
    /// Wait, repeat.
    public static let conflict = ProblemCode(rawValue: "conflict")
    /// Tell the operator the request's id.
    public static let `internal` = ProblemCode(rawValue: "internal")
    /// Refused before any route was asked.
    public static let refused = ProblemCode(rawValue: "refused")
}

internal import ConnectFlow
internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

// The table from errors to answers. A row is status, code, sentence and whether to try again; the
// compiler knows every error, so each has its row.

extension Problem {
    /// What a request can fail with before and beside the flow.
    init(_ error: LedgerError) {
        switch error {
        case .malformed(let sentence):
            self.init(.badRequest, "malformed_request", sentence)
        case .invalidFinish(let sentence):
            self.init(.unprocessableContent, "invalid_finish", sentence)
        case .tooLarge:
            self.init(.contentTooLarge, "request_too_large", "The request is too large.")
        case .unsupportedMediaType:
            self.init(
                .unsupportedMediaType,
                "unsupported_media_type",
                "The content type is not one that this call accepts."
            )
        case .unauthenticated:
            self.init(
                .unauthorized,
                "unauthenticated",
                "A valid API key is needed: Authorization: Bearer tl_…"
            )
        case .networkRefused:
            self.init(
                .forbidden,
                "network_refused",
                "The API key may not be used from this address, or not without its client certificate."
            )
        case .insufficientScope(let scope):
            self.init(
                .forbidden,
                "insufficient_scope",
                "The API key lacks the scope \(scope.rawValue)."
            )
        case .rateLimited(let policy): self.init(policy)
        case .originRefused:
            self.init(
                .forbidden,
                "origin_refused",
                "The app does not allow pages of this origin."
            )
        case .notFound:
            self.init(.notFound, "not_found", "There is nothing here.")
        case .methodNotAllowed(let methods):
            self.init(
                .methodNotAllowed,
                "method_not_allowed",
                "This can be asked with other methods only: Allow names them.",
                allow: methods
            )
        case .notConnected:
            self.init(.notFound, "not_connected", "No connected user has this id.")
        case .legalHold: self = .isHeld
        case .notIntegrated: self = .isNotIntegrated
        case .tooManyExports: self = .isTooManyExports
        case .tooManyFollows: self = .isTooManyFollows
        case .tooManyWebhooks: self = .isTooManyWebhooks
        case .tooManyWebhookAsks: self = .isTooManyWebhookAsks
        case .historyDiffers: self = .isOtherHistory
        case .connect(let error): self.init(error)
        case .store(let error): self.init(error)
        case .unexpected: self = .isInternal
        }
    }

    /// Whose calls are too many; when to come again is known to whoever counts them.
    private init(_ policy: CallPolicy) {
        let sentence =
            switch policy {
            case .key: "This API key makes more calls than it may."
            case .address: "This address makes more calls without a valid key than it may."
            case .launch: "This launch gets more calls than one popup makes."
            case .newUsers: "This API key makes more new users than it may; nothing was written."
            }
        self.init(.tooManyRequests, "rate_limited", sentence)
    }

    private static let isHeld = Problem(
        .conflict,
        "legal_hold",
        "A legal hold keeps this user from being erased; nothing was changed."
    )

    private static let isNotIntegrated = Problem(
        .serviceUnavailable,
        "not_integrated",
        "No checkpoint covers this event yet; one is published about every second.",
        retry: .soon
    )

    private static let isTooManyExports = Problem(
        .tooManyRequests,
        "too_many_exports",
        "As many exports are under way as may be; wait for one to end, and ask again.",
        retry: .after(RequestLimits.exportRetryTime)
    )

    private static let isTooManyFollows = Problem(
        .tooManyRequests,
        "too_many_follows",
        "As many follow with this key, or in all, as may; end one, or come again later.",
        retry: .after(RequestLimits.exportRetryTime)
    )

    private static let isTooManyWebhooks = Problem(
        .conflict,
        "too_many_webhooks",
        "The app has \(WebhookLimits.endpointsMax) endpoints, as many as it may; remove one."
    )

    private static let isTooManyWebhookAsks = Problem(
        .conflict,
        "too_many_webhooks",
        """
        \(WebhookLimits.waitingAsksMax) tests and replays of the endpoint wait, as many as may; ask \
        again when some are done.
        """
    )

    private static let isOtherHistory = Problem(
        .conflict,
        "history_differs",
        """
        The log does not have what Last-Event-ID names: it was restored, or another database has \
        taken its place. Ask for what is there, by from_position or after.
        """
    )

    private static let isInternal = Problem(
        .internalServerError,
        "internal",
        "Something is wrong on our side; the request id leads to it."
    )

    /// What a launch or a recovery can fail with.
    init(_ error: ConnectError) {
        switch error {
        case .notConnected: self.init(LedgerError.notConnected)
        case .personUnproven:
            self.init(
                .conflict,
                "person_unproven",
                """
                The provider may know this user already: a finish named a person whom nothing \
                proves to be this user, or came from another session than the launched one. No \
                popup would open. Give the app its App Key, if it has none; else remove the \
                person at the provider. Then launch again.
                """
            )
        case .challengeRequired:
            self.init(
                .unprocessableContent,
                "challenge_required",
                """
                The app demands a session_challenge for each launch: the SHA-256, in base64url, of \
                a verifier that stays in the session for which the popup opens.
                """
            )
        case .tooManyNewUsers: self.init(CallPolicy.newUsers)
        case .personGone:
            self.init(
                .conflict,
                "person_gone",
                "The provider does not know the person any more; a new launch connects anew."
            )
        case .launchNotFound:
            self.init(.notFound, "launch_not_found", "There is no such launch.")
        case .keyReused:
            self.init(
                .unprocessableContent,
                "key_reused",
                "The Idempotency-Key was used for another request."
            )
        case .recoveryRejected:
            self.init(
                .conflict,
                "recovery_rejected",
                "The provider refused to give the public token again."
            )
        case .providerUnavailable(let wait):
            self.init(
                .serviceUnavailable,
                "provider_unavailable",
                "The provider does not answer.",
                retry: wait.map { .after($0) } ?? .soon
            )
        case .userListTooLong:
            self.init(
                .serviceUnavailable,
                "user_list_too_long",
                "The provider's list of users is too long, or too slow, to be read."
            )
        case .personUnclear:
            self.init(
                .conflict,
                "person_unclear",
                "The provider's list of users does not say clearly which person this is."
            )
        case .finish(let error): self.init(error)
        case .store(let error): self.init(error)
        }
    }

    /// What a finish can fail with.
    init(_ error: FinishError) {
        switch error {
        case .userUnproven, .verifierRefused, .launchNotBound, .codeUnknown, .unconfirmed:
            self = Self.unbound(error)
        case .launchConsumed:
            self.init(
                .unprocessableContent,
                "launch_consumed",
                "The launch was finished with another session; make a new one."
            )
        case .abandoned:
            self.init(
                .unprocessableContent,
                "finalize_abandoned",
                "The provider's answer is lost, or newer tokens came before it; make a new launch."
            )
        case .sessionUsed:
            self.init(
                .unprocessableContent,
                "session_used",
                "The session was used for another launch or person."
            )
        case .clientIDMismatch:
            self.init(
                .unprocessableContent,
                "client_id_mismatch",
                "The finish names another app than the launch."
            )
        case .differentPerson:
            self.init(
                .conflict,
                "different_person",
                "The finish is about another person than the launch; nothing was changed."
            )
        // Whoever brings what is held is told how to go on, and not that it failed.
        case .inProgress, .held:
            self.init(
                .conflict,
                "finalize_in_progress",
                "A finish of this user is being worked on.",
                retry: .soon
            )
        case .rejected:
            self.init(
                .unprocessableContent,
                "session_rejected",
                "The provider refused the session; earlier tokens were kept."
            )
        case .unresolved:
            self.init(
                .accepted,
                "finalize_unresolved",
                "The provider's answer is not known; earlier tokens were kept."
            )
        }
    }

    /// What a finish can fail with for want of a binding to the launched user.
    private static func unbound(_ error: FinishError) -> Problem {
        switch error {
        case .userUnproven:
            Problem(
                .conflict,
                "user_unproven",
                """
                The provider's answer names no user, and nothing else says that the person is the \
                launched one; nothing was linked. Launch with a session_challenge, relay the \
                finish with client_user_id, or give the app its App Key.
                """
            )
        case .verifierRefused:
            Problem(
                .forbidden,
                "verifier_refused",
                """
                The launch is bound to a session: session_verifier is missing, or is not that \
                session's. Nothing was exchanged.
                """
            )
        case .launchNotBound:
            Problem(
                .unprocessableContent,
                "launch_not_bound",
                "The launch was made without a session_challenge: there is nothing to confirm."
            )
        case .codeUnknown:
            Problem(
                .unprocessableContent,
                "finish_code_unknown",
                "No finish of this launch was answered with this finish_code."
            )
        default:
            Problem(
                .unprocessableContent,
                "finish_unconfirmed",
                "Nobody confirmed the finish in time; its session is destroyed. Make a new launch."
            )
        }
    }

    /// What the database can fail with.
    init(_ error: StoreError) {
        switch error {
        case .unavailable:
            self.init(
                .serviceUnavailable,
                "database_unavailable",
                "The database does not answer; nothing was written to it.",
                retry: .soon
            )
        case .overloaded:
            self.init(
                .serviceUnavailable,
                "overloaded",
                "Too many requests wait; nothing was written.",
                retry: .soon
            )
        case .outcomeUnknown:
            self.init(
                .serviceUnavailable,
                "outcome_unknown",
                "Whether this was written is not known; repeat it with the same Idempotency-Key.",
                retry: .soon
            )
        case .conflict:
            self.init(.conflict, "conflict", "The user changed meanwhile; try again.", retry: .soon)
        case .erased: self.init(LedgerError.notConnected)
        case .dropped:
            self.init(
                .gone,
                "token_dropped",
                """
                The token was replaced, and its value was dropped since; which it was stands in \
                the user's events, by version and fingerprint.
                """
            )
        case .cold(let place):
            self.init(
                .gone,
                "history_cold",
                """
                \(place.log.kind == .facts ? "Launches among the" : "The") events of \(place.log.ownName) before position \
                \(place.before) are cold history: they were moved out of the database, into the bundle of export \
                \(place.export). Ask from position \(place.before) on.
                """
            )
        case .damaged, .refused, .defect: self = .isInternal
        }
    }

    /// What Hummingbird itself refuses: no route, a body over the limit.
    init(_ error: any HTTPResponseError) {
        switch error.status {
        case .notFound: self.init(LedgerError.notFound)
        case .contentTooLarge: self.init(LedgerError.tooLarge)
        case .badRequest: self.init(LedgerError.malformed("The request is malformed."))
        default: self.init(error.status, "refused", "The request was refused.")
        }
    }
}

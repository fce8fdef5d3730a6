internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import Vault
internal import Wire

/// An error as the caller sees it: RFC 9457 `application/problem+json` with a stable `code`.
struct Problem: Sendable, Equatable {
    let status: HTTPResponse.Status
    /// Stable; programs switch on it.
    let code: String
    /// One sentence for people; never holds a value of the request.
    let detail: String
    var retryAfterSeconds: Int?

    init(
        _ status: HTTPResponse.Status,
        _ code: String,
        _ detail: String,
        retryAfter: Int? = nil
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        retryAfterSeconds = retryAfter
    }

    func response(requestID: String) -> Response {
        var writer = JSONWriter()
        writer.open()
        writer.member("type", "urn:token-ledger:problem:" + code)
        writer.member("title", status.reasonPhrase)
        writer.member("status", Int64(status.code))
        writer.member("code", code)
        writer.member("detail", detail)
        writer.member("request_id", requestID)
        writer.close()
        var headers: HTTPFields = [.contentType: "application/problem+json"]
        if let retryAfterSeconds { headers[.retryAfter] = "\(retryAfterSeconds)" }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: writer.bytes))
        )
    }
}

extension Problem {
    /// The one table from errors to answers.
    init(_ error: LedgerError) {
        switch error {
        case .malformed(let detail):
            self.init(.badRequest, "malformed_request", detail)
        case .invalidFinish(let detail):
            self.init(.unprocessableContent, "invalid_finish", detail)
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
        case .insufficientScope(let scope):
            self.init(
                .forbidden,
                "insufficient_scope",
                "The API key lacks the scope \(scope.rawValue)."
            )
        case .originRefused:
            self.init(
                .forbidden,
                "origin_refused",
                "The app does not allow pages of this origin."
            )
        case .notFound:
            self.init(.notFound, "not_found", "There is nothing here.")
        case .notConnected:
            self.init(.notFound, "not_connected", "No connected user has this id.")
        case .launchNotFound, .launchExpired, .launchConsumed, .sessionUsed, .clientIDMismatch,
            .differentPerson, .finalizeInProgress, .sessionRejected, .finalizeUnresolved:
            self.init(finish: error)
        case .keyReused:
            self.init(
                .unprocessableContent,
                "key_reused",
                "The Idempotency-Key was used for another request."
            )
        case .recoveryRejected, .providerUnavailable, .notIntegrated, .historyMismatch:
            self.init(notNow: error)
        case .store(let error): self.init(error)
        }
    }

    /// The part of the table that is about what cannot be had now.
    private init(notNow error: LedgerError) {
        let retry = RequestLimits.retryAfterSeconds
        switch error {
        case .recoveryRejected:
            self.init(
                .conflict,
                "recovery_rejected",
                "The provider refused to give the public token again."
            )
        case .providerUnavailable:
            self.init(
                .serviceUnavailable,
                "provider_unavailable",
                "The provider does not answer.",
                retryAfter: retry
            )
        case .notIntegrated:
            self.init(
                .serviceUnavailable,
                "not_integrated",
                "No checkpoint covers this event yet; one is published about every second.",
                retryAfter: retry
            )
        case .historyMismatch(let alarm):
            self.init(
                .serviceUnavailable,
                "history_mismatch",
                "Nothing is signed any more: \(alarm)."
            )
        default: preconditionFailure("not an error of this part")
        }
    }

    /// The part of the table that is about launches and finishes.
    private init(finish error: LedgerError) {
        switch error {
        case .launchNotFound:
            self.init(.notFound, "launch_not_found", "There is no such launch.")
        case .launchExpired:
            self.init(
                .unprocessableContent,
                "launch_expired",
                "The launch has expired; make a new one."
            )
        case .launchConsumed:
            self.init(
                .unprocessableContent,
                "launch_consumed",
                "The launch was finished with another session; make a new one."
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
        case .finalizeInProgress:
            self.init(
                .conflict,
                "finalize_in_progress",
                "The same finish is being worked on.",
                retryAfter: RequestLimits.retryAfterSeconds
            )
        case .sessionRejected:
            self.init(
                .unprocessableContent,
                "session_rejected",
                "The provider refused the session; earlier tokens were kept."
            )
        case .finalizeUnresolved:
            self.init(
                .accepted,
                "finalize_unresolved",
                "The provider's answer is not known; earlier tokens were kept."
            )
        default: preconditionFailure("not an error of a launch or finish")
        }
    }

    private init(_ error: StoreError) {
        let retry = RequestLimits.retryAfterSeconds
        switch error {
        case .unavailable:
            self.init(
                .serviceUnavailable,
                "database_unavailable",
                "The database does not answer; nothing was written.",
                retryAfter: retry
            )
        case .overloaded:
            self.init(
                .serviceUnavailable,
                "overloaded",
                "Too many requests wait; nothing was written.",
                retryAfter: retry
            )
        case .outcomeUnknown:
            self.init(
                .serviceUnavailable,
                "outcome_unknown",
                "Whether this was written is not known; repeat it with the same Idempotency-Key.",
                retryAfter: retry
            )
        case .conflict:
            self.init(
                .conflict,
                "conflict",
                "The user changed meanwhile; try again.",
                retryAfter: retry
            )
        case .damaged, .refused:
            self.init(
                .internalServerError,
                "internal",
                "Something is wrong on our side; the request id leads to it."
            )
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

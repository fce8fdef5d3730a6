import HTTPTypes
package import Hummingbird
import NIOCore
package import Wire

/// A refusal as the sandbox words it: `{code, message, detailedMessage}`, the shape documented
/// for the popup's `error()` (docs/provider.md#unknown-1; codes and texts are ours).
package struct SandboxRefusal: Error, Sendable, Equatable {
    package let status: HTTPResponse.Status
    package let code: String
    package let message: String
    package let detailedMessage: String

    /// The body sent with it.
    package var json: JSONValue {
        [
            "code": .string(code), "message": .string(message),
            "detailedMessage": .string(detailedMessage),
        ]
    }

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String, _ detail: String) {
        self.status = status
        self.code = code
        self.message = message
        self.detailedMessage = detail
    }

    static func missing(_ name: String) -> SandboxRefusal {
        SandboxRefusal(
            .badRequest,
            "missing_parameter",
            "A parameter is missing",
            "\(name) is required."
        )
    }

    static func invalid(_ detail: String) -> SandboxRefusal {
        SandboxRefusal(.badRequest, "invalid_request", "The request is invalid", detail + ".")
    }

    static let unknownClient = SandboxRefusal(
        .unauthorized,
        "invalid_client",
        "Unknown client",
        "There is no app with this clientId, or the secret is not the app's."
    )
    static let unknownHuman = SandboxRefusal(
        .notFound,
        "unknown_human",
        "Unknown user",
        "This app has no user with this humanId."
    )
    static let notFound = SandboxRefusal(
        .notFound,
        "not_found",
        "Not found",
        "The sandbox has nothing under this path."
    )
    static let deadSession = SandboxRefusal(
        .preconditionFailed,
        "session_over",
        "The session is over",
        "The session was not finished, was closed, was used up, or is not known."
    )
    static let userExists = SandboxRefusal(
        .conflict,
        "user_already_exists",
        "User Already Exists",
        "This user has connected before: open the popup with the user's current publicToken."
    )
    static let stalePublicToken = SandboxRefusal(
        .conflict,
        "invalid_public_token",
        "The publicToken is not valid",
        "It is not this app's, or it was replaced when a source was connected."
    )
    static let foreignPublicToken = SandboxRefusal(
        .conflict,
        "public_token_mismatch",
        "The publicToken is another user's",
        "It does not belong to this clientUserId."
    )
    static let popupError = SandboxRefusal(
        .internalServerError,
        "sandbox_popup_error",
        "The popup cannot be loaded",
        "This user asked for the behaviour sandbox_popup_error."
    )
    static let denied = SandboxRefusal(
        .unauthorized,
        "sandbox_denied",
        "The exchange is denied",
        "This user asked for the behaviour sandbox_denied."
    )
    static let failedOnPurpose = SandboxRefusal(
        .internalServerError,
        "sandbox_failure",
        "The sandbox fails on purpose",
        "This user asked for a behaviour that answers 500."
    )
}

extension SandboxRefusal: HTTPResponseError {
    package func response(from request: Request, context: some RequestContext) -> Response {
        Response(json, status: status)
    }
}

extension Response {
    /// A JSON answer that nobody may keep.
    init(_ json: JSONValue, status: HTTPResponse.Status = .ok) {
        self.init(
            status: status,
            headers: [.contentType: "application/json; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.encoded))
        )
    }
}

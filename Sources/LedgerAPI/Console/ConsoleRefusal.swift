internal import HTTPTypes
internal import Hummingbird

/// Why the console does not do what somebody asks for, where the API has no such reason.
enum ConsoleRefusal: Error {
    /// The request was not sent by a page of this console, or nothing says that it was.
    case foreignPage
    /// The browser does not say what sent the request, as none does without TLS to another machine.
    case unsaidOrigin
    /// The form is of another session.
    case foreignForm
    /// The app does not keep who looked, so nobody may.
    case notRecorded

    /// Also what the page says at which somebody would sign in in vain.
    static let unsaid =
        "Your browser does not say which page it sends forms from, and without that nobody can sign in."
        + " Reach the console over https or at localhost."

    /// As it is shown.
    var problem: Problem {
        switch self {
        case .foreignPage:
            Problem(
                .forbidden,
                "origin_refused",
                "This was not sent by a page of the console. Nothing was done."
            )
        case .unsaidOrigin:
            Problem(.forbidden, "origin_refused", Self.unsaid + " Nothing was done.")
        case .foreignForm:
            Problem(
                .forbidden,
                "form_refused",
                "The form is of another session. Nothing was done; load the page again."
            )
        case .notRecorded:
            Problem(
                .conflict,
                "access_not_recorded",
                "This app does not keep in full who reads what, so no token is shown here."
            )
        }
    }
}

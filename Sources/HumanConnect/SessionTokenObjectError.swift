/// Why a body is no sessionTokenObject.
///
/// No case carries anything of the body but a field's name.
package enum SessionTokenObjectError: Error, Equatable, CustomStringConvertible {
    case unsupportedContentType
    /// Longer than `SessionTokenObject.bodyBytesMax`.
    case tooLarge
    case malformed
    /// JSON nested deeper than `SessionTokenObject.depthMax`.
    case tooDeep
    case missingField(String)
    /// Empty, too long, not a string, with control characters, or given more than once.
    case invalidField(String)

    /// A sentence that is safe to show.
    package var description: String {
        switch self {
        case .unsupportedContentType:
            "The content type must be JSON or a form."
        case .tooLarge: "The body is too large."
        case .malformed: "The body is malformed."
        case .tooDeep: "The body is nested too deeply."
        case .missingField(let name): "The field \(name) is missing."
        case .invalidField(let name): "The field \(name) is invalid."
        }
    }
}

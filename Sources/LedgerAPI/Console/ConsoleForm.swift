internal import HTTPTypes
internal import Hummingbird
internal import Wire

/// A form that a page of the console sent: every field known, none twice.
struct ConsoleForm {
    /// What every form of a session holds, so that no other page can send one.
    static let tokenField = "form"

    /// The fields but for that one.
    let fields: [FormFields.Field]
    /// What stands in that one.
    let token: String

    /// Reads the body.
    init(_ request: Request, keys: Set<String>) async throws(LedgerError) {
        let type = request.headers[.contentType] ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            throw .unsupportedMediaType
        }
        let bytes = try await request.bytes(upTo: RequestLimits.bodyBytesMax)
        guard let form = try? FormFields(bytes) else {
            throw .malformed("The form is not percent-encoded UTF-8.")
        }
        for field in form.fields {
            guard keys.contains(field.name) || field.name == Self.tokenField else {
                throw .malformed("The form has a field that is not known.")
            }
            guard form.values(named: field.name).count == 1 else {
                throw .malformed("The field \(field.name) stands in the form twice.")
            }
        }
        fields = form.fields.filter { $0.name != Self.tokenField }
        token = form[Self.tokenField] ?? ""
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

extension Request {
    /// Whether a page of this very service sent it, as the browser says, which pages cannot make it say.
    ///
    /// Every browser of today says so to whoever is reached over TLS or on this machine. Our pages send
    /// no referrer, so that the older `Origin` would say nothing.
    var isFromOwnPage: Bool { headers[.secFetchSite] == "same-origin" }

    /// Whether nothing says so, nor the contrary.
    var isFromUnsaidPage: Bool { headers[.secFetchSite] == nil }

    /// Whether somebody came by a link from another site: without the session's cookie, then.
    var isFromOtherSite: Bool { ["cross-site", "same-site"].contains(headers[.secFetchSite]) }
}

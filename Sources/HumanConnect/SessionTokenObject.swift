package import Ledger
internal import Wire

/// What the popup hands to `finish` (docs/provider.md#the-sessiontokenobject).
///
/// Untrusted: any frame can forge one.
package struct SessionTokenObject: Sendable, Equatable {
    /// Real ones have about 200 bytes; the rest is room for extra keys of an app's own.
    package static let bodyBytesMax = 16_384
    /// Real fields have at most 40 bytes; tokens of other generations are a few hundred long.
    package static let fieldBytesMax = 4_096
    /// Real bodies have at most two levels; the parser recurses, so there is a bound.
    package static let depthMax = 16

    package let humanID: Secret
    package let clientID: String
    package let sessionToken: Secret
    /// The provider's internal user id, which real popups add and documents do not mention.
    package let userID: String?
    /// Our own optional key `client_user_id`: a relaying backend names its own session's user
    /// with it, so that the finish can be bound to that user.
    package let clientUserID: String?
    /// Our own optional key `session_verifier`: a relaying backend shows with it that the finish
    /// belongs to the session that the launch is bound to.
    package let sessionVerifier: Secret?

    /// An object from its parts, not checked.
    package init(
        humanID: Secret,
        clientID: String,
        sessionToken: Secret,
        userID: String? = nil,
        clientUserID: String? = nil,
        sessionVerifier: Secret? = nil
    ) {
        self.humanID = humanID
        self.clientID = clientID
        self.sessionToken = sessionToken
        self.userID = userID
        self.clientUserID = clientUserID
        self.sessionVerifier = sessionVerifier
    }

    /// Reads every body known to be sent (docs/provider.md#finish-bodies): JSON or form, flat or
    /// nested, also what `fetch` sends when no content type is set.
    ///
    /// Nested means the form fields `anyName[humanId]`, or in JSON an object under
    /// `sessionTokenObject`. Other keys are tolerated. Without a content type the first
    /// character decides.
    ///
    /// - Parameters:
    ///   - body: the request's body.
    ///   - contentType: the header's value, if there was one.
    /// - Throws: `SessionTokenObjectError`
    package init(body: [UInt8], contentType: String?) throws(SessionTokenObjectError) {
        guard body.count <= Self.bodyBytesMax else { throw .tooLarge }
        let found = try Self.fields(
            body,
            try BodyFormat(contentType: contentType, body: body)
        )
        self.init(
            humanID: Secret(try Self.required("humanId", in: found)),
            clientID: try Self.required("clientId", in: found),
            sessionToken: Secret(try Self.required("sessionToken", in: found)),
            userID: try Self.optional("userId", in: found),
            clientUserID: try Self.optional("client_user_id", in: found),
            sessionVerifier: try Self.optional("session_verifier", in: found).map { Secret($0) }
        )
    }

    private static func fields(
        _ body: [UInt8],
        _ format: BodyFormat
    ) throws(SessionTokenObjectError) -> [JSONValue.Member] {
        switch format {
        case .json: try jsonFields(body)
        case .form: try formFields { () throws(FormFields.Malformed) in try FormFields(body) }
        case .multipart(let boundary):
            try formFields { () throws(FormFields.Malformed) in
                try FormFields(multipart: body, boundary: boundary)
            }
        case .text: try fields(body, BodyFormat.guess(body))
        }
    }

    private static func jsonFields(
        _ body: [UInt8]
    ) throws(SessionTokenObjectError) -> [JSONValue.Member] {
        let value: JSONValue
        do {
            value = try JSONParser.parse(body, depthMax: depthMax)
        } catch {
            throw error == .tooDeep ? .tooDeep : .malformed
        }
        guard let members = value.members else { throw .malformed }
        let nested = value.values(named: "sessionTokenObject").flatMap { $0.members ?? [] }
        return members + nested
    }

    private static func formFields(
        _ read: () throws(FormFields.Malformed) -> FormFields
    ) throws(SessionTokenObjectError) -> [JSONValue.Member] {
        guard let form = try? read() else { throw .malformed }
        return form.fields.map { field in
            JSONValue.Member(innerName(field.name), .string(field.value))
        }
    }

    /// `humanId` for `sessionTokenObject[humanId]`, whatever the outer name.
    private static func innerName(_ name: String) -> String {
        guard name.hasSuffix("]"), let open = name.firstIndex(of: "["), open > name.startIndex
        else { return name }
        return String(name[name.index(after: open)...].dropLast())
    }

    private static func required(
        _ name: String,
        in fields: [JSONValue.Member]
    ) throws(SessionTokenObjectError) -> String {
        let values = fields.filter { $0.name == name }.map(\.value)
        guard let first = values.first else { throw .missingField(name) }
        guard values.count == 1, let text = first.text, isPlain(text) else {
            throw .invalidField(name)
        }
        return text
    }

    /// A `null` counts as absent, anything else must be as good as a required field.
    private static func optional(
        _ name: String,
        in fields: [JSONValue.Member]
    ) throws(SessionTokenObjectError) -> String? {
        guard fields.contains(where: { $0.name == name && $0.value != .null }) else { return nil }
        return try required(name, in: fields)
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= fieldBytesMax && !text.hasControlCharacter
    }
}

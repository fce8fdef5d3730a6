internal import Wire

/// What a page posted to its backend, as it is forwarded.
///
/// What the page says of a user or a verifier of a session is taken out: only the backend knows them,
/// and a page that could name them would prove what it likes (docs/integrator.md#the-finish-belongs-to-a-session).
struct RelayedFinish {
    let body: [UInt8]
    let contentType: String

    /// The names that only a backend may say.
    private static let own: Set = ["client_user_id", "session_verifier"]
    private static let depthMax = 8

    init(
        _ body: [UInt8],
        contentType: String?,
        clientUserID: String?,
        verifier: SecretValue?
    ) throws(LedgerClientError) {
        var said: [(name: String, value: String)] = []
        if let clientUserID { said.append(("client_user_id", clientUserID)) }
        if let verifier { said.append(("session_verifier", verifier.exposed)) }
        switch Self.kind(contentType, body) {
        case "application/json", "text/json":
            self.body = try Self.json(body, said)
            self.contentType = "application/json"
        case "application/x-www-form-urlencoded":
            guard let form = try? FormFields(body) else { throw .malformedFinish }
            self.body = Self.form(form, said)
            self.contentType = "application/x-www-form-urlencoded"
        case "multipart/form-data":
            guard let boundary = Self.boundary(contentType ?? ""),
                let form = try? FormFields(multipart: body, boundary: boundary)
            else { throw .malformedFinish }
            self.body = Self.form(form, said)
            self.contentType = "application/x-www-form-urlencoded"
        default: throw .malformedFinish
        }
    }

    /// The media type; of what has none, or is a text, the first character tells.
    private static func kind(_ contentType: String?, _ body: [UInt8]) -> String {
        let type = (contentType ?? "").split(separator: ";").first.map { type in
            type.filter { $0 != " " && $0 != "\t" }.lowercased()
        }
        guard let type, type != "text/plain" else {
            let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            let isJSON = first == UInt8(ascii: "{")
            return isJSON ? "application/json" : "application/x-www-form-urlencoded"
        }
        return type
    }

    private static func boundary(_ contentType: String) -> String? {
        contentType.split(separator: ";").dropFirst().lazy.compactMap { part -> String? in
            let text = part.filter { $0 != " " && $0 != "\t" && $0 != "\"" }
            guard text.lowercased().hasPrefix("boundary=") else { return nil }
            return String(text.dropFirst("boundary=".count))
        }.first
    }

    private static func json(
        _ body: [UInt8],
        _ said: [(name: String, value: String)]
    ) throws(LedgerClientError) -> [UInt8] {
        guard let value = try? JSONParser.parse(body, depthMax: depthMax),
            let members = value.members
        else { throw .malformedFinish }
        var kept = foreign(members).map { member in
            guard member.name == "sessionTokenObject", let inner = member.value.members else {
                return member
            }
            return JSONValue.Member(member.name, .object(foreign(inner)))
        }
        for (name, value) in said { kept.append(JSONValue.Member(name, .string(value))) }
        return JSONValue.object(kept).encoded
    }

    private static func foreign(_ members: [JSONValue.Member]) -> [JSONValue.Member] {
        members.filter { !own.contains($0.name) }
    }

    /// In a form, any outer name may stand around a field's own.
    private static func form(
        _ form: FormFields,
        _ said: [(name: String, value: String)]
    ) -> [UInt8] {
        let kept = form.fields.filter { field in
            !own.contains { field.name == $0 || field.name.hasSuffix("[\($0)]") }
        }.map { (name: $0.name, value: $0.value) }
        let pairs = (kept + said).map { field in
            PercentCoding.encode(field.name, keeping: .unreserved) + "="
                + PercentCoding.encode(field.value, keeping: .unreserved)
        }
        return Array(pairs.joined(separator: "&").utf8)
    }
}

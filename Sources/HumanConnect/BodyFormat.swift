/// How a body is written: as its content type says, or by its first character when it has none.
package enum BodyFormat: Sendable, Equatable {
    case json
    case form
    /// A form whose fields stand between lines with a boundary.
    case multipart(boundary: String)
    /// What a page sends when it says nothing of the kind of its text.
    case text

    /// - Parameters:
    ///   - contentType: the header's value; parameters after `;` may name UTF-8 only.
    ///   - body: looked at only when there is no content type.
    /// - Throws: `unsupportedContentType`
    package init(contentType: String?, body: [UInt8]) throws(SessionTokenObjectError) {
        // What nearly everybody sends.
        if contentType == "application/json" {
            self = .json
            return
        }
        let parameters = (contentType ?? "").split(separator: ";").map { part in
            String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" })
        }
        let parts = parameters.map { $0.lowercased() }
        for charset in parts.dropFirst() where charset.hasPrefix("charset=") {
            guard ["charset=utf-8", "charset=utf8", "charset=us-ascii"].contains(charset) else {
                throw .unsupportedContentType
            }
        }
        switch parts.first {
        case "application/json", "text/json": self = .json
        case "application/x-www-form-urlencoded": self = .form
        case "text/plain": self = .text
        case "multipart/form-data":
            let name = "boundary="
            guard let parameter = parameters.first(where: { $0.lowercased().hasPrefix(name) }),
                parameter.utf8.count > name.utf8.count
            else { throw .unsupportedContentType }
            self = .multipart(boundary: String(parameter.dropFirst(name.count)))
        case nil, "": self = Self.guess(body)
        default: throw .unsupportedContentType
        }
    }

    /// What a body is by its first character, JSON or a form.
    static func guess(_ body: [UInt8]) -> BodyFormat {
        let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        return first == UInt8(ascii: "{") ? .json : .form
    }
}

/// How a body is written: as its content type says, or by its first character when it has none.
package enum BodyFormat: Sendable {
    case json
    case form

    /// - Parameters:
    ///   - contentType: the header's value; parameters after `;` may name UTF-8 only.
    ///   - body: looked at only when there is no content type.
    /// - Throws: `unsupportedContentType`
    package init(contentType: String?, body: [UInt8]) throws(SessionTokenObjectError) {
        let parts = (contentType ?? "").lowercased().split(separator: ";").map { part in
            String(part.filter { $0 != " " && $0 != "\t" && $0 != "\"" })
        }
        for charset in parts.dropFirst() where charset.hasPrefix("charset=") {
            guard ["charset=utf-8", "charset=utf8", "charset=us-ascii"].contains(charset) else {
                throw .unsupportedContentType
            }
        }
        switch parts.first {
        case "application/json", "text/json": self = .json
        case "application/x-www-form-urlencoded": self = .form
        case nil, "":
            let first = body.first { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
            self = first == UInt8(ascii: "{") ? .json : .form
        default: throw .unsupportedContentType
        }
    }
}

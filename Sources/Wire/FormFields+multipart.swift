extension FormFields {
    /// Reads `multipart/form-data` (RFC 7578) as browsers write it: fields of text, no files.
    ///
    /// - Parameters:
    ///   - bytes: the body.
    ///   - boundary: what the content type names.
    /// - Throws: `Malformed`
    package init(multipart bytes: [UInt8], boundary: String) throws(Malformed) {
        let delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary stands at the start of a line, too.
        var rest = (Array("\r\n".utf8) + bytes)[...]
        guard rest.take(delimiter) else { throw Malformed() }
        var fields: [Field] = []
        while !rest.take(Array("--".utf8)) {
            guard rest.take(Array("\r\n".utf8)),
                let head = rest.takeUpTo(Array("\r\n\r\n".utf8)),
                let value = rest.takeUpTo(delimiter),
                let text = String(validating: value, as: UTF8.self),
                let name = Self.name(head)
            else { throw Malformed() }
            fields.append(Field(name: name, value: text))
        }
        self.init(fields: fields)
    }

    /// The name of a part; nil where the part is a file, or no field of a form.
    private static func name(_ head: ArraySlice<UInt8>) -> String? {
        let start = "content-disposition: form-data; name=\""
        for line in String(decoding: head, as: UTF8.self).split(separator: "\r\n") {
            guard line.lowercased().hasPrefix(start), line.hasSuffix("\"") else { continue }
            let name = line.dropFirst(start.count).dropLast()
            // Browsers escape a quotation mark, so one that stands here ends the name.
            return name.contains("\"") ? nil : String(name)
        }
        return nil
    }
}

extension ArraySlice<UInt8> {
    /// Takes these bytes away if they come next.
    fileprivate mutating func take(_ expected: [UInt8]) -> Bool {
        guard starts(with: expected) else { return false }
        removeFirst(expected.count)
        return true
    }

    /// Takes all bytes before a mark, and the mark; nil where it does not follow.
    fileprivate mutating func takeUpTo(_ mark: [UInt8]) -> ArraySlice<UInt8>? {
        guard let range = firstRange(of: mark) else { return nil }
        defer { self = self[range.upperBound...] }
        return self[..<range.lowerBound]
    }
}

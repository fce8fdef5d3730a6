extension Migration {
    /// Its statements one by one, each with the comments before it.
    ///
    /// For a cluster of which one server passes the text of a statement on to the others as it came, with all
    /// that was sent beside it. Knows what the files of this folder use: strings, quoted names, comments of a
    /// line, and bodies between `$$`.
    public var statements: [String] {
        let bytes = Array(text.utf8)
        var statements: [String] = []
        var start = 0
        var place = 0
        while place < bytes.count {
            switch bytes[place] {
            case Self.semicolon:
                let statement = String(decoding: bytes[start...place], as: UTF8.self)
                statements.append(statement)
                start = place + 1
            case Self.quote, Self.nameQuote:
                place = Self.next([bytes[place]], in: bytes, after: place + 1)
            case Self.dash where Self.has(Self.comment, in: bytes, at: place):
                place = Self.next([Self.newline], in: bytes, after: place)
            case Self.dollar where Self.has(Self.body, in: bytes, at: place):
                place = Self.next(Self.body, in: bytes, after: place + Self.body.count) + 1
            default: break
            }
            place += 1
        }
        return statements
    }

    private static let semicolon = UInt8(ascii: ";")
    private static let quote = UInt8(ascii: "'")
    private static let nameQuote = UInt8(ascii: "\"")
    private static let dash = UInt8(ascii: "-")
    private static let newline = UInt8(ascii: "\n")
    private static let dollar = UInt8(ascii: "$")
    private static let comment = Array("--".utf8)
    private static let body = Array("$$".utf8)

    /// Where such bytes come next; the end where they do not come any more.
    private static func next(_ wanted: [UInt8], in bytes: [UInt8], after start: Int) -> Int {
        var place = start
        while place < bytes.count, !has(wanted, in: bytes, at: place) { place += 1 }
        return place
    }

    private static func has(_ wanted: [UInt8], in bytes: [UInt8], at place: Int) -> Bool {
        bytes[place...].starts(with: wanted)
    }
}

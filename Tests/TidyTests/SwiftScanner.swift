/// Splits Swift source into tokens.
///
/// It knows string literals (several lines, raw, interpolated), nested comments and regex
/// literals, so that a brace or a word inside of them is not taken for code. It is no parser: it
/// accepts everything, and the compiler judges.
struct SwiftScanner {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var tokens: [SwiftToken] = []

    static func tokens(of text: String) -> [SwiftToken] {
        var scanner = SwiftScanner(bytes: Array(text.utf8))
        scanner.scanCode(untilParenthesis: false)
        return scanner.tokens
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Code up to the end, or up to the parenthesis that ends an interpolation.
    private mutating func scanCode(untilParenthesis: Bool) {
        var depth = 0
        while let byte = peek() {
            let next = peek(1)
            switch byte {
            case UInt8(ascii: "\n"), UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                advance()
            case UInt8(ascii: "/") where next == UInt8(ascii: "/"):
                scanLineComment()
            case UInt8(ascii: "/") where next == UInt8(ascii: "*"):
                scanBlockComment()
            case UInt8(ascii: "/") where regexMayBegin:
                scanRegex(hashes: 0)
            case UInt8(ascii: "\""):
                scanString(hashes: 0)
            case UInt8(ascii: "#"):
                scanAfterHash()
            case _ where Self.isWord(byte):
                scanWord()
            default:
                if byte == UInt8(ascii: "(") { depth += 1 }
                if byte == UInt8(ascii: ")") {
                    if untilParenthesis && depth == 0 {
                        advance()
                        return
                    }
                    depth -= 1
                }
                append(.mark, from: index, to: index + 1, line: line)
                advance()
            }
        }
    }

    private mutating func scanLineComment() {
        let start = index
        while let byte = peek(), byte != UInt8(ascii: "\n") { advance() }
        append(.comment, from: start, to: index, line: line)
    }

    private mutating func scanBlockComment() {
        let (start, startLine) = (index, line)
        var depth = 0
        repeat {
            if starts(with: "/*") {
                depth += 1
                advance(2)
            } else if starts(with: "*/") {
                depth -= 1
                advance(2)
            } else {
                advance()
            }
        } while depth > 0 && peek() != nil
        append(.comment, from: start, to: index, line: startLine)
    }

    private mutating func scanWord() {
        let start = index
        while let byte = peek(), Self.isWord(byte) { advance() }
        // `try!` is one word: after a space the mark would negate what follows.
        if bytes[start..<index].elementsEqual("try".utf8), peek() == UInt8(ascii: "!") { advance() }
        append(.word, from: start, to: index, line: line)
    }

    /// A raw string, an extended regex, or a directive such as `#if`.
    private mutating func scanAfterHash() {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        switch peek(hashes) {
        case UInt8(ascii: "\""):
            advance(hashes)
            scanString(hashes: hashes)
        case UInt8(ascii: "/"):
            advance(hashes)
            scanRegex(hashes: hashes)
        default:
            append(.mark, from: index, to: index + 1, line: line)
            advance()
        }
    }

    private mutating func scanString(hashes: Int) {
        let startLine = line
        let quotes = starts(with: "\"\"\"") ? 3 : 1
        let ending = Array(repeating: UInt8(ascii: "\""), count: quotes) + Self.hashes(hashes)
        let escape = [UInt8(ascii: "\\")] + Self.hashes(hashes)
        advance(quotes)
        var content: [UInt8] = []
        var inside: [SwiftToken] = []
        while let byte = peek(), !starts(with: ending) {
            guard starts(with: escape) else {
                content.append(byte)
                advance()
                continue
            }
            advance(escape.count)
            if peek() == UInt8(ascii: "(") {
                advance()
                let outer = tokens
                tokens = []
                scanCode(untilParenthesis: true)
                inside += tokens
                tokens = outer
                content += Array("\\()".utf8)
            } else {
                // A line break more often than not; between words it must not join them.
                content.append(UInt8(ascii: " "))
                advance()
            }
        }
        advance(ending.count)
        tokens.append(
            SwiftToken(
                kind: .literal,
                text: String(decoding: content, as: UTF8.self),
                line: startLine
            )
        )
        tokens += inside
    }

    private mutating func scanRegex(hashes: Int) {
        let (start, startLine) = (index, line)
        let ending = [UInt8(ascii: "/")] + Self.hashes(hashes)
        advance()
        while let byte = peek(), !starts(with: ending) {
            if hashes == 0 && byte == UInt8(ascii: "\n") { break }
            advance(byte == UInt8(ascii: "\\") ? 2 : 1)
        }
        advance(ending.count)
        append(.mark, from: start, to: start + 1, line: startLine)
    }

    /// A slash divides when it follows an operand, or when a space follows it.
    private var regexMayBegin: Bool {
        guard let next = peek(1), next != UInt8(ascii: " "), next != UInt8(ascii: "\n") else {
            return false
        }
        guard let last = tokens.last(where: { $0.kind != .comment }) else { return true }
        return last.kind == .mark && !")]}?!".contains(last.text)
    }

    private func peek(_ offset: Int = 0) -> UInt8? {
        index + offset < bytes.count ? bytes[index + offset] : nil
    }

    private func starts(with text: String) -> Bool { starts(with: Array(text.utf8)) }

    private func starts(with expected: [UInt8]) -> Bool {
        for offset in expected.indices where peek(offset) != expected[offset] { return false }
        return true
    }

    private mutating func advance(_ count: Int = 1) {
        for _ in 0..<count {
            if peek() == UInt8(ascii: "\n") { line += 1 }
            index += 1
        }
    }

    private mutating func append(_ kind: SwiftToken.Kind, from: Int, to: Int, line: Int) {
        let text = String(decoding: bytes[from..<min(to, bytes.count)], as: UTF8.self)
        tokens.append(SwiftToken(kind: kind, text: text, line: line))
    }

    private static func hashes(_ count: Int) -> [UInt8] {
        Array(repeating: UInt8(ascii: "#"), count: count)
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"), 0x80...:
            true
        default:
            false
        }
    }
}

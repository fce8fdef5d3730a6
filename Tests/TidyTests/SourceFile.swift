/// A file of the project: its path from the top, and what stands in it.
struct SourceFile {
    let path: String
    let text: String
    /// Swift's tokens without comments; none for other files.
    let code: [SwiftToken]
    /// Swift's comments; none for other files.
    let comments: [SwiftToken]

    init(_ path: String, _ text: String) {
        self.path = path
        self.text = text
        let tokens = path.hasSuffix(".swift") ? SwiftScanner.tokens(of: text) : []
        code = tokens.filter { $0.kind != .comment }
        comments = tokens.filter { $0.kind == .comment }
    }

    var isSwift: Bool { path.hasSuffix(".swift") }

    var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }

    func stands(in folders: String...) -> Bool {
        folders.contains { path.hasPrefix($0) }
    }

    /// A violation at a line of this file.
    func violation(_ line: Int, _ message: String) -> Violation {
        Violation(path: path, line: line, message: message)
    }

    /// The positions in `code` at which these words and marks stand one after the other.
    func occurrences(of pattern: String...) -> [Int] {
        code.indices.filter { start in
            start + pattern.count <= code.count
                && pattern.indices.allSatisfy { offset in
                    let token = code[start + offset]
                    return token.kind != .literal && token.text == pattern[offset]
                }
        }
    }

    /// The modules that it imports, each with the line where it does.
    var imports: [(module: String, line: Int)] {
        let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
        return occurrences(of: "import").compactMap { index in
            guard !follows(".", at: index), !follows("`", at: index) else { return nil }
            var name = index + 1
            if name < code.count, kinds.contains(code[name].text) { name += 1 }
            return name < code.count ? (code[name].text, code[index].line) : nil
        }
    }

    /// Whether the token before a position is that one.
    func follows(_ text: String, at index: Int) -> Bool {
        index > 0 && code[index - 1].kind != .literal && code[index - 1].text == text
    }

    /// The position after the bracket that closes the one at `index`; the end if none does.
    func end(ofBracketAt index: Int, open: String, close: String) -> Int {
        var depth = 0
        for position in index..<code.count where code[position].kind == .mark {
            if code[position].text == open { depth += 1 }
            if code[position].text == close { depth -= 1 }
            if depth == 0 { return position + 1 }
        }
        return code.count
    }
}

/// Finds names that are declared and never used.
///
/// It goes by spelling alone: a name that two declarations share counts as used when one of them
/// is. So it misses some dead code, and what it finds is dead, or somebody else calls it.
struct UnusedNames {
    private struct Declaration {
        let name: String
        /// Where the name stands among the tokens of the file.
        let index: Int
    }

    private static let keywords: Set = [
        "actor", "case", "class", "enum", "func", "let", "protocol", "struct", "typealias", "var",
    ]

    /// What others build upon: its public names, and the cases of its enums, are for them.
    private static let library = "Sources/TokenLedgerClient/"

    /// By the program or by tests.
    private var used: Set<String> = []
    private var usedByProgram: Set<String> = []
    private var declared: [(name: String, path: String, line: Int)] = []

    /// Looks at the program's files for what is declared, and at all files for what is used.
    ///
    /// `exceptions` are names that others use, each with the reason.
    static func find(in files: [SourceFile], exceptions: [String: String]) -> [Violation] {
        var found = UnusedNames()
        for file in files where file.isSwift { found.look(at: file) }
        return found.violations(exceptions)
    }

    private mutating func look(at file: SourceFile) {
        let isProgram = file.stands(in: "Sources/", "Schema/")
        let declarations = Self.declarations(in: file)
        let places = Set(declarations.map(\.index))
        for index in file.code.indices
        where file.code[index].kind == .word && !places.contains(index) {
            used.insert(file.code[index].text)
            if isProgram { usedByProgram.insert(file.code[index].text) }
        }
        guard isProgram else { return }
        let own = declarations.filter { !Self.isForOthers($0, in: file) }
        declared += own.map { ($0.name, file.path, file.code[$0.index].line) }
    }

    private static func isForOthers(_ declaration: Declaration, in file: SourceFile) -> Bool {
        guard file.stands(in: library) else { return false }
        // `public static let name`, `public struct Name`.
        let before = file.code[max(0, declaration.index - 3)..<declaration.index].map(\.text)
        return before.contains("public") || before.contains("case")
    }

    private func violations(_ exceptions: [String: String]) -> [Violation] {
        let unused = declared.filter { !usedByProgram.contains($0.name) }
        let found = unused.filter { exceptions[$0.name] == nil }.map { name, path, line in
            let message =
                used.contains(name)
                ? "only tests use \(name); move it there, or list the reason"
                : "\(name) is never used; delete it, or list who uses it"
            return Violation(path: path, line: line, message: message)
        }
        let idle = Set(exceptions.keys).subtracting(unused.map(\.name)).sorted()
        return found
            + idle.map { name in
                let message = "\(name) is used, or not declared any more; it needs no exception"
                return Violation(path: "Tests/TidyTests", line: 1, message: message)
            }
    }

    private static func declarations(in file: SourceFile) -> [Declaration] {
        file.code.indices.flatMap { index -> [Declaration] in
            let token = file.code[index]
            guard token.kind == .word, keywords.contains(token.text),
                !file.follows(".", at: index), index + 1 < file.code.count,
                file.code[index + 1].kind == .word,
                // `class func`, `case let`: the word after that is the name, if there is one.
                !keywords.contains(file.code[index + 1].text)
            else { return [] }
            if token.text == "case" { return cases(after: index, in: file) }
            return [Declaration(name: file.code[index + 1].text, index: index + 1)]
        }
    }

    /// The names of an enum's case; none for a pattern, which a colon or a dot follows.
    private static func cases(after index: Int, in file: SourceFile) -> [Declaration] {
        var declarations: [Declaration] = []
        var position = index + 1
        func stands(_ mark: String) -> Bool {
            position < file.code.count && file.code[position].kind == .mark
                && file.code[position].text == mark
        }
        while position < file.code.count, file.code[position].kind == .word {
            let name = Declaration(name: file.code[position].text, index: position)
            declarations.append(name)
            position += 1
            if stands("(") { position = file.end(ofBracketAt: position, open: "(", close: ")") }
            if stands("=") { position += 2 }
            if stands(":") || stands(".") { return [] }
            guard stands(",") else { break }
            position += 1
        }
        return declarations
    }
}

/// More than a reader keeps in mind at once.
private let functionLinesMax = 70
private let fileLinesMax = 400
/// 40 KB of embedded text add 11 s to a build; a migration of 8 KB is also a long one to review.
private let migrationBytesMax = 8 << 10

extension HouseRule {
    static let size = [
        HouseRule(
            name: "a file has at most \(fileLinesMax) lines",
            kept: [
                ("Sources/A/A.swift", String(repeating: "//\n", count: fileLinesMax)),
                // One list of all targets, which cannot be split.
                ("Package.swift", String(repeating: "//\n", count: fileLinesMax + 1)),
            ],
            broken: [("Tests/A/A.swift", String(repeating: "//\n", count: fileLinesMax + 1))]
        ) { file in
            let count = file.lines.count - (file.text.hasSuffix("\n") ? 1 : 0)
            guard file.isSwift, file.path != "Package.swift", count > fileLinesMax else {
                return []
            }
            return [file.violation(fileLinesMax + 1, "\(count) lines; split the file")]
        },
        HouseRule(
            name: "a function has at most \(functionLinesMax) lines",
            kept: [
                ("Sources/A/A.swift", function(lines: functionLinesMax)),
                (
                    "Sources/A/A.swift",
                    "protocol A { func a()\n init()\n}\n" + long("extension A {")
                ),
                (
                    "Sources/A/A.swift",
                    long("func a() -> Int { 1 }\nlet b = #\"{\"#\nextension A {")
                ),
            ],
            broken: [
                ("Sources/A/A.swift", function(lines: functionLinesMax + 1)),
                ("Sources/A/A.swift", long("init(\n  a: Int = { 1 }()\n) where A: B {")),
                ("Sources/A/A.swift", long("func a() { _ = \"}\" + \"\"\"\n }}\n\"\"\" // }\n")),
            ]
        ) { file in
            functions(of: file).compactMap { function in
                let count = function.last - function.first + 1
                guard count > functionLinesMax else { return nil }
                return file.violation(function.first, "a function of \(count) lines; split it")
            }
        },
        HouseRule(
            name: "a migration has at most \(migrationBytesMax) bytes",
            kept: [("Schema/0001_a.sql", String(repeating: "-", count: migrationBytesMax))],
            broken: [("Schema/0001_a.sql", String(repeating: "-", count: migrationBytesMax + 1))]
        ) { file in
            let count = file.text.utf8.count
            guard file.path.hasSuffix(".sql"), count > migrationBytesMax else { return [] }
            return [file.violation(1, "\(count) bytes; make it two migrations")]
        },
    ]

    /// First and last line of everything that is declared with a body of statements.
    private static func functions(of file: SourceFile) -> [(first: Int, last: Int)] {
        file.code.indices.compactMap { index in
            let token = file.code[index]
            guard token.kind == .word,
                ["func", "init", "deinit", "subscript"].contains(token.text),
                !file.follows(".", at: index), let body = body(of: index, in: file)
            else { return nil }
            let end = file.end(ofBracketAt: body, open: "{", close: "}")
            return (token.line, file.code[end - 1].line)
        }
    }

    /// The brace that opens the body of the function declared at `index`; none for a
    /// requirement of a protocol.
    private static func body(of index: Int, in file: SourceFile) -> Int? {
        let others: Set = ["func", "init", "deinit", "subscript", "var", "let", "case", "struct"]
        var position = index + 1
        while position < file.code.count {
            let token = file.code[position]
            switch token.text {
            case "(" where token.kind == .mark:
                position = file.end(ofBracketAt: position, open: "(", close: ")")
                continue
            case "{" where token.kind == .mark:
                return position
            case "}" where token.kind == .mark:
                return nil
            case _ where token.kind == .word && others.contains(token.text):
                return nil
            default:
                position += 1
            }
        }
        return nil
    }

    private static func function(lines: Int) -> String {
        "func a() {\n" + String(repeating: "b()\n", count: lines - 2) + "}\n"
    }

    private static func long(_ opening: String) -> String {
        opening + String(repeating: "\n", count: functionLinesMax) + "}\n"
    }
}

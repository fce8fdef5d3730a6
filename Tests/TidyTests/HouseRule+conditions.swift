extension HouseRule {
    static let conditions = [
        HouseRule(
            name: "crash points are compiled into test builds only",
            kept: [
                ("Sources/A/A.swift", "#if CRASH_POINTS\nimport CrashPoints\n#endif\nlet a = 1"),
                ("Sources/A/A.swift", inside("#if A\nCrashPoint.a.reach()\n#endif")),
                ("Sources/A/A.swift", "let a = 1 // a CrashPoint"),
                ("Tests/A/A.swift", "let a = \"CRASH_POINT\""),
            ],
            broken: [
                ("Sources/A/A.swift", "import CrashPoints"),
                ("Sources/CrashPoints/A.swift", "enum CrashPoint {}"),
                ("Sources/A/A.swift", inside("let a = 1") + "CrashPoint.a.reach()"),
                ("Sources/A/A.swift", inside("let a = 1\n#else\nCrashPoint.a.reach()")),
                ("Sources/A/A.swift", "#if !CRASH_POINTS\nCrashPoint.a.reach()\n#endif"),
                ("Sources/A/A.swift", "#if DEBUG || CRASH_POINTS\nCrashPoint.a.reach()\n#endif"),
                ("Sources/A/A.swift", "#if A\n#elseif CRASH_POINTS\nCrashPoint.a()\n#endif"),
                ("Sources/A/A.swift", "let a = getenv(\"CRASH_POINT\")"),
            ]
        ) { file in
            guard file.isSwift, file.stands(in: "Sources/", "Schema/") else { return [] }
            let lines = file.linesWithCrashPoints
            return file.code.filter { token in
                let names = token.kind == .literal ? ["CRASH_POINT"] : ["CrashPoint"]
                return names.contains { token.text.contains($0) } && !lines.contains(token.line)
            }.map { file.violation($0.line, "put it between #if CRASH_POINTS and #endif") }
        }
    ]

    private static func inside(_ text: String) -> String {
        "#if CRASH_POINTS\n\(text)\n#endif\n"
    }
}

extension SourceFile {
    /// The lines that a release does not compile.
    ///
    /// Only the plain condition counts, and its first branch: what follows an `#else` is for
    /// releases.
    fileprivate var linesWithCrashPoints: Set<Int> {
        var open: [Bool] = []
        var found: Set<Int> = []
        for (index, line) in lines.enumerated() {
            let words = line.split(separator: " ")
            switch words.first {
            case "#if": open.append(words == ["#if", "CRASH_POINTS"])
            case "#else", "#elseif": if open.popLast() != nil { open.append(false) }
            case "#endif": _ = open.popLast()
            default: if open.contains(true) { found.insert(index + 1) }
            }
        }
        return found
    }
}

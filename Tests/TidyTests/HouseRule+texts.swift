extension HouseRule {
    static let texts = [
        HouseRule(
            name: "SQL stands where the database is",
            kept: [
                ("Sources/LedgerStore/A.swift", "let a = \"select 1\""),
                ("Sources/LedgerAudit/A.swift", "let a = \"select 1\""),
                ("Tests/LedgerAPITests/A.swift", "let a = \"SELECT a FROM b\""),
                ("Sources/LedgerAPI/A.swift", "let a = \"Select a source from the list\""),
                ("Sources/LedgerAPI/A.swift", "let a = \"update your tokens, then go on\""),
                ("Sources/LedgerAPI/A.swift", "let a = \"create a launch\" // select 1"),
            ],
            broken: [
                ("Sources/LedgerAPI/A.swift", "let a = \"select a, b\\nfrom c\""),
                ("Sources/LedgerAPI/A.swift", "let a = \"select append_events($1)\""),
                ("Sources/LedgerAPI/A.swift", "let a = \"select 1\""),
                ("Sources/LedgerAPI/A.swift", "let a = #\"INSERT INTO a VALUES (1)\"#"),
                (
                    "Sources/LedgerAPI/A.swift",
                    "let a = \"\"\"\n    update a\n    set b = 1\n\"\"\""
                ),
                ("Sources/LedgerAPI/A.swift", "let a = \"delete from a\""),
                ("Sources/LedgerCommand/A.swift", "let a = \"create database \\(b)\""),
                ("Sources/LedgerCommand/A.swift", "let a = \"DROP TABLE b\""),
                ("Sources/LedgerCommand/A.swift", "let a = \"with a as (select 1) select b\""),
            ]
        ) { file in
            guard file.isSwift,
                !file.stands(
                    in: "Schema/",
                    "Sources/LedgerStore/",
                    "Sources/LedgerAudit/",
                    "Sources/Postgres/",
                    "Sources/PostgresCluster/",
                    "Tests/"
                )
            else { return [] }
            return file.code.filter { $0.kind == .literal && isSQL($0.text) }.map {
                file.violation($0.line, "a statement; move it to LedgerStore or Schema")
            }
        },
        HouseRule(
            name: "a migration begins with its own number and name",
            kept: [
                (
                    "Schema/0012_a_b.sql",
                    "begin;\n" + stamp(12, "a_b") + "insert into c values (1);"
                ),
                ("Schema/0001_a.sql", "create table b ();\n" + stamp(1, "a")),
                ("Sources/A/0001_a.sql", "insert into c values (1);"),
            ],
            broken: [
                ("Schema/0001_a.sql", stamp(2, "a")),
                ("Schema/0001_a.sql", stamp(1, "b")),
                ("Schema/0001_a.sql", "insert into c values (1);\n" + stamp(1, "a")),
                ("Schema/0001_a.sql", "create table a ();"),
            ]
        ) { file in
            guard file.stands(in: "Schema/"), file.path.hasSuffix(".sql") else { return [] }
            let name = file.path.dropFirst("Schema/".count).dropLast(".sql".count)
            let wanted = stamp(Int(name.prefix(4)) ?? 0, String(name.dropFirst(5)))
            let first = file.lines.firstIndex { $0.hasPrefix("insert into") }
            if let first, file.lines[first] + "\n" == wanted { return [] }
            return [file.violation((first ?? 0) + 1, "the first insert must be: \(wanted)")]
        },
        HouseRule(
            name: "no work is left for later",
            kept: [
                ("Sources/A/A.swift", "let a = \"TODO\" // what todo means"),
                ("README.md", "what is to do"),
            ],
            broken: [
                ("Sources/A/A.swift", "let a = 1 // TODO: more"),
                ("Sources/A/A.swift", "/* a\n FIXME */"),
                ("Schema/0001_a.sql", "-- XXX why"),
                ("README.md", "TODO"),
            ]
        ) { file in
            let lines =
                file.isSwift
                ? file.comments.map { ($0.line, $0.text) }
                : file.lines.enumerated().map { ($0 + 1, String($1)) }
            return lines.filter { remindsOfWork($0.1) }.map {
                file.violation($0.0, "do it now, or write an issue")
            }
        },
    ]

    /// The trace that a migration leaves of itself.
    private static func stamp(_ number: Int, _ name: String) -> String {
        "insert into ledger.migration (number, name) values (\(number), '\(name)');\n"
    }

    private static func remindsOfWork(_ text: String) -> Bool {
        text.split { !($0.isLetter || $0.isNumber) }
            .contains { ["TODO", "FIXME", "XXX"].contains($0) }
    }

    /// Whether a literal begins like a statement.
    ///
    /// The keyword is in lower or upper case; a sentence in English has one capital letter.
    private static func isSQL(_ text: String) -> Bool {
        let words = text.split { $0.isWhitespace }.prefix(400).map(String.init)
        guard let first = words.first, first == first.lowercased() || first == first.uppercased()
        else { return false }
        let rest = words.dropFirst().map { $0.lowercased() }
        let second = rest.first ?? ""
        switch first.lowercased() {
        case "select":
            return rest.contains("from") || second.contains("(") || second.contains("$")
                || second.first?.isNumber == true
        case "insert": return second == "into"
        case "delete": return second == "from"
        case "update": return rest.dropFirst().first == "set"
        case "create", "alter", "drop":
            return rest.prefix(4).contains { objects.contains($0.trimming(";")) }
        case "truncate": return !second.isEmpty
        case "grant", "revoke": return rest.contains("on") || rest.contains("to")
        case "with": return rest.prefix(3).contains("as")
        case "set": return ["local", "session", "role"].contains(second)
        default: return false
        }
    }

    private static let objects: Set = [
        "database", "domain", "extension", "function", "index", "policy", "procedure", "role",
        "schema", "sequence", "table", "trigger", "type", "unlogged", "user", "view",
    ]
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
    }
}

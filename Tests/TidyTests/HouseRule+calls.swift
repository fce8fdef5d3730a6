/// Types whose conformance the compiler cannot check, by file, each with the reason.
private let uncheckedSendable: [String: String] = [:]

extension HouseRule {
    static let calls = [
        HouseRule(
            name: "no task without an owner",
            kept: [
                ("Sources/LedgerCommand/A.swift", "Task { a() }"),
                ("Tests/PostgresTests/A.swift", "Task.detached { a() }"),
                (
                    "Sources/Postgres/A.swift",
                    "try await Task.sleep(for: a); if Task.isCancelled {}"
                ),
            ],
            broken: [
                ("Sources/Postgres/A.swift", "let a = Task { b() }"),
                ("Sources/Postgres/A.swift", "Task<Void, Never>(priority: .high) { b() }"),
            ]
        ) { file in
            guard !file.stands(in: "Sources/LedgerCommand/", "Tests/") else {
                return []
            }
            return file.occurrences(of: "Task").compactMap { index in
                guard file.startsTask(at: index) else { return nil }
                return file.violation(
                    file.code[index].line,
                    "use a task group, an actor or a service's run()"
                )
            }
        },
        HouseRule(
            name: "only the command prints",
            kept: [
                ("Sources/LedgerCommand/A.swift", "print(a)"),
                ("Tests/CampaignCommand/A.swift", "print(a)"),
                ("Sources/Postgres/A.swift", "a.print(b) // print(c)\nlet d = \"print(e)\""),
            ],
            broken: [
                ("Sources/Postgres/A.swift", "print(a)"), ("Tests/A/A.swift", "debugPrint(a)"),
                ("Sources/LedgerBench/A.swift", "FileHandle.standardError.write(a)"),
                ("Sources/LedgerBench/A.swift", "try FileDescriptor.standardOutput.writeAll(a)"),
            ]
        ) { file in
            guard !file.stands(in: "Sources/LedgerCommand/"),
                !file.stands(in: "Tests/CampaignCommand/")
            else { return [] }
            let streams = ["FileHandle", "FileDescriptor"].flatMap { type in
                ["standardOutput", "standardError"].flatMap { stream in
                    file.occurrences(of: type, ".", stream)
                }
            }
            let calls =
                file.occurrences(of: "print", "(") + file.occurrences(of: "debugPrint", "(")
                + streams
            return calls.compactMap { index in
                guard !file.follows(".", at: index), !file.follows("func", at: index) else {
                    return nil
                }
                return file.violation(file.code[index].line, "use the logger, or give a report")
            }
        },
        HouseRule(
            name: "nothing is waited for without end, but where it is measured",
            kept: [
                ("Sources/LedgerBench/A.swift", "connect(a.withoutTimeLimits)"),
                ("Tests/A/A.swift", "connect(a.withoutTimeLimits)"),
                ("Sources/LedgerAudit/A.swift", "connect(a.withLongLimits)"),
            ],
            broken: [
                ("Sources/LedgerAudit/A.swift", "connect(a.withoutTimeLimits)"),
                ("Sources/LedgerStack/A.swift", "a.lockTimeMax = nil"),
                ("Sources/LedgerStack/A.swift", "a.statementTimeMax = nil"),
            ]
        ) { file in
            guard !file.stands(in: "Sources/LedgerBench/", "Sources/Postgres/", "Tests/") else {
                return []
            }
            let lifted = ["statementTimeMax", "lockTimeMax", "idleInTransactionTimeMax"].flatMap {
                file.occurrences(of: $0, "=", "nil")
            }
            return (file.occurrences(of: ".", "withoutTimeLimits") + lifted).map {
                file.violation(file.code[$0].line, "use withLongLimits")
            }
        },
        HouseRule(
            name: "no forced try",
            kept: [("Sources/A/A.swift", "try a(); try? b(); try !c; let d = \"try!\"")],
            broken: [("Tests/A/A.swift", "let a = try! b()")]
        ) { file in
            file.occurrences(of: "try!").map {
                file.violation(file.code[$0].line, "handle the error")
            }
        },
        HouseRule(
            name: "what is sent between tasks is checked by the compiler",
            kept: [("Sources/A/A.swift", "final class A: Sendable {}")],
            broken: [("Sources/A/A.swift", "extension A: @unchecked Sendable {}")]
        ) { file in
            guard uncheckedSendable[file.path] == nil else { return [] }
            return file.occurrences(of: "@", "unchecked", "Sendable").map {
                file.violation(file.code[$0].line, "use a Mutex or an actor, or list the reason")
            }
        },
        HouseRule(
            name: "one HTTP client",
            kept: [("Sources/A/A.swift", "HTTPClient.shared")],
            broken: [("Sources/A/A.swift", "URLSession.shared")]
        ) { file in
            file.occurrences(of: "URLSession").map {
                file.violation(file.code[$0].line, "use AsyncHTTPClient")
            }
        },
        HouseRule(
            name: "no secret goes to a logger",
            kept: [
                ("Sources/A/A.swift", "logger.info(\"a\", metadata: [\"b\": \"\\(c)\"]); d.exposed")
            ],
            broken: [
                ("Sources/A/A.swift", "logger.info(\"a \\(token.exposed)\")"),
                ("Sources/A/A.swift", "self.accessLogger.log(level: .info, a(b.exposed))"),
            ]
        ) { file in
            let levels: Set = [
                "trace", "debug", "info", "notice", "warning", "error", "critical", "log",
            ]
            return file.occurrences(of: ".").flatMap { dot -> [Violation] in
                guard dot > 0, dot + 2 < file.code.count,
                    file.code[dot - 1].text.lowercased().hasSuffix("logger"),
                    levels.contains(file.code[dot + 1].text), file.code[dot + 2].text == "("
                else { return [] }
                let end = file.end(ofBracketAt: dot + 2, open: "(", close: ")")
                return file.code[dot..<end].filter { $0.kind == .word && $0.text == "exposed" }
                    .map { file.violation($0.line, "a secret's value would be logged") }
            }
        },
    ]
}

extension SourceFile {
    /// Whether `Task` at this position is followed by work for it to do.
    fileprivate func startsTask(at index: Int) -> Bool {
        var position = index + 1
        guard position < code.count, !follows(".", at: index) else { return false }
        if code[position].text == "." {
            return position + 1 < code.count
                && ["detached", "immediate", "immediateDetached"].contains(code[position + 1].text)
        }
        if code[position].text == "<" {
            position = end(ofBracketAt: position, open: "<", close: ">")
        }
        if position < code.count, code[position].text == "(" {
            position = end(ofBracketAt: position, open: "(", close: ")")
        }
        return position < code.count && position > index && code[position].text == "{"
    }
}

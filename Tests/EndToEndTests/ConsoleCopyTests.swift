import TestSupport
import Testing

/// What pages offer to be copied, used as whoever copies it does.
@Suite("what the console offers to copy", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct ConsoleCopyTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    /// The texts that begin so, of all pages that there are something to be seen on.
    private func texts(
        _ beginning: String,
        of user: String
    ) async throws -> [String: Set<String>] {
        try await program.connect(user, source: "band")
        try await program.reportBroken(user)
        let path = "/v1/users/\(TestProgram.encoded(user))"
        let shown = try await program.ledger(path, scope: "users:read")
        let subject = try #require(shown["subject"]?.string)
        var texts: [String: Set<String>] = [:]
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.browser.wait(for: "the problem") {
                try await visitor.open("/console/problems")
                return try await visitor.links("#problems a").contains { $0.contains(subject) }
            }
            let problem = try await visitor.links("#problems a").first { $0.contains(subject) }
            let places = try await visitor.links(".places a")
            let pages =
                places + [
                    "/console/users?status=connected", "/console/users/\(subject)",
                    "/console/users/\(subject)/proof", "/console/events/facts/1",
                    "/console/events/access/0", "/console/log?log=access&subject=\(subject)",
                    "/console/problems?state=all&subject=\(subject)", problem ?? "",
                ]
            for page in pages {
                try await visitor.open(page)
                let found = try await visitor.browser.execute(
                    "return [...document.querySelectorAll('details.copy pre')].map((text) => text.textContent)"
                )
                let copied = found.array.compactMap(\.string).filter { $0.hasPrefix(beginning) }
                texts[page] = Set(copied)
            }
        }
        return texts
    }

    @Test("every command runs as it is copied")
    func commands() async throws {
        let texts = try await texts("token-ledger ", of: "commanded@example.com")
        for (page, commands) in texts {
            // Which files, only the reader knows.
            for command in commands where !command.contains("FILE") {
                let words = command.replacing("'", with: "").split(separator: " ").dropFirst()
                    .map(String.init)
                let answer = try await program.command(words)
                #expect(
                    [0, 6].contains(answer.status) && !answer.messages.contains("Usage:"),
                    "\(page): \(command): \(answer.messages)"
                )
            }
        }
        #expect(texts.values.count { !$0.isEmpty } > 10)
    }

    @Test("every call is answered as it is copied")
    func calls() async throws {
        let texts = try await texts("curl ", of: "called@example.com")
        let key = try #require(program.ready.apiKeys["all"])
        for (page, calls) in texts {
            for call in calls {
                let found = call.firstMatch(
                    of: /^curl -s '([^']+)' -H "Authorization: Bearer \$KEY"$/
                )
                let url = try #require(found.map { String($0.1) }, "\(page): \(call)")
                await #expect(throws: Never.self, "\(page): \(call)") {
                    _ = try await JSONCall.get(url, key: key)
                }
            }
        }
        #expect(texts.values.count { !$0.isEmpty } > 6)
    }
}

extension ConsoleVisitor {
    fileprivate func links(_ selector: String) async throws -> [String] {
        try await browser.execute(
            "return [...document.querySelectorAll('\(selector)')].map((a) => a.getAttribute('href'))"
        ).array.compactMap(\.string)
    }
}

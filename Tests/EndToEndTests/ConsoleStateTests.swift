import TestSupport
import Testing

/// What is current for a user, checked by a browser; serialized as the other tests of the console are.
@Suite("what is current, in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct ConsoleStateTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    @Test(
        "the browser verifies what is current, by both maps and both notes, and refuses what is forged"
    )
    func verifiesState() async throws {
        let user = "current@example.com"
        try await program.connect(user, source: "band")
        try await program.connect("neighbour@example.com", source: "band")
        let named = "/v1/users/\(TestProgram.encoded(user))"
        let shown = try await program.ledger(named, scope: "users:read")
        let subject = try #require(shown["subject"]?.string)
        let path = "/console/users/\(subject)/proof"
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.open("/console/users/\(subject)")
            try await visitor.browser.find(".meta a").click()
            try await visitor.waitFor(heading: "Proof of what is current")
            try await visitor.browser.wait(for: "a statement of the tokens") {
                try await visitor.open(path)
                let state = try await visitor.browser.execute(
                    "return document.querySelector('#state')?.textContent ?? ''"
                )
                return state.string?.contains("\"connected\"") == true
            }
            let open = try await visitor.verdict()
            #expect(open.kind == "verdict unsure" && open.text.contains("pin the key to be sure"))
            try await visitor.open("/console/evidence")
            try await visitor.browser.find("#pinned button").click()
            try await visitor.open(path)
            let pinned = try await visitor.verdict()
            #expect(pinned.kind == "verdict good", "\(pinned.text)")
            #expect(pinned.text.contains("nothing newer of this user was among the first"))
            #expect(pinned.text.contains("The name leads to this user"))
            try await visitor.forge(
                path,
                section: "#current",
                box: "#verdict",
                Self.stateForgeries
            )
        }
    }

    /// Each changes the file, or what the page shows beside it.
    private static let stateForgeries = [
        ("one('#state').append(' ')", "another state"),
        ("change(/\\nstate (\\d+)/, (_, n) => '\\nstate ' + (Number(n) - 1))", "another state"),
        ("change(/\\nstate .*/, ''); one('#state').remove()", "another state"),
        ("change(/\\nstates ([^ ]{80})./, (_, way) => '\\nstates ' + way + 'x')", "something else"),
        ("change(/\\nsubject ./, '\\nsubject x')", "somebody else"),
        ("section.dataset.subject = section.dataset.subject.replace(/.$/, 'x')", "somebody else"),
        (
            "change(/\\nlabel (.)/, (_, digit) => '\\nlabel ' + (digit === '0' ? 1 : 0))",
            "something else"
        ),
        (
            "section.dataset.subject = section.dataset.subject.replace(/-800/, '-802')",
            "another pair of logs"
        ),
        (
            """
            const label = BigInt('0x' + one('#file').textContent.match(/\\nlabel (.{16})/)[1]); \
            let pairs = 2n; while (label % pairs === 0n) { pairs++; } \
            change(/\\nstates (\\d+) /, (line) => '\\npairs ' + pairs + line)
            """, "another pair of logs"
        ),
        ("change(/\\nclient ./, '\\nclient X')", "something else"),
        ("change(/\\ntime \\d/, '\\ntime 9')", "not in its log"),
        ("change(/\\nindex \\d+/, '\\nindex 999')", "later statement"),
        ("change('token-ledger/map@v1', 'token-ledger/map@v2')", "no proof"),
        ("change(/\\n— .*/, '\\n')", "has not signed"),
        ("change(/....\\n*$/, 'AAA=\\n')", "forged"),
        ("localStorage.setItem('key-facts', section.dataset.key + 'x')", "another key"),
    ].map { (forgery, reason) in
        (
            """
            const one = (name) => document.querySelector(name); \
            const change = (from, to) => { \
                const text = one('#file').textContent.replace(from, to); \
                if (text === one('#file').textContent) { throw new Error('nothing is forged'); } \
                one('#file').textContent = text; \
            }; \(forgery)
            """, reason
        )
    }
}

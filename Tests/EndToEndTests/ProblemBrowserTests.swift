import TestSupport
import Testing

@Suite("problems in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct ProblemBrowserTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    @Test(
        "a reported connection is an open problem on the overview, is muted, and ends with a new popup"
    )
    func life() async throws {
        let user = "troubled@example.com"
        try await program.connect(user, source: "band")
        try await program.reportBroken(user)
        let id = try await opened(user)
        try await ConsoleVisitor.visit(program) { visitor in
            let browser = visitor.browser
            try await browser.find("#open-problems a[href$='kind=needs_reconnect']").click()
            try await visitor.waitFor(heading: "Problems")
            #expect(try await visitor.address() == "/console/problems?kind=needs_reconnect")
            try await browser.find("#problems a[href='/console/problems/\(id)']").click()
            try await visitor.waitFor(heading: "The user must reconnect")
            #expect(try await browser.find("#behind").text().contains("must reconnect"))
            try await browser.find("form[action$=mute] button").click()
            try await visitor.waitFor(heading: "The user must reconnect")
            try await browser.wait(for: "the muted problem") {
                try await browser.find(".head .chip").text() == "muted"
            }
            #expect(try await browser.find("#behind").text().contains("Somebody muted"))
            try await visitor.open("/console/problems?state=muted")
            #expect(try await browser.find("#problems").text().contains(user))
            try await program.connect(user, source: "watch")
            try await browser.wait(for: "the end of the problem") {
                try await visitor.open("/console/problems/\(id)")
                return try await browser.find(".head .chip").text() == "resolved"
            }
            let subject = id.split(separator: ".").last ?? ""
            try await visitor.open("/console/users/\(subject)")
            #expect(try await browser.find("#problems").text().contains("resolved"))
        }
    }

    @Test("pages of problems fit on a phone")
    func phone() async throws {
        let user = "sandbox_exchange_wrong_user-\(String(repeating: "long", count: 20))@example.com"
        try? await program.connect(user, source: "band")
        let id = try await opened(user)
        try await ConsoleVisitor.visit(program) { visitor in
            for width in [1_280, 390] {
                try await visitor.browser.resize(width: width, height: 844)
                for path in ["/console", "/console/problems?state=all", "/console/problems/\(id)"] {
                    try await visitor.open(path)
                    let overflow = try await visitor.browser.execute(
                        "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
                    )
                    #expect(overflow == .number(0), "\(path) at \(width)")
                }
            }
        }
    }

    /// The problem of a user, once the service has folded the log.
    private func opened(_ user: String) async throws -> String {
        let path = "/v1/problems?user=\(TestProgram.encoded(user))&state=open"
        while true {
            let list = try await program.ledger(path, scope: "users:read")["problems"]?.array
            if let id = list?.first?["id"]?.string { return id }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}

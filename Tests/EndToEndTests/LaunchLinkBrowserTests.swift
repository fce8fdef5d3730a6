import TestSupport
import Testing

/// A launch link on its way from support to the user's browser.
@Suite("a launch link in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct LaunchLinkBrowserTests {
    @Test("support makes a link, and the user connects with it in a browser of their own")
    func connects() async throws {
        let program = try SharedProgram.program
        let user = "linked-user@example.com"
        try await program.connect(user, source: "band")
        var link = ""
        try await ConsoleVisitor.visit(program) { visitor in
            try await visitor.find(user)
            try await visitor.waitFor(heading: user)
            try await visitor.browser.find("form[action$='/launch'] button").click()
            try await visitor.waitFor(heading: "Launch link")
            link = try await visitor.browser.find("#value").text()
        }
        #expect(link.hasPrefix(program.ready.ledgerURL + "/launch/"))
        try await Browser.run { browser in
            try await browser.navigate(to: link)
            #expect(try await browser.find("h1").text() == "Connect your health data")
            // Whoever's script runs here reaches no page of the console, whoever is signed in there.
            let reached = try await browser.execute(
                """
                return fetch('/console').then(() => 'reached', () => 'refused')
                """
            )
            #expect(reached.string == "refused")
            try await browser.find("connect-health-data button").click()
            try await browser.enter(frame: browser.find("#human-connect"))
            _ = try await browser.find("#done, #error")
            let popup = Popup(browser: browser)
            #expect(try await popup.mode() == "edit")
            try await popup.connect("watch")
            try await popup.done()
            try await browser.wait(for: "the end") {
                try await browser.find("h1").text() == "Your health data is connected"
            }
            // The popup asks every three seconds whether its session is open, and stops at the answer that it is not.
            let expected = ["/console", "/v1/connect/sessions/"]
            let errors = try await browser.consoleLog().filter { line in
                line.hasPrefix("SEVERE") && !expected.contains(where: line.contains)
            }
            #expect(errors.isEmpty, "the policy of the page allows all that the button does")
        }
        let types = try await Story(program: program, user: user).types()
        #expect(types.suffix(1) == ["public_token.rotated"] && types.contains("edit.finalized"))
    }
}

import TestSupport
import Testing
import Wire

/// Serialized: the tests share one program, and a browser each is all that two cores carry.
@Suite("the demo page in a browser", .serialized, .sharedProgram, .timeLimit(.minutes(5)))
struct DemoPageTests {
    private let program: TestProgram

    init() throws {
        program = try SharedProgram.program
    }

    @Test("from the button to the tokens: create, finish, refresh, edit, add a source, finish")
    func connectsAndEdits() async throws {
        let user = "first@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            #expect(try await visitor.state() == ["not connected", "create", "none"])
            let first = try await visitor.press()
            #expect(try await first.mode() == "create")
            #expect(try await first.publicToken() == nil)
            #expect(try await first.connected() == [])
            try await first.connect("band")
            try await first.connect("clinic")
            try await first.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            let versions = "access token 1, public token 1"
            #expect(try await visitor.state() == ["connected", "edit", versions])
            #expect(try await visitor.sources() == ["band", "clinic"])
            try await story.checkTokens(access: 1, public: 1, sources: ["band", "clinic"])

            let held = try await program.tokens(of: user)["public_token"]?.string
            let second = try await visitor.press()
            #expect(try await second.mode() == "edit")
            #expect(try await second.publicToken() == held)
            #expect(try await second.connected() == ["band", "clinic"])
            try await second.connect("watch")
            try await second.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            #expect(try await visitor.sources() == ["band", "clinic", "watch"])
            #expect(try await visitor.shownHistory() == Story.boundCreate + Story.boundEdit)
        }
        #expect(try await story.types() == Story.boundCreate + Story.boundEdit)
        try await story.checkTokens(access: 2, public: 2, sources: ["band", "clinic", "watch"])
        try await story.checkExchanges(2)
    }

    @Test("removing a source is a finish as well, which leaves the public token as it is")
    func disconnects() async throws {
        let user = "remover@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.connect(["band", "scale"])
            let popup = try await visitor.press()
            try await popup.disconnect("band")
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            #expect(try await visitor.sources() == ["scale"])
        }
        #expect(try await story.types() == Story.boundCreate + Story.boundEdit.dropLast())
        try await story.checkTokens(access: 2, public: 1, sources: ["scale"])
    }

    @Test("a closed popup is recorded, and the next one works")
    func closes() async throws {
        let user = "closer@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.press().close()
            try await visitor.waitForRefresh("The popup was closed.")
            #expect(try await visitor.state() == ["not connected", "create", "none"])
            #expect(try await story.types() == ["connect.launched", "launch.closed"])
            try await visitor.connect(["lab"])
        }
        #expect(
            try await story.types() == ["connect.launched", "launch.closed"] + Story.boundCreate
        )
        try await story.checkTokens(access: 1, public: 1, sources: ["lab"])
    }

    @Test("a public token that was lost by closing is recovered at the next launch")
    func recoversLostToken() async throws {
        let user = "loser@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.connect(["band"])
            let lossy = try await visitor.press()
            try await lossy.connect("watch")
            try await lossy.close()
            try await visitor.waitForRefresh("The popup was closed.")
            let current = try await program.sandboxUser(user)["public_token"]
            #expect(try await program.tokens(of: user)["public_token"] != current)

            let popup = try await visitor.press()
            #expect(try await popup.mode() == "edit")
            #expect(try await popup.publicToken().map(BrowserValue.string) == current)
            #expect(try await popup.connected() == ["band", "watch"])
            try await popup.connect("pharmacy")
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            #expect(try await visitor.sources() == ["band", "watch", "pharmacy"])
        }
        let lost = ["edit.launched", "launch.closed", "public_token.recovered"]
        #expect(try await story.types() == Story.boundCreate + lost + Story.boundEdit)
        // Version 2 was the recovered one.
        try await story.checkTokens(access: 2, public: 3, sources: ["band", "watch", "pharmacy"])
        try await story.checkExchanges(2)
    }

    @Test("a popup that was left behind is resumed, with what was connected in it")
    func resumesPopup() async throws {
        let user = "returner@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.connect(["band"])
            let left = try await visitor.press()
            let session = try await left.session()
            try await left.connect("watch")
            try await visitor.open()
            try await visitor.browser.wait(for: "the report of the page that was left") {
                try await story.types().last == "launch.closed"
            }
            let popup = try await visitor.press()
            #expect(try await popup.session() == session)
            #expect(try await popup.connected() == ["band", "watch"])
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
        }
        #expect(
            try await story.types() == Story.boundCreate + [
                "edit.launched", "launch.closed", "public_token.recovered",
            ]
                + Story.boundEdit.dropLast()
        )
        try await story.checkTokens(access: 2, public: 2, sources: ["band", "watch"])
        try await story.checkExchanges(2)
    }

    @Test("a public token that changed unseen is asked for before the next popup opens")
    func recoversStaleToken() async throws {
        let user = "wanderer@example.com"
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.connect(["band"])
            try await visitor.press().connect("watch")
            try await visitor.open()
            // As in another browser, which knows nothing of the session that was left.
            try await visitor.browser.execute("localStorage.clear()")
            try await visitor.connect(["scale"])
        }
        let types = try await story.types()
        #expect(types.contains("public_token.recovered"))
        #expect(!types.contains("launch.failed"), "no popup has refused it")
        try await story.checkTokens(access: 2, public: 3, sources: ["band", "watch", "scale"])
    }

    @Test("an error of the popup reaches the page and the log")
    func reportsError() async throws {
        let user = "unlucky+sandbox_popup_error@example.com"
        let story = Story(program: program, user: user)
        let message =
            "The popup cannot be loaded: This user asked for the behaviour sandbox_popup_error."
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            let popup = try await visitor.press()
            #expect(
                try await popup.error() == ["The popup cannot be loaded", "sandbox_popup_error"]
            )
            try await popup.close()
            try await visitor.waitForRefresh(message)
            #expect(try await visitor.state() == ["not connected", "create", "none"])
        }
        // The page reports both from callbacks of its own, so their order is not given.
        let types = try await story.types()
        #expect(types.first == "connect.launched")
        #expect(types.dropFirst().sorted() == ["launch.closed", "launch.failed"])
        #expect(try await story.value("code", of: "launch.failed") == "sandbox_popup_error")
    }

    @Test("without its token a page sees User Already Exists; with it the popup opens")
    func needsToken() async throws {
        let user = "known@example.com"
        let story = Story(program: program, user: user)
        let message =
            "User Already Exists: This user has connected before: open the popup with the user's "
            + "current publicToken."
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            try await visitor.connect(["glucose"])
            try await visitor.open(withoutToken: true)
            let refused = try await visitor.press()
            #expect(try await refused.publicToken() == nil)
            #expect(try await refused.error() == ["User Already Exists", "user_already_exists"])
            // The page says so while the popup still stands over it.
            try await visitor.browser.leaveAllFrames()
            try await visitor.browser.wait(for: "the page's own message") {
                try await visitor.browser.find("#message").text() == message
            }
            try await visitor.browser.enter(frame: visitor.browser.find("#human-connect"))
            try await refused.close()
            try await visitor.waitForRefresh(message)
            #expect(try await story.value("code", of: "launch.failed") == "user_already_exists")

            try await visitor.open()
            let popup = try await visitor.press()
            #expect(try await popup.mode() == "edit")
            #expect(try await popup.connected() == ["glucose"])
            try await popup.connect("lab")
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
        }
        try await story.checkTokens(access: 2, public: 2, sources: ["glucose", "lab"])
        try await story.checkExchanges(2)
    }

    @Test(
        "a user id passes unchanged through page, ledger, popup and provider",
        arguments: [
            "zoë+test%20&x@example.com", "a b#c/d?e=f;\"<g>'h\\i@example.com",
            // To Swift each mark and its accent are one character, to a browser two.
            "\"\u{301} title=\"\u{301}x\" '\u{20DD}<\u{338}b>&\u{301}amp;@example.com",
        ]
    )
    func keepsUserID(user: String) async throws {
        let story = Story(program: program, user: user)
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            let popup = try await visitor.press()
            #expect(try await visitor.browser.find("header p").text() == "Demo app · \(user)")
            try await popup.connect("band")
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            let edit = try await visitor.press()
            #expect(try await edit.connected() == ["band"])
            try await edit.connect("scale")
            try await edit.done()
            try await visitor.waitForRefresh("Your sources are connected.")
        }
        #expect(try await story.types() == Story.boundCreate + Story.boundEdit)
        try await story.checkTokens(access: 2, public: 2, sources: ["band", "scale"])
        try await story.checkExchanges(2)
    }

    @Test("a popup of somebody else's launch, finished in this session, leads to no exchange")
    func belongsToSession() async throws {
        let attacker = "attacker@example.com"
        // The attacker's own session asks for a launch; its cookie stays there.
        let launch = try await JSONCall.post(
            "\(program.ready.demoURL)/launches?user=\(TestProgram.encoded(attacker))",
            [:]
        )
        let id = try #require(launch["launch_id"]?.string)
        let url = try #require(launch["finish_url"]?.string)
        let options = try #require(launch["options"])
        try await Browser.run { browser in
            let visitor = Visitor(browser: browser, program: program, user: "victim@example.com")
            try await visitor.open()
            // The victim's page opens what the attacker has prepared.
            try await browser.execute(
                """
                const fetched = window.fetch;
                const [id, url, clientId, clientUserId] = arguments;
                const launch = {launch_id: id, finish_url: url, mode: "create",
                    options: {clientId, clientUserId, publicToken: ""}};
                window.fetch = (path, options) => path.startsWith("/launches")
                    ? Promise.resolve(new Response(JSON.stringify(launch)))
                    : fetched(path, options);
                """,
                .string(id),
                .string(url),
                options["clientId"] ?? .null,
                options["clientUserId"] ?? .null
            )
            let popup = try await visitor.press()
            try await popup.connect("clinic")
            try await popup.done()
            try await visitor.waitForRefresh("This session has not opened this popup.")
        }
        let story = Story(program: program, user: attacker)
        #expect(try await story.types() == ["connect.launched", "finish.held"])
        try await story.checkExchanges(0)
    }

    @Test("a page that was loaded anew before its backend was asked confirms all the same")
    func confirmsAfterReload() async throws {
        let user = "reloader@example.com"
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            // As if the page were gone in between.
            try await visitor.browser.execute(
                """
                const fetched = window.fetch;
                window.fetch = (path, options) => path.startsWith("/confirm")
                    ? new Promise(() => { location.reload(); }) : fetched(path, options);
                """
            )
            let popup = try await visitor.press()
            try await popup.connect("lab")
            try await popup.done()
            try await visitor.waitForRefresh("Your sources are connected.")
            #expect(try await visitor.sources() == ["lab"])
        }
        let story = Story(program: program, user: user)
        #expect(try await story.types() == Story.boundCreate)
        try await story.checkExchanges(1)
    }

    @Test("on a page that does not refresh, the hidden popup polls until a 412")
    func pollsUntilOver() async throws {
        let user = "poller@example.com"
        try await Visitor.visit(program, as: user) { visitor in
            try await visitor.open()
            // As a page that forgets the refresh: connect.js calls this finish instead.
            try await visitor.browser.execute(
                """
                const open = HumanConnect.open;
                HumanConnect.open = function (options) {
                    options.finish = () => { document.body.dataset.finished = "yes"; };
                    open.call(HumanConnect, options);
                };
                """
            )
            let popup = try await visitor.press()
            let session = try await popup.session()
            try await popup.connect("band")
            try await popup.done()
            _ = try await visitor.browser.find("body[data-finished=yes]")
            #expect(try await !visitor.browser.find("#human-connect").isDisplayed())
            let lines: [String] = try await visitor.browser.wait(for: "the end of the polling") {
                let lines = try await visitor.consoleErrors()
                return lines.isEmpty ? nil : lines
            }
            #expect(lines.count == 1)
            #expect(lines.allSatisfy(Visitor.isEndOfPolling), "\(lines)")
            let polls = try await program.sandbox("/sandbox/requests").array.filter {
                $0["method"] == "GET"
                    && $0["path"] == .string("/v1/connect/sessions/\(session)")
            }
            let statuses = polls.map { $0["status"]?.number }
            #expect(statuses.last == 412)
            #expect(statuses.dropLast().allSatisfy { $0 == 200 })
        }
    }
}

extension Visitor {
    /// Goes through a whole popup that connects sources.
    func connect(_ sources: [String]) async throws {
        let popup = try await press()
        for source in sources { try await popup.connect(source) }
        try await popup.done()
        try await waitForRefresh("Your sources are connected.")
    }
}

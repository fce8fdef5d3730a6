import TestSupport
import Testing

extension BundlePageTests {
    @Test("a list that contradicts itself is refused, although it is signed")
    func contradictions() async throws {
        let bundle = try await bundle("forged", ["--from-position", "4"])
        try await BundlePageVisitor.visit(bundle) { visitor in
            for (number, forgery) in ([BundlePageForgery.nothing] + BundlePageForgery.ofPositions)
                .enumerated()
            {
                let path = "\(bundle.folder)/forged-\(number).html"
                try await bundle.forge(forgery, into: path)
                try await visitor.open("file://\(path)")
                let verdict = try await visitor.verdict()
                let text = "\(forgery.change): \(verdict.text)"
                #expect(verdict.kind == (number == 0 ? "verdict unsure" : "verdict bad"), "\(text)")
                #expect(verdict.text.contains(forgery.words), "\(text)")
            }
        }
    }

    @Test("that no counted event is missing is said only where there are some")
    func uncounted() async throws {
        let bundle = try await bundle("uncounted", ["--user", Self.user])
        try await BundlePageVisitor.visit(bundle) { visitor in
            let counted = try await visitor.verdict()
            #expect(counted.text.contains("of them). Not proved: that none came behind the last"))
            let path = "\(bundle.folder)/none.html"
            try await bundle.forge(.noEvents, into: path)
            try await visitor.open("file://\(path)")
            let verdict = try await visitor.verdict()
            #expect(verdict.kind == "verdict unsure", "\(verdict.text)")
            #expect(verdict.text.contains(BundlePageForgery.noEvents.words), "\(verdict.text)")
            #expect(!verdict.text.contains("counted events"), "\(verdict.text)")
        }
    }

    @Test("a browser without Ed25519 refuses nothing and verifies nothing")
    func unable() async throws {
        let bundle = try await bundle("unable")
        try await BundlePageVisitor.visit(bundle) { visitor in
            let path = "\(bundle.folder)/unable.html"
            try await bundle.replace(
                inScript: "crypto.subtle.importKey(",
                with: "Promise.reject(",
                into: path
            )
            try await visitor.open("file://\(path)")
            let verdict = try await visitor.verdict()
            #expect(verdict.kind == "verdict unsure", "\(verdict.text)")
            #expect(verdict.text.contains("This browser cannot check signatures"))
            #expect(try await visitor.seal() == "Not checked")
            #expect(try await !visitor.browser.find("#trust").isDisplayed())
        }
    }

    @Test("of two keys that are named at once the last one counts")
    func lastKey() async throws {
        let bundle = try await bundle("last")
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            _ = try await visitor.browser.execute(
                """
                const field = document.querySelector('#trust input');
                for (const key of arguments) {
                    field.value = key;
                    document.querySelector('#trust button').click();
                }
                return new Promise((done) => setTimeout(done, 500))
                """,
                .string(bundle.key),
                .string("no key")
            )
            #expect(try await visitor.verdict().text.contains("no key of a log"))
            try await visitor.trust(bundle.key)
            #expect(try await visitor.verdict().kind == "verdict good")
        }
    }

    @Test("an address that is cut off leads to nothing, and breaks nothing")
    func cutOff() async throws {
        let bundle = try await bundle("cut-off")
        try await BundlePageVisitor.visit(bundle) { visitor in
            _ = try await visitor.verdict()
            try await visitor.open("about:blank")
            try await visitor.open("file://\(bundle.folder)/index.html#user/%")
            try await visitor.browser.wait(for: "the seal") {
                try await visitor.seal() == "Fits its own key"
            }
            #expect(try await visitor.browser.find(".empty").text().contains("not in this bundle"))
            try await visitor.go("#bundle")
            #expect(try await visitor.verdict().kind == "verdict unsure")
        }
    }

    @Test("a compressed folder has the page's events; that of another bundle is refused")
    func otherFolder() async throws {
        let packed = try await bundle("packed", ["--gzip", "--user", Self.user])
        let other = try await bundle("other", ["--user", Self.user])
        try await BundlePageVisitor.visit(packed) { visitor in
            _ = try await visitor.verdict()
            try await visitor.trust(packed.key)
            _ = try await visitor.verdict()
            let sound = try await visitor.check(folder: packed.folder)
            #expect(sound.kind == "verdict good", "\(sound.text)")
            #expect(sound.text.contains("those that the page has checked"))
            let refused = try await visitor.check(folder: other.folder)
            #expect(refused.kind == "verdict bad", "\(refused.text)")
            #expect(refused.text.contains("it is of another bundle than this page"))
        }
    }
}

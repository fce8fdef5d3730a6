@testable import Console
@testable import HTMLPages
import Crypto
import Foundation
import Ledger
import MerkleLog
import Testing

@Suite("the page of a bundle") struct BundleDocumentTests {
    private static func story(
        reason: String = "yearly audit",
        log: Log = .facts
    ) -> BundleDocument.Story {
        BundleDocument.Story(
            log: log,
            origin: "token-ledger/6c6f67/\(log.id)",
            export: Identifier(value: 77),
            madeAt: Timestamp(microseconds: 1_780_000_000_123_456),
            madeBy: reason,
            reason: reason,
            query: EventQuery(clientID: reason, types: ["connect.launched", "edit.launched"]),
            positions: 3..<9,
            events: 5,
            tree: (12, .emptyTree),
            key: reason
        )
    }

    private static func text(_ document: BundleDocument) -> String {
        String(decoding: document.head, as: UTF8.self)
    }

    private static func digest(_ text: some StringProtocol) -> String {
        Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString()
    }

    @Test("its policy allows its one style and its one script, and nothing else")
    func policy() throws {
        let document = BundleDocument(Self.story(), limits: nil)
        let head = Self.text(document)
        let foot = String(decoding: document.foot, as: UTF8.self)
        let style = try #require(head.firstMatch(of: /<style>([\s\S]*)<\/style>/)).1
        let script = try #require(
            foot.wholeMatch(of: /<script>([\s\S]*)<\/script>\n<\/body>\n<\/html>\n/)
        ).1
        let policy = try #require(
            head.firstMatch(of: /<meta http-equiv="Content-Security-Policy" content="([^"]*)">/)
        ).1.replacing("&#39;", with: "'")
        #expect(
            policy == "default-src 'none'; script-src 'sha256-\(Self.digest(script))'; style-src "
                + "'sha256-\(Self.digest(style))'; base-uri 'none'; form-action 'none'; "
                + "require-trusted-types-for 'script'"
        )
        // What a browser would take for the end of the script, or for something else within it.
        #expect(!script.contains(/<\/script|<!--|<script/) && !script.contains("\r"))
        #expect(!style.contains("<"))
        #expect(!head.contains("<script") && !head.contains(" src="))
        #expect(head.matches(of: /href="([^"]*)"/).allSatisfy { !$0.1.contains(":") })
    }

    @Test(
        "what the manifest says is text, whatever stands in it",
        arguments: [
            "</style><script>alert(1)</script>", "<!-- ", "]]>", "\"\u{301} onfocus=alert(1) x=\"",
            "'\u{200D}><img src=x onerror=alert(1)>", "{{style}}", "&lt;b&gt;",
            "a\u{2028}b\u{202E}",
            "</template><b>",
        ]
    )
    func hostile(_ text: String) {
        let plain = Self.text(BundleDocument(Self.story(), limits: nil))
        let html = Self.text(BundleDocument(Self.story(reason: text), limits: nil))
        #expect(html.contains(HTMLText().escapeText(text)))
        for mark in ["<", ">", "\""] {
            #expect(html.split(separator: mark).count == plain.split(separator: mark).count)
        }
    }

    @Test("without its script it says what it is, under which key, and how it is checked")
    func withoutScript() {
        let html = Self.text(BundleDocument(Self.story(), limits: nil))
        for words in [
            "yearly audit", "connect.launched, edit.launched", "3 to 9, the latter not included",
            "12 records", "token-ledger verify FOLDER --key KEY", "that takes JavaScript",
            "2026-05-28T20:26:40.123456Z",
        ] {
            #expect(html.contains(words), "\(words)")
        }
        #expect(!html.contains("too large for a page"))
        let large = Self.text(BundleDocument(Self.story(), limits: (250_000, 192 << 20)))
        #expect(large.contains("at most 250000 events and 192 MiB"))
    }

    @Test(
        "the views are the console's, each with one invented event, and a state begins as it does"
    )
    func views() {
        let html = Self.text(BundleDocument(Self.story(), limits: nil))
        for field in StateField.list(SubjectState()) {
            #expect(html.contains("<dd data-field=\"\(field.name)\">\(field.text)</dd>"))
        }
        for (name, part) in [
            ("user", "<li class=\"entry\""), ("users", "<table id=\"users\">"),
            ("events", "<tbody id=\"log-rows\">"), ("event", "<li class=\"root\">"),
        ] {
            let view = html.split(separator: "<template id=\"\(name)-view\">").last ?? ""
            #expect(view.split(separator: "</template>").first?.contains(part) == true, "\(name)")
        }
    }

    @Test("users of the access log have no state")
    func accessLog() {
        #expect(
            Self.text(BundleDocument(Self.story(), limits: nil)).contains("data-states=\"yes\"")
        )
        let access = BundleDocument(Self.story(log: .access), limits: nil)
        #expect(!Self.text(access).contains("data-states"))
    }
}

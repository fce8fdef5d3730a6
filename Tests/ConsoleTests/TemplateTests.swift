@testable import Console
import Testing

@Suite("templates, styles and scripts") struct TemplateTests {
    private static let templates = ConsolePages.sources.map { name, bytes in
        (name, String(decoding: bytes, as: UTF8.self))
    }.sorted { $0.0 < $1.0 }

    @Test("every page has its template, and all but the frame escapes its values")
    func escaping() {
        for template in PageTemplate.allCases {
            #expect(ConsolePages.sources[template.rawValue] != nil, "\(template)")
        }
        for (name, text) in Self.templates {
            #expect(!text.contains("CONTENT_TYPE"), "\(name)")
            // The page within the frame is HTML already, and a bundle's style is our own; nothing else is.
            let unescaped = text.matches(of: /\{\{[{&] *([a-zA-Z.]+)/).map { String($0.1) }
            let ours = ["frame": ["main"], "bundle": ["style"]]
            #expect(unescaped == ours[name] ?? [], "\(name)")
        }
    }

    @Test("nothing runs or is styled within a page, and nothing comes from elsewhere")
    func policy() {
        for (name, text) in Self.templates {
            // The button's script in the page of a launch link is a file, too.
            let count = ["frame", "launch"].contains(name) ? 1 : 0
            #expect(text.matches(of: /<script src="/).count == count, "\(name)")
            #expect(text.matches(of: /<script/).count == count, "\(name)")
            #expect(!text.contains(/[ \n]style=|[ \n]on[a-z]+=/), "\(name)")
            // A file of its own cannot load another; its policy names the one style by its digest.
            #expect(text.matches(of: /<style/).count == (name == "bundle" ? 1 : 0), "\(name)")
            #expect(!text.contains(/(src|href|action)="(https?:)?\/\//), "\(name)")
        }
    }

    @Test("attributes stand in quotes, so that what is escaped cannot end them")
    func quotes() {
        for (name, text) in Self.templates {
            #expect(!text.contains(/\ [a-z-]+=\{\{/), "\(name)")
        }
    }

    @Test("the scripts are small, and set text only")
    func scripts() {
        #expect(ConsoleAsset.script.bytes.count <= 20_100)
        #expect(BundleDocument.script.count <= 64_000)
        for bytes in [ConsoleAsset.script.bytes, BundleDocument.script] {
            let script = String(decoding: bytes, as: UTF8.self)
            for word in [
                "innerHTML", "outerHTML", "insertAdjacent", "eval(", "Function(", "write(",
            ] {
                #expect(!script.contains(word), "\(word)")
            }
            // Nothing is fetched but the tail.
            #expect(!script.contains("fetch(") && !script.contains("XMLHttpRequest"))
            #expect(!script.contains(/https?:\/\//))
        }
        let style = String(decoding: ConsoleAsset.stylesheet.bytes, as: UTF8.self)
        #expect(!style.contains("url(") && !style.contains("@import"))
    }

    @Test("a file's name changes with its content")
    func names() {
        #expect(Set(ConsoleAsset.all.map(\.name)).count == 2)
        for asset in ConsoleAsset.all {
            #expect(asset.name.contains(/^console-[0-9a-f]{16}\.(css|js)$/))
            #expect(asset.path == "/console/assets/" + asset.name)
        }
    }
}

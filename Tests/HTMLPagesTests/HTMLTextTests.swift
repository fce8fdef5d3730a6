@testable import HTMLPages
import SeededRandom
import Testing

@Suite("text in a page") struct HTMLTextTests {
    private static let marks = ["&", "<", ">", "\"", "'"]

    @Test("what ends text or an attribute is escaped, whatever stands behind it")
    func combining() {
        // With each of these, Swift takes the two for one character, and no browser does.
        let companions = ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{20E3}", "\u{0}", "a", ""]
        for mark in Self.marks {
            for companion in companions {
                let escaped = HTMLText().escapeText("x" + mark + companion + "y")
                #expect(Self.read(escaped).elementsEqual(("x" + mark + companion + "y").utf8))
                #expect(Self.isHarmless(escaped), "\(mark) with \(companion.unicodeScalars)")
            }
        }
    }

    @Test("any text is harmless, and the same once it is read")
    func anyText() {
        var random = SeededRandom(seed: 55)
        let scalars = Self.marks + ["\u{301}", "é", "😀", "\u{200D}", "a", ";", "#", "amp", " "]
        for _ in 0..<5_000 {
            let text = (0..<Int(random.next() % 12)).map { _ in
                scalars[Int(random.next() % UInt64(scalars.count))]
            }.joined()
            let escaped = HTMLText().escapeText(text)
            #expect(Self.isHarmless(escaped))
            #expect(Self.read(escaped).elementsEqual(text.utf8))
        }
    }

    private static func isHarmless(_ escaped: String) -> Bool {
        !escaped.utf8.contains { "<>\"'".utf8.contains($0) }
    }

    /// As a browser reads it: byte by byte, where characters combine with nothing.
    private static func read(_ escaped: String) -> [UInt8] {
        let names = [
            ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&"),
        ]
        var rest = Array(escaped.utf8)[...]
        var read: [UInt8] = []
        while let byte = rest.first {
            if let (name, mark) = names.first(where: { rest.starts(with: $0.0.utf8) }) {
                read += mark.utf8
                rest = rest.dropFirst(name.utf8.count)
            } else {
                read.append(byte)
                rest = rest.dropFirst()
            }
        }
        return read
    }
}

import Testing

@Suite("telling code from text")
struct SwiftScannerTests {
    @Test("braces inside literals and comments are no code")
    func literalsAreNoCode() {
        let text = ##"""
            a { // }
            /* } /* } */ } */
            "}\"}" #"}"}"# "b\(c + "}\(d)")}"; /}"\/}/ #/}/}/#
            """
            }
            """ }
            """##
        #expect(marks(text).filter { $0 == "{" || $0 == "}" } == ["{", "}"])
        #expect(words(text) == ["a", "c", "d"])
    }

    @Test("a literal carries its content and its first line")
    func literalContent() {
        let tokens = SwiftScanner.tokens(of: "a\n\"\"\"\nselect \\(b)\n\"\"\"\n\"c\"")
        #expect(
            tokens == [
                SwiftToken(kind: .word, text: "a", line: 1),
                SwiftToken(kind: .literal, text: "\nselect \\()\n", line: 2),
                SwiftToken(kind: .word, text: "b", line: 3),
                SwiftToken(kind: .literal, text: "c", line: 5),
            ]
        )
    }

    @Test("a division is no regex")
    func division() {
        #expect(
            words("a / b / c; (d)/e/f; g[0]/h") == ["a", "b", "c", "d", "e", "f", "g", "0", "h"]
        )
    }

    @Test("text that ends too early is read to its end")
    func unfinished() {
        for text in ["\"a", "/* a", "\"\"\" a", "\"\\(a", "#\"a\"", "/a", "\"a\\", "func a("] {
            #expect(SwiftScanner.tokens(of: text).count < 5)
            #expect(HouseRule.all.allSatisfy { $0.check(SourceFile("A.swift", text)).isEmpty })
        }
    }

    private func words(_ text: String) -> [String] {
        SwiftScanner.tokens(of: text).filter { $0.kind == .word }.map(\.text)
    }

    private func marks(_ text: String) -> [String] {
        SwiftScanner.tokens(of: text).filter { $0.kind == .mark }.map(\.text)
    }
}

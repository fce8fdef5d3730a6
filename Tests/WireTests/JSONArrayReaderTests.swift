import Testing
import Wire

@Suite("a JSON array while it arrives", .timeLimit(.minutes(5)))
struct JSONArrayReaderTests {
    /// The elements of a text that comes in pieces of so many bytes; nil when it is no array.
    private func elements(
        _ text: String,
        pieces: Int = .max,
        elementBytesMax: Int = 100
    ) -> [String]? {
        var reader = JSONArrayReader(elementBytesMax: elementBytesMax)
        var found: [String] = []
        var rest = Array(text.utf8)[...]
        do {
            while !rest.isEmpty {
                try reader.read(Array(rest.prefix(pieces))) { element in
                    switch element {
                    case .bytes(let bytes): found.append(String(decoding: bytes, as: UTF8.self))
                    case .tooLong: found.append("too long")
                    }
                }
                rest = rest.dropFirst(pieces)
            }
            try reader.end()
        } catch {
            return nil
        }
        return found
    }

    @Test("elements are the same wherever the text is cut")
    func pieces() {
        let parts = [
            #"{"a":"]},\"[","b":[1,{"c":"\\"}]}"#, "1.5e3", #""é,]\\\"""#, "null", "[]", "{}",
            #"[[["x"],2],{}]"#, "-0", "true",
        ]
        for separator in [",", " ,\n\t", ", "] {
            let text = " [ " + parts.joined(separator: separator) + " ]\r\n"
            for size in 1...text.utf8.count {
                #expect(elements(text, pieces: size) == parts, "pieces of \(size)")
            }
        }
        #expect(elements("[]") == [])
        #expect(elements(" [\n] ", pieces: 1) == [])
    }

    @Test("an element that is no JSON is handed out, and spoils no other")
    func badElement() {
        #expect(elements(#"[{"a" 1},nope,{]},2]"#) == nil, "brackets that do not fit end the array")
        #expect(elements(#"[{"a" 1},nope,{]},[2]]"#) == nil)
        #expect(elements(#"[{"a" 1},nope,{],2]"#) == [#"{"a" 1}"#, "nope", "{]", "2"])
        #expect(elements("[\u{0},\"\u{1}\"]") == ["\u{0}", "\"\u{1}\""])
    }

    @Test(
        "what is no array, is cut or goes on is refused",
        arguments: [
            "", " ", "{}", "1", "null", "\"[]\"", "[", "[1", "[1,", "[1,]", "[,]", "[,1]", "[1,,2]",
            "[1 2]", "[1]]", "[1],", "[1]x", "[1}", "[}", "[\"a]", "[{\"a\":1]", "]", "x[1]",
            "\u{FEFF}[]",
        ]
    )
    func noArray(text: String) {
        #expect(elements(text) == nil)
        #expect(elements(text, pieces: 1) == nil)
    }

    @Test("an element that is too long is passed over, those after it are read")
    func tooLong() {
        let long = "\"" + String(repeating: "x", count: 99) + "\""
        let fits = "\"" + String(repeating: "x", count: 98) + "\""
        let deep = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
        for size in [1, 7, 64, .max] {
            #expect(
                elements("[1,\(long),\(fits),\(deep),2]", pieces: size)
                    == ["1", "too long", fits, "too long", "2"]
            )
        }
    }

    @Test("a million brackets are one number, not a million calls")
    func depth() {
        let deep = String(repeating: "[", count: 1_000_000)
        #expect(elements(deep, elementBytesMax: 10) == nil)
    }
}

import Testing
import Wire

@Suite("JSON", .timeLimit(.minutes(5)))
struct JSONTests {
    private func parse(_ text: String, depthMax: Int = 16) throws(JSONParser.Failure) -> JSONValue {
        try JSONParser.parse(Array(text.utf8), depthMax: depthMax)
    }

    @Test("a document is read as it was written: order, repeated names, numbers' own spelling")
    func reading() throws {
        let value = try parse(
            #"{"b":1.50,"a":[true,false,null,-0,1e9],"b":"\u00e9\ud83d\ude00\n"}"#
        )
        #expect(value.members?.map(\.name) == ["b", "a", "b"])
        #expect(value.values(named: "b") == [.number("1.50"), .string("é😀\n")])
        #expect(value["a"] == [.bool(true), .bool(false), .null, .number("-0"), .number("1e9")])
    }

    @Test(
        "what RFC 8259 does not have is refused",
        arguments: [
            "", "{", "{}x", "[1,]", "{\"a\":1,}", "01", "1.", ".5", "+1", "NaN", "'a'", "// a\n1",
            "\"\n\"", "\"\\x\"", "\"\\ud800\"", "\"\\udc00\"", "tru", "{\"a\" 1}", "{a:1}",
        ]
    )
    func malformed(text: String) {
        #expect(throws: JSONParser.Failure.malformed) { try parse(text) }
    }

    @Test("the depth is bounded")
    func depth() throws {
        _ = try parse("[[[]]]", depthMax: 3)
        #expect(throws: JSONParser.Failure.tooDeep) { try parse("[[[[]]]]", depthMax: 3) }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONParser.Failure.tooDeep) { try parse(deep) }
    }

    @Test("writer and value give the same bytes, with the RFC's escapes and no others")
    func writing() {
        var writer = JSONWriter()
        writer.open()
        writer.member("text", "a\"\\\u{1}\n/é")
        writer.member("number", Int64(-7))
        writer.member("truth", true)
        writer.null("nothing")
        writer.member("list", ["", "b"])
        writer.key("inner")
        writer.open()
        writer.close()
        writer.close()
        let value: JSONValue = [
            "text": "a\"\\\u{1}\n/é", "number": -7, "truth": true, "nothing": .null,
            "list": ["", "b"], "inner": [:],
        ]
        #expect(writer.bytes == value.encoded)
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == #"{"text":"a\"\\\u0001\u000a/é","number":-7,"truth":true,"#
                + #""nothing":null,"list":["","b"],"inner":{}}"#
        )
    }
}

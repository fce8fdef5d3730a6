import HumanConnect
import Ledger
import Testing
import Wire

@Suite("the sessionTokenObject's bodies")
struct SessionTokenObjectTests {
    static let plain = SessionTokenObject(
        humanID: Secret("h1"),
        clientID: "c1",
        sessionToken: Secret("s1")
    )
    static let withUser = SessionTokenObject(
        humanID: Secret("h1"),
        clientID: "c1",
        sessionToken: Secret("s1"),
        userID: "u1"
    )

    static let json = #"{"humanId":"h1","clientId":"c1","sessionToken":"s1","userId":"u1"}"#

    private func read(
        _ body: String,
        _ contentType: String?
    ) throws(SessionTokenObjectError) -> SessionTokenObject {
        try SessionTokenObject(body: Array(body.utf8), contentType: contentType)
    }

    @Test(
        "every known client's body is understood",
        arguments: [
            (json, "application/json"),
            (json, "application/json;charset=utf-8"),
            (json, "application/json; charset=UTF-8"),
            (" \n" + json, nil),
            ("humanId=h1&clientId=c1&sessionToken=s1&userId=u1", nil),
            (
                "humanId=h1&clientId=c1&sessionToken=s1&userId=u1",
                "application/x-www-form-urlencoded; charset=UTF-8"
            ),
            (
                "sessionTokenObject%5BhumanId%5D=h1&sessionTokenObject[clientId]=c1"
                    + "&sessionTokenObject[sessionToken]=s1&sessionTokenObject[userId]=u1"
                    + "&client_secret=x&user_id=7",
                "application/x-www-form-urlencoded"
            ),
            (
                "o[humanId]=h1&o[clientId]=c1&o[sessionToken]=s1&o[userId]=u1",
                "application/x-www-form-urlencoded"
            ),
            (#"{"sessionTokenObject":\#(json),"extra":[1,{"a":null}]}"#, "application/json"),
            (json, "text/plain;charset=UTF-8"),
            ("humanId=h1&clientId=c1&sessionToken=s1&userId=u1", "text/plain"),
            (
                ["humanId", "clientId", "sessionToken", "userId"].map {
                    "--B\r\nContent-Disposition: form-data; name=\"\($0)\"\r\n\r\n\($0.prefix(1))1\r\n"
                }.joined() + "--B--\r\n",
                "multipart/form-data; boundary=B"
            ),
        ] as [(String, String?)]
    )
    func everyKnownBody(body: String, contentType: String?) throws {
        #expect(try read(body, contentType) == Self.withUser)
    }

    @Test("the SDKs' three keys are enough, and a null userId counts as absent")
    func threeKeys() throws {
        let body = #"{"sessionToken":"s1","userId":null,"clientId":"c1","humanId":"h1"}"#
        #expect(try read(body, "application/json") == Self.plain)
    }

    @Test("escapes and percent-encoding are undone exactly once")
    func decoding() throws {
        let form = try read(
            "humanId=a%2Bb+c%2520&clientId=%C3%A9&sessionToken=s1&client_user_id=a%40b",
            nil
        )
        #expect(form.humanID.exposed == "a+b c%20")
        #expect(form.clientID == "é")
        #expect(form.clientUserID == "a@b")
        let json = try read(
            #"{"humanId":"\u00e9\ud83d\ude00\/","clientId":"a+b%20","sessionToken":"s"}"#,
            nil
        )
        #expect(json.humanID.exposed == "é😀/")
        #expect(json.clientID == "a+b%20")
    }

    @Test(
        "a missing field is named",
        arguments: ["humanId", "clientId", "sessionToken"],
        ["application/json", "form"]
    )
    func missing(name: String, format: String) {
        let names = ["humanId", "clientId", "sessionToken"].filter { $0 != name }
        let body =
            format == "form"
            ? names.map { $0 + "=x" }.joined(separator: "&")
            : "{" + names.map { "\"\($0)\":\"x\"" }.joined(separator: ",") + "}"
        #expect(throws: SessionTokenObjectError.missingField(name)) {
            try read(body, format == "form" ? nil : format)
        }
    }

    @Test(
        "a field that is not one plain text is refused",
        arguments: [
            "\"\"", "1", "null", "true", "[\"x\"]", "{\"$ne\":\"\"}", "\"a\\u0000b\"",
            "\"a\\u007f\"", "\"a\\u0085\"", "\"a\\n\"", "\"x\",\"humanId\":\"x\"",
        ]
    )
    func invalid(value: String) {
        let body = #"{"clientId":"c","sessionToken":"s","humanId":\#(value)}"#
        #expect(throws: SessionTokenObjectError.invalidField("humanId")) { try read(body, nil) }
    }

    @Test("a field may have 4096 bytes and no more")
    func longField() throws {
        func body(_ count: Int) -> String {
            "clientId=c&sessionToken=s&humanId=" + String(repeating: "h", count: count)
        }
        #expect(try read(body(4_096), nil).humanID.exposedBytes.count == 4_096)
        #expect(throws: SessionTokenObjectError.invalidField("humanId")) {
            try read(body(4_097), nil)
        }
    }

    @Test("the same field twice is refused, in every way of saying it twice")
    func repeated() {
        for body in [
            "humanId=a&humanId=b&clientId=c&sessionToken=s",
            "humanId=a&o[humanId]=b&clientId=c&sessionToken=s",
            #"{"humanId":"a","clientId":"c","sessionToken":"s","human\u0049d":"b"}"#,
            #"{"humanId":"a","clientId":"c","sessionToken":"s","#
                + #""sessionTokenObject":{"humanId":"b"}}"#,
        ] {
            #expect(throws: SessionTokenObjectError.invalidField("humanId")) {
                try read(body, nil)
            }
        }
    }

    @Test(
        "what is not JSON is malformed",
        arguments: [
            "", "{", "[]", "\"x\"", "{\"a\":1,}", "{'a':1}", "{\"a\":01}", "{\"a\":1.}",
            "{\"a\":+1}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\t\"}", "{} {}",
            "{\"a\":nul}", "{\"a\" 1}", "{\"a\":\"",
        ]
    )
    func malformedJSON(body: String) {
        #expect(throws: SessionTokenObjectError.malformed) { try read(body, "application/json") }
    }

    @Test("broken escapes and bytes that are not UTF-8 are malformed")
    func malformedBytes() {
        for body in ["humanId=%", "humanId=%4", "humanId=%zz", "humanId=%ff%fe"] {
            #expect(throws: SessionTokenObjectError.malformed) { try read(body, nil) }
        }
        let bytes = Array(#"{"humanId":""#.utf8) + [0xFF] + Array("\"}".utf8)
        #expect(throws: SessionTokenObjectError.malformed) {
            try SessionTokenObject(body: bytes, contentType: "application/json")
        }
    }

    @Test("sixteen levels are read, seventeen are too deep")
    func depth() throws {
        func body(_ levels: Int) -> String {
            let open = String(repeating: "[", count: levels - 1)
            let close = String(repeating: "]", count: levels - 1)
            return #"{"humanId":"h1","clientId":"c1","sessionToken":"s1","x":\#(open)\#(close)}"#
        }
        #expect(try read(body(16), nil) == Self.plain)
        #expect(throws: SessionTokenObjectError.tooDeep) { try read(body(17), nil) }
    }

    @Test("16 KiB are read, one byte more is too large")
    func size() throws {
        let padding = String(repeating: " ", count: 16_384 - Self.json.utf8.count)
        #expect(try read(Self.json + padding, nil) == Self.withUser)
        #expect(throws: SessionTokenObjectError.tooLarge) {
            try read(Self.json + padding + " ", nil)
        }
    }

    @Test(
        "other content types are refused",
        arguments: [
            "text/html", "text/plain; charset=utf-16", "multipart/form-data", "multipart/mixed",
            "multipart/form-data; boundary=", "application/xml",
            "application/json; charset=utf-16", "application/jsonp",
        ]
    )
    func contentTypes(contentType: String) {
        #expect(throws: SessionTokenObjectError.unsupportedContentType) {
            try read(Self.json, contentType)
        }
    }

    @Test("neither the object nor its errors show a value")
    func noValues() throws {
        let object = try read(#"{"humanId":"MARK","clientId":"c","sessionToken":"MARK"}"#, nil)
        #expect(!String(describing: object).contains("MARK"))
        #expect(!String(reflecting: object).contains("MARK"))
    }
}

import Testing
import Wire

@Suite("hexadecimal, base64 and percent-encoding", .timeLimit(.minutes(5)))
struct CodingTests {
    @Test("every byte is two lowercase digits, and is read back from either case")
    func hexadecimal() {
        let bytes = (0...255).map { UInt8($0) }
        let text = Hexadecimal.encode(bytes)
        #expect(text.hasPrefix("000102") && text.hasSuffix("fdfeff") && text.utf8.count == 512)
        #expect(Hexadecimal.decode(text) == bytes)
        #expect(Hexadecimal.decode(text.uppercased()) == bytes)
    }

    @Test(
        "what is no hexadecimal is refused",
        arguments: ["0", "0g", "0x", " 0", "+1", "é", "000"]
    )
    func noHexadecimal(text: String) {
        #expect(Hexadecimal.decode(text) == nil)
    }

    /// RFC 4648, section 10, and one value that tells the alphabets apart.
    private static let vectors: [(plain: [UInt8], standard: String, url: String)] = [
        (Array("".utf8), "", ""), (Array("f".utf8), "Zg==", "Zg"),
        (Array("fo".utf8), "Zm8=", "Zm8"), (Array("foo".utf8), "Zm9v", "Zm9v"),
        (Array("foob".utf8), "Zm9vYg==", "Zm9vYg"), (Array("fooba".utf8), "Zm9vYmE=", "Zm9vYmE"),
        (Array("foobar".utf8), "Zm9vYmFy", "Zm9vYmFy"), ([0xFB, 0xFF], "+/8=", "-_8"),
    ]

    @Test("both alphabets of base64 give the RFC's values", arguments: vectors.indices)
    func base64(index: Int) {
        let vector = Self.vectors[index]
        #expect(Base64.standard.encode(vector.plain) == vector.standard)
        #expect(Base64.url.encode(vector.plain) == vector.url)
        #expect(Base64.standard.decode(vector.standard.utf8) == vector.plain)
        #expect(Base64.url.decode(vector.url.utf8) == vector.plain)
    }

    @Test(
        "base64 has one spelling",
        arguments: [
            "Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "=", "====", "Z", "Zm 8=", "-_8=", "Zm9v=",
        ]
    )
    func oneSpelling(text: String) {
        #expect(Base64.standard.decode(text.utf8) == nil)
    }

    @Test(
        "base64 for URLs has one spelling",
        arguments: ["Zg==", "Zh", "Zm9", "Z", "+/8", "Zm9vY", "Zm9v=", "é"]
    )
    func oneSpellingForURLs(text: String) {
        #expect(Base64.url.decode(text.utf8) == nil)
    }

    @Test("encodeURIComponent keeps what ECMA-262 says, the unreserved set what RFC 3986 says")
    func percent() {
        let text = "aZ09-_.~!*'()é /%+"
        #expect(
            PercentCoding.encode(text, keeping: .component) == "aZ09-_.~!*'()%C3%A9%20%2F%25%2B"
        )
        #expect(
            PercentCoding.encode(text, keeping: .unreserved)
                == "aZ09-_.~%21%2A%27%28%29%C3%A9%20%2F%25%2B"
        )
        #expect(PercentCoding.decode("aZ%c3%A9%20%2B+".utf8) == "aZé ++")
        #expect(PercentCoding.decode("a+b%2B".utf8, plusIsSpace: true) == "a b+")
    }

    @Test(
        "broken escapes and what is not UTF-8 are refused",
        arguments: ["%", "%4", "%zz", "%+1", "%-1", "%C3", "%FF", "a%2"]
    )
    func brokenPercent(text: String) {
        #expect(PercentCoding.decode(text.utf8) == nil)
        #expect(throws: FormFields.Malformed.self) { try FormFields(Array("a=\(text)".utf8)) }
    }

    private static func part(_ name: String, _ value: String) -> String {
        "--b\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n"
    }

    @Test("the fields of a multipart form are read as browsers write them")
    func multipart() throws {
        let text =
            Self.part("b", "1") + Self.part("a[é]", " x\r\n--\r\n=&+%2B")
            + "--b\r\ncontent-disposition: form-data; name=\"b\"\r\nContent-Type: text/plain\r\n\r\n\r\n"
        let form = try FormFields(multipart: Array((text + "--b--\r\n").utf8), boundary: "b")
        #expect(form.fields.map(\.name) == ["b", "a[é]", "b"])
        #expect(form.fields.map(\.value) == ["1", " x\r\n--\r\n=&+%2B", ""])
        let empty = try FormFields(multipart: Array("--b--".utf8), boundary: "b")
        #expect(empty.fields.isEmpty)
    }

    @Test("files, and forms that break off, are refused")
    func brokenMultipart() {
        let good = Self.part("a", "1") + "--b--"
        let file =
            "--b\r\nContent-Disposition: form-data; name=\"a\"; filename=\"x\"\r\n\r\n1\r\n--b--"
        let texts =
            (0..<good.utf8.count).map {
                String(decoding: Array(good.utf8).prefix($0), as: UTF8.self)
            }
            + [
                file, " " + good, "--b\r\n\r\n1\r\n--b--",
                good.split(separator: "\r\n").joined(separator: "\n"), "--c--",
                "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--",
            ]
        for text in texts {
            #expect(throws: FormFields.Malformed.self, "\(text)") {
                try FormFields(multipart: Array(text.utf8), boundary: "b")
            }
        }
        #expect(throws: FormFields.Malformed.self) {
            let bytes = Array("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n".utf8)
            _ = try FormFields(multipart: bytes + [0xFF] + Array("\r\n--b--".utf8), boundary: "b")
        }
    }

    @Test("a form keeps the order of its fields, and names that repeat")
    func form() throws {
        let fields = try FormFields(Array("b=1&a=+%2B&b=2&c&=d".utf8))
        #expect(fields.fields.map(\.name) == ["b", "a", "b", "c", ""])
        #expect(fields.values(named: "b") == ["1", "2"])
        #expect(fields["a"] == " +" && fields["c"] == "" && fields["x"] == nil)
    }
}

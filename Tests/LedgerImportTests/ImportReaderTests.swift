import Foundation
import Ledger
@testable import LedgerImport
import LedgerStore
import SeededRandom
import Testing

@Suite("files to be imported", .timeLimit(.minutes(5)))
struct ImportReaderTests {
    /// What a file says: for each line its number, and the user's four values or the flaw.
    private func read(_ bytes: [UInt8]) throws -> [String] {
        try withFile(bytes) { file in
            var reader = try ImportReader(file)
            var lines: [String] = []
            while let line = try reader.next() {
                switch line.content {
                case .success(let user):
                    let values = [
                        user.clientUserID, user.humanID, user.publicToken, user.accessToken,
                    ]
                    lines.append("\(line.number) " + values.map(\.exposed).joined(separator: "|"))
                case .failure(let flaw): lines.append("\(line.number) \(flaw.code)")
                }
            }
            return lines
        }
    }

    private func read(_ text: String) throws -> [String] { try read(Array(text.utf8)) }

    private func withFile<Value>(
        _ bytes: [UInt8],
        permissions: Int = 0o600,
        _ body: (ImportFile) throws -> Value
    ) throws -> Value {
        let path = NSTemporaryDirectory() + "import-" + UUID().uuidString
        _ = FileManager.default.createFile(
            atPath: path,
            contents: Data(bytes),
            attributes: [.posixPermissions: permissions]
        )
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try body(try ImportFile(path))
    }

    private static let header = "clientUserId,humanId,publicToken,accessToken"

    @Test(
        "CSV is read as RFC 4180 has it: quotes, CRLF, a byte order mark, any order of columns",
        arguments: [
            ("\(header)\na,h,p,t\n", ["2 a|h|p|t"]),
            ("\(header)\r\na,h,p,t\r\n", ["2 a|h|p|t"]),
            ("\u{FEFF}\(header)\na,h,p,t", ["2 a|h|p|t"]),
            ("\"clientUserId\",\"humanId\",publicToken,accessToken\na,h,p,t", ["2 a|h|p|t"]),
            ("accessToken,publicToken,humanId,clientUserId\nt,p,h,a\n", ["2 a|h|p|t"]),
            ("\(header)\n\"a,\"\"b\"\"\",h,\"p\",t=-_\n", ["2 a,\"b\"|h|p|t=-_"]),
            ("\(header)\n\n a b,h,p,t\n\n", ["3  a b|h|p|t"]),
            ("\(header)\nè@x,h,p,t\n", ["2 è@x|h|p|t"]),
            ("\(header)\n", []),
        ]
    )
    func csv(text: String, expected: [String]) throws {
        #expect(try read(text) == expected)
    }

    @Test(
        "a bad line is named with its reason, and spoils no other",
        arguments: [
            ("\"a,h,p,t", "open_quote"), ("a,h,p,\"t", "open_quote"),
            ("\"a\"\",h,p,t", "open_quote"), ("a\"b,h,p,t", "stray_quote"),
            ("\"a\"b,h,p,t", "stray_quote"), ("a,h,p", "field_count"),
            ("a,h,p,t,", "field_count"), (",h,p,t", "client_user_id_invalid"),
            ("a/../b,h,p,t", "client_user_id_invalid"), ("a,,p,t", "human_id_invalid"),
            ("a,h,,t", "public_token_invalid"), ("a,h,p,", "access_token_invalid"),
            ("a,h,p, t", "access_token_invalid"), ("a,h\u{7},p,t", "human_id_invalid"),
            ("a,h,p,t\r", "access_token_invalid"),
        ]
    )
    func badLine(line: String, code: String) throws {
        // A carriage return more than CRLF has.
        let text = "\(Self.header)\n\(line)\r\nb,h,p,t\n"
        #expect(try read(text) == ["2 \(code)", "3 b|h|p|t"])
    }

    @Test("bytes that are not UTF-8 are refused, and not replaced")
    func notUTF8() throws {
        let bytes = Array("\(Self.header)\n".utf8) + [0xC3, 0x28] + Array(",h,p,t\n".utf8)
        #expect(try read(bytes) == ["2 not_utf8"])
    }

    @Test(
        "NDJSON is one object of the four texts a line",
        arguments: [
            (#"{"clientUserId":"a","humanId":"h","publicToken":"p","accessToken":"t"}"#, "a|h|p|t"),
            (
                #" {"accessToken":"t","publicToken":"p","humanId":"h","clientUserId":"\u00e8"}"#,
                "è|h|p|t"
            ),
            (#"{"clientUserId":"a","humanId":"h","publicToken":"p"}"#, "not_the_four_fields"),
            (
                #"{"clientUserId":"a","humanId":"h","publicToken":"p","accessToken":1}"#,
                "not_the_four_fields"
            ),
            (
                #"{"clientUserId":"a","clientUserId":"b","humanId":"h","publicToken":"p"}"#,
                "not_the_four_fields"
            ),
            (
                #"{"clientUserId":"a","humanId":"h","publicToken":"p","accessToken":"t","x":"y"}"#,
                "not_the_four_fields"
            ),
            (#"{"clientUserId":"a""#, "not_the_four_fields"), ("[]", "not_the_four_fields"),
            (
                #"{"clientUserId":"","humanId":"h","publicToken":"p","accessToken":"t"}"#,
                "client_user_id_invalid"
            ),
        ]
    )
    func ndjson(line: String, expected: String) throws {
        let good = #"{"clientUserId":"a","humanId":"h","publicToken":"p","accessToken":"t"}"#
        #expect(try read("\(good)\n\(line)\n") == ["1 a|h|p|t", "2 \(expected)"])
    }

    @Test(
        "what is no list of users is refused as a whole",
        arguments: [
            ("", ImportError.empty), ("a,b,c\n", .header), ("clientUserId,humanId\n", .header),
            ("\(header),email\n", .header),
            ("\(header.replacing("humanId", with: "x"))\n", .header),
            ("clientUserId,clientUserId,publicToken,accessToken\n", .header),
            ("\"clientUserId,humanId,publicToken,accessToken\n", .header),
        ]
    )
    func noList(text: String, error: ImportError) {
        #expect(throws: error) { try read(text) }
    }

    @Test("a line that is too long is one bad line, however long it is")
    func longLine() throws {
        let long = String(repeating: "x", count: 3 * ImportLimits.lineBytesMax)
        #expect(
            try read("\(Self.header)\na,h,p,\(long)\nb,h,p,t\n\(long)")
                == ["2 line_too_long", "3 b|h|p|t", "4 line_too_long"]
        )
        let most = String(repeating: "x", count: ImportLimits.tokenBytesMax)
        #expect(
            try read("\(Self.header)\na,h,\(most),\(most)\nb,h,p,x\(most)\n")
                == ["2 a|h|\(most)|\(most)", "3 access_token_invalid"]
        )
    }

    @Test("a file with tokens that others may read is refused, and so is a folder")
    func permissions() throws {
        #expect(throws: ImportError.openToOthers) {
            try withFile(Array("\(Self.header)\n".utf8), permissions: 0o644) { _ in }
        }
        #expect(throws: ImportError.notAFile) { _ = try ImportFile(NSTemporaryDirectory()) }
    }

    @Test(
        "whatever bytes come, every line is read or named, and its number is right",
        arguments: [3, 4]
    )
    func anyBytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let alphabet: [UInt8] = Array("a,\"\r\n\\{}:é".utf8) + [0, 0xFF]
        for _ in 0..<500 {
            var bytes = Array("\(Self.header)\n".utf8)
            for _ in 0..<Int.random(in: 0...60, using: &random) {
                bytes.append(alphabet.randomElement(using: &random) ?? 0)
            }
            let body = bytes.dropFirst(Self.header.utf8.count + 1)
            let expected = body.split(separator: 0x0A, omittingEmptySubsequences: false)
                .enumerated().filter { !$1.isEmpty && Array($1) != [0x0D] }.map {
                    "\($0.offset + 2)"
                }
            let lines = try read(bytes).map { String($0.prefix { $0 != " " }) }
            #expect(lines == expected, "seed \(seed): \(bytes)")
        }
    }
}

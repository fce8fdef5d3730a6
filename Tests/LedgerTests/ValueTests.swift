import Ledger
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("version 7 has the time first, then the sequence, then what is random")
    func version7() {
        let identifier = Identifier(
            milliseconds: 0x019A_B5D6_1C00,
            sequence: 0xFABC,
            random: .max
        )
        #expect(identifier.description == "019ab5d6-1c00-7abc-bfff-ffffffffffff")
        #expect(
            Identifier(milliseconds: 0, sequence: 0, random: 0).description
                == "00000000-0000-7000-8000-000000000000"
        )
    }

    @Test("identifiers are ordered by time, then by sequence")
    func order() {
        let first = Identifier(milliseconds: 1, sequence: 0xFFF, random: .max)
        let second = Identifier(milliseconds: 2, sequence: 0, random: 0)
        let third = Identifier(milliseconds: 2, sequence: 1, random: 0)
        #expect(first < second)
        #expect(second < third)
        #expect(!(second < first))
    }

    @Test("version 8 keeps all bits but version and variant")
    func version8() throws {
        let ones = try #require(Identifier(custom: [UInt8](repeating: 0xFF, count: 16)))
        #expect(ones.description == "ffffffff-ffff-8fff-bfff-ffffffffffff")
        let zeros = try #require(Identifier(custom: [UInt8](repeating: 0, count: 16)))
        #expect(zeros.description == "00000000-0000-8000-8000-000000000000")
        #expect(Identifier(custom: [UInt8](repeating: 0, count: 15)) == nil)
        #expect(Identifier(custom: [UInt8](repeating: 0, count: 17)) == nil)
    }

    @Test("a derived identifier depends on label and original, and keeps time and version")
    func derived() {
        let one = Identifier(milliseconds: 77, sequence: 5, random: 1)
        let other = Identifier(milliseconds: 77, sequence: 5, random: 2)
        #expect(one.derived("outcome") == one.derived("outcome"))
        #expect(one.derived("outcome") != one.derived("dispatch"))
        #expect(one.derived("outcome") != other.derived("outcome"))
        #expect(one.derived("outcome") != one)
        #expect(one.derived("outcome").value >> 62 == one.value >> 62)
        // Released: these decide who is first across versions of the program.
        #expect(
            one.derived("outcome").description == "00000000-004d-7005-b5fe-2a8465b02e52",
            "the way identifiers are derived is fixed"
        )
    }

    @Test("the textual form is read back, in either case, and nothing else is")
    func text() {
        let identifier = Golden.subject
        #expect(Identifier(identifier.description) == identifier)
        #expect(Identifier(identifier.description.uppercased()) == identifier)
        #expect(Identifier(bytes: identifier.bytes) == identifier)
        #expect(Identifier(bytes: identifier.bytes.dropLast()) == nil)
        for text in [
            "", "6f1d2c3b4a594e688f770123456789ab", "{6f1d2c3b-4a59-4e68-8f77-0123456789ab}",
            "6f1d2c3b-4a59-4e68-8f77-0123456789a", "6f1d2c3b-4a59-4e68-8f77-0123456789abc",
            "6f1d2c3b-4a59-4e68-8f77-0123456789ag", " 6f1d2c3b-4a59-4e68-8f77-0123456789a",
            "6f1d2c3b_4a59_4e68_8f77_0123456789ab", "6f1d2c3b-4a59-4e68-8f770-123456789ab",
        ] {
            #expect(Identifier(text) == nil, "\(text)")
        }
    }
}

@Suite("Fingerprints")
struct FingerprintTests {
    @Test("a fingerprint is the first 16 bytes of a MAC")
    func truncation() throws {
        let fingerprint = try #require(Fingerprint((0..<32).map { UInt8($0) }))
        #expect(fingerprint.description == "000102030405060708090a0b0c0d0e0f")
        #expect(fingerprint.bytes == (0..<16).map { UInt8($0) })
        #expect(Fingerprint((0..<15).map { UInt8($0) }) == nil)
    }

    @Test("its hexadecimal form is read back, and nothing else is")
    func text() {
        #expect(Fingerprint(hexadecimal: Golden.one.description) == Golden.one)
        #expect(Fingerprint(hexadecimal: Golden.one.description.uppercased()) == Golden.one)
        for text in [
            "", "00", Golden.one.description + "0", "0x" + Golden.one.description.dropLast(2),
        ] {
            #expect(Fingerprint(hexadecimal: text) == nil, "\(text)")
        }
    }
}

@Suite("Secrets")
struct SecretTests {
    private struct Holder {
        let name = "holder"
        let secret = Secret("MARKER")
        let secrets = [Secret("MARKER")]
        let optional: Secret? = Secret("MARKER")
    }

    @Test("a secret has no textual form, alone or inside another value")
    func noTextualForm() {
        let secret = Secret("MARKER")
        var dumped = ""
        dump(secret, to: &dumped)
        dump(Holder(), to: &dumped)
        let texts = [
            "\(secret)", String(describing: secret), String(reflecting: secret), dumped,
            "\(Holder())", String(reflecting: Holder()), "\([secret])", "\(["key": secret])",
            "\(Optional(secret) as Any)", String(reflecting: Mirror(reflecting: secret)),
        ]
        for text in texts { #expect(!text.contains("MARKER")) }
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect("\(secret)" == "(secret)")
    }

    @Test("the value is there for who asks by name")
    func exposed() {
        #expect(Secret("MARKER").exposed == "MARKER")
        #expect(Secret("é").exposedBytes == [0xC3, 0xA9])
        #expect(Secret("a") == Secret("a"))
        #expect(Secret("a") != Secret("b"))
    }
}

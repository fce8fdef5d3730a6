import Ledger
import Testing

@Suite("Identifiers")
struct IdentifierTests {
    @Test("version 7 has the time first, then the sequence, then what is random")
    func version7() {
        let identifier = Identifier(
            milliseconds: 0x019A_B5D6_1C00,
            sequence: 0xFABC,
            random: .max,
            in: .facts
        )
        #expect(identifier.description == "019ab5d6-1c00-7abc-800f-ffffffffffff")
        #expect(
            Identifier(milliseconds: 0, sequence: 0, random: 0, in: .access).description
                == "00000000-0000-7000-8010-000000000000"
        )
    }

    @Test(
        "an identifier says to which log it belongs, whatever it was made of",
        arguments: Logs(pairs: 3).ofEvents
    )
    func log(log: Log) throws {
        for byte in [0, 0x5A, 0xFF] as [UInt8] {
            let random = UInt64(byte) * 0x0101_0101_0101_0101
            let new = Identifier(milliseconds: 1, sequence: 2, random: random, in: log)
            let custom = try #require(
                Identifier(custom: [UInt8](repeating: byte, count: 16), in: log)
            )
            for identifier in [new, custom, new.derived("outcome"), custom.derived("dispatch/1")] {
                #expect(identifier.logID == log.id)
                #expect(Log(of: identifier) == log)
                let read = try #require(Identifier(identifier.description))
                #expect(Log(of: read) == log, "it stays so in text")
            }
        }
    }

    @Test("what names a log that there is not belongs to none")
    func unknownLog() throws {
        let highest = try #require(Identifier("00000000-0000-7000-bff0-000000000000"))
        #expect(highest.logID == 1_023)
        #expect(Log(of: highest) == Log(.access, pair: 511))
        #expect(Logs(pairs: 512).log(of: highest) == Log(.access, pair: 511))
        #expect(Logs(pairs: 511).log(of: highest) == nil)
        let next = try #require(Identifier("00000000-0000-7000-8030-000000000000"))
        #expect(next.logID == 3)
        #expect(Logs.one.log(of: next) == nil)
        #expect(Logs(pairs: 2).log(of: next) == Log(.access, pair: 1))
    }

    @Test("pairs that are added close all of before, so logs can become others in one way")
    func addedPairs() {
        let (one, three) = (Logs.one, Logs(pairs: 3, closedPairs: 1))
        let six = Logs(pairs: 6, closedPairs: 3)
        #expect(one.canBecome(three) && three.canBecome(six) && one.canBecome(six))
        #expect(one.canBecome(Logs(pairs: 2, closedPairs: 1)))
        for (before, after) in [
            (one, one), (three, three), (three, one), (six, three), (one, Logs(pairs: 3)),
            (three, Logs(pairs: 6, closedPairs: 2)), (three, Logs(pairs: 6)),
        ] {
            #expect(!before.canBecome(after), "\(before) \(after)")
        }
    }

    @Test("identifiers are ordered by time, then by sequence")
    func order() {
        let first = Identifier(milliseconds: 1, sequence: 0xFFF, random: .max, in: .facts)
        let second = Identifier(milliseconds: 2, sequence: 0, random: 0, in: .facts)
        let third = Identifier(milliseconds: 2, sequence: 1, random: 0, in: .facts)
        #expect(first < second)
        #expect(second < third)
        #expect(!(second < first))
    }

    @Test("version 8 keeps all bits but those of version, variant and log")
    func version8() throws {
        let make = { (byte: UInt8, count: Int, log: Log) in
            Identifier(custom: [UInt8](repeating: byte, count: count), in: log)
        }
        #expect(make(0xFF, 16, .facts)?.description == "ffffffff-ffff-8fff-800f-ffffffffffff")
        #expect(make(0xFF, 16, .access)?.description == "ffffffff-ffff-8fff-801f-ffffffffffff")
        #expect(make(0, 16, .facts)?.description == "00000000-0000-8000-8000-000000000000")
        #expect(make(0, 15, .facts) == nil)
        #expect(make(0, 17, .facts) == nil)
    }

    @Test("a derived identifier depends on label and original, and keeps time, version and log")
    func derived() {
        let one = Identifier(milliseconds: 77, sequence: 5, random: 1, in: .facts)
        let other = Identifier(milliseconds: 77, sequence: 5, random: 2, in: .facts)
        #expect(one.derived("outcome") == one.derived("outcome"))
        #expect(one.derived("outcome") != one.derived("dispatch"))
        #expect(one.derived("outcome") != other.derived("outcome"))
        #expect(one.derived("outcome") != one)
        #expect(one.derived("outcome").value >> 52 == one.value >> 52)
        // Released: these decide who is first across versions of the program.
        #expect(
            one.derived("outcome").description == "00000000-004d-7005-800e-2a8465b02e52",
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

import MerkleLog
import SeededRandom
import Testing
import Wire
@testable import Witness

@Suite("A witness policy")
struct PolicyTests {
    /// The key of a witness, a different one for every number.
    static func witness(_ number: UInt8) throws -> VerifierKey {
        try Cosigner(
            name: "witness.example/w\(number)",
            seed: [UInt8](repeating: number, count: 32)
        ).key
    }

    static func log(_ number: UInt8) throws -> VerifierKey {
        try NoteSigner(name: "log.example/\(number)", seed: [UInt8](repeating: number, count: 32))
            .key
    }

    static func policy(_ text: String) throws -> WitnessPolicy {
        try WitnessPolicy(Array(text.utf8))
    }

    /// The specification's example, with keys.
    static func example() throws -> String {
        """
        log \(try log(99))

        witness X1 \(try witness(1))
        witness X2 \(try witness(2)) https://x2.example/prefix/
        witness X3 \(try witness(3))
        group X-witnesses 2 X1 X2 X3

          # indented, and items apart by tabs
        witness\tY1 \t\(try witness(4))\t
        witness Y2 \(try witness(5))
        witness Y3 \(try witness(6))
        group Y-witnesses any Y1 Y2 Y3

        group X-and-Y all X-witnesses Y-witnesses
        quorum X-and-Y

        """
    }

    @Test("the specification's example is satisfied by two of X and one of Y, and by no fewer")
    func example() throws {
        let policy = try Self.policy(Self.example())
        #expect(policy.logs == [try Self.log(99)])
        #expect(policy.witnesses.map(\.name) == ["X1", "X2", "X3", "Y1", "Y2", "Y3"])
        #expect(
            policy.witnesses.map(\.url) == [nil, "https://x2.example/prefix/", nil, nil, nil, nil]
        )
        let keys = try (1...6).map { try Self.witness($0) }
        for subset in 0..<64 {
            let signers = keys.indices.filter { subset >> $0 & 1 == 1 }.map { keys[$0] }
            let isEnough = (subset & 7).nonzeroBitCount >= 2 && subset >> 3 != 0
            #expect(policy.isSatisfied(by: Set(signers)) == isEnough, "\(subset)")
        }
    }

    @Test("no cosignature is needed where the quorum is none, one where it is a witness")
    func small() throws {
        let none = try Self.policy("quorum none\n")
        #expect(none.isSatisfied(by: []))
        let one = try Self.policy("witness a \(Self.witness(1))\nquorum a\n")
        #expect(!one.isSatisfied(by: [try Self.witness(2)]))
        #expect(one.isSatisfied(by: [try Self.witness(1)]))
        // The same public key under another name is another key.
        let other = try VerifierKey(
            name: "b",
            type: .cosignature,
            publicKey: Self.witness(1).publicKey
        )
        #expect(!one.isSatisfied(by: [other]))
    }

    @Test("what is wrong is told with its line")
    func refused() throws {
        let (a, b, log) = try (Self.witness(1), Self.witness(2), Self.log(3))
        let renamed = try VerifierKey(name: "z", type: .cosignature, publicKey: a.publicKey)
        let cases: [(text: String, line: Int?, reason: WitnessPolicyError.Reason)] = [
            ("", nil, .noQuorum),
            ("witness a \(a)\n", nil, .noQuorum),
            ("quorum none", 1, .unendedLine),
            ("quorum none\n ", 2, .unendedLine),
            ("quorum none\r\n", 1, .controlCharacter),
            ("# \u{0}\nquorum none\n", 1, .controlCharacter),
            ("quorum none\n# \u{7F}\n", 2, .controlCharacter),
            ("\nQuorum none\n", 2, .unknownKeyword),
            ("quorum\u{A0}none\n", 1, .unknownKeyword),
            ("quorum\n", 1, .wrongItemCount),
            ("quorum none none\n", 1, .wrongItemCount),
            ("quorum none\nquorum none\n", 2, .secondQuorum),
            ("quorum a\nwitness a \(a)\n", 1, .unknownName),
            ("witness a\n", 1, .wrongItemCount),
            ("witness a \(a) http://x http://y\n", 1, .wrongItemCount),
            ("witness a \(a)x\n", 1, .malformedKey(.malformedKey)),
            ("witness a \(log)\n", 1, .wrongKeyType),
            ("witness none \(a)\n", 1, .reservedName),
            ("witness a \(a) ftp://x/\n", 1, .malformedURL),
            ("witness a \(a) https://\n", 1, .malformedURL),
            ("witness a \(a) https://x/?q\n", 1, .malformedURL),
            ("witness a \(a)\nwitness b \(a)\n", 2, .duplicateKey),
            ("witness a \(a)\nwitness b \(renamed)\n", 2, .duplicateKey),
            ("witness a \(a)\nwitness a \(b)\n", 2, .duplicateName),
            ("log \(a)\n", 1, .wrongKeyType),
            ("log\n", 1, .wrongItemCount),
            ("log \(log)\nlog \(log) http://x\n", 2, .duplicateKey),
            ("witness a \(a)\ngroup g any\n", 2, .wrongItemCount),
            ("witness a \(a)\ngroup g 0 a\n", 2, .malformedThreshold),
            ("witness a \(a)\ngroup g 2 a\n", 2, .malformedThreshold),
            ("witness a \(a)\ngroup g 01 a\n", 2, .malformedThreshold),
            ("witness a \(a)\ngroup g +1 a\n", 2, .malformedThreshold),
            ("witness a \(a)\ngroup g some a\n", 2, .malformedThreshold),
            ("witness a \(a)\ngroup g any a a\n", 2, .repeatedMember),
            ("witness a \(a)\ngroup g any a\ngroup h any a\n", 3, .repeatedMember),
            ("witness a \(a)\ngroup g any none\n", 2, .reservedName),
            ("witness a \(a)\ngroup g any g\n", 2, .unknownName),
            ("witness a \(a)\ngroup a any a\n", 2, .duplicateName),
            ("witness K \(a)\nquorum \u{212A}\n", 2, .unknownName),
        ]
        for (text, line, reason) in cases {
            let expected = WitnessPolicyError(line: line, reason)
            #expect(throws: expected, "\(text)") { try Self.policy(text) }
        }
        let error = WitnessPolicyError(line: 2, .unknownName)
        #expect("\(error)" == "line 2 of the witness policy: a name in it is not defined above")
    }

    /// A key of ML-DSA-44, as C2SP `tlog-cosignature` recommends it; nothing here can verify it.
    static func unknownKey(_ number: UInt8) -> String {
        let key = [0x06] + [UInt8](repeating: number, count: 1_312)
        return "witness.example/pq\(number)+0000000\(number % 10)+" + Base64.standard.encode(key)
    }

    @Test("a line with a key of an unknown type is skipped in words, and makes nothing easier")
    func unknownTypes() throws {
        let (a, b) = try (Self.witness(1), Self.witness(2))
        let lines = """
            log \(Self.unknownKey(7))
            log \(try Self.log(99))
            witness a \(a) https://a.example/
            witness pq \(Self.unknownKey(8)) https://pq.example/
            witness b \(b) https://b.example/

            """
        let policy = try Self.policy(lines + "group g 2 a b pq\nquorum g\n")
        #expect(policy.witnesses.map(\.name) == ["a", "b"])
        #expect(policy.skipped.map(\.line) == [1, 4])
        #expect(policy.skipped.allSatisfy { "\($0)".contains("keys of type 6 are not known here") })
        #expect(policy.isSatisfied(by: [a, b]) && !policy.isSatisfied(by: [a]))
        try policy.check(log: Self.log(99))
        try policy.checkWitnesses()
        // All of three cannot be had any more.
        for rest in ["group g all a b pq\nquorum g\n", "quorum pq\n"] {
            #expect(throws: WitnessPolicyError(.quorumOutOfReach), "\(rest)") {
                try WitnessQuorum(policy: Self.policy(lines + rest), log: Self.log(99))
            }
        }
        // A policy whose only log was skipped is not one for every log.
        #expect(throws: WitnessPolicyError(.otherLog)) {
            try WitnessQuorum(
                policy: Self.policy("log \(Self.unknownKey(7))\nquorum none\n"),
                log: Self.log(99)
            )
        }
        // What is no key at all is still an error.
        #expect(throws: WitnessPolicyError(line: 1, .malformedKey(.malformedKey))) {
            try Self.policy("witness a \(Self.unknownKey(7).dropLast(3))\nquorum none\n")
        }
    }

    @Test("32 logs, witnesses and groups are taken, and no more")
    func bounds() throws {
        var text = ""
        for number in UInt8(1)...32 {
            text += "log \(try Self.log(number + 100))\n"
            text += "witness w\(number) \(try Self.witness(number))\n"
            text += "group g\(number) any w\(number)\(number == 1 ? "" : " g\(number - 1)")\n"
        }
        let policy = try Self.policy(text + "quorum g32\n")
        #expect(policy.isSatisfied(by: [try Self.witness(1)]), "31 groups deep")
        for line in [
            "log \(try Self.log(200))\n", "witness w33 \(try Self.witness(33))\n",
            "group g33 any g32\n",
        ] {
            #expect(throws: WitnessPolicyError(line: 97, .tooMany)) { try Self.policy(text + line) }
        }
        let long = "#" + String(repeating: "x", count: WitnessLimits.policyBytesMax) + "\n"
        #expect(throws: WitnessPolicyError(.tooLarge)) { try Self.policy(long + "quorum none\n") }
    }

    @Test("changed bytes make an error or another policy, never a crash")
    func fuzz() throws {
        var numbers = SeededRandom(seed: 7)
        let example = Array(try Self.example().utf8)
        var taken = 0
        for _ in 0..<2_000 * FuzzLength.times {
            var bytes = example
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                let place = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &numbers)
                case 1: bytes.remove(at: place)
                default: bytes.removeSubrange(place...)
                }
                if bytes.isEmpty { break }
            }
            if (try? WitnessPolicy(bytes)) != nil { taken += 1 }
        }
        #expect(taken > 0 && taken < 1_000 * FuzzLength.times)
    }

    @Test("a policy for other logs, or with a witness that cannot be asked, is refused")
    func unusable() throws {
        let policy = try Self.policy(Self.example())
        #expect(throws: WitnessPolicyError(.otherLog)) {
            try WitnessQuorum(policy: policy, log: Self.log(98))
        }
        #expect(throws: WitnessPolicyError(line: 3, .missingURL)) {
            try WitnessQuorum(policy: policy, log: Self.log(99))
        }
    }
}

import Foundation
import Ledger
import MerkleLog
import StateMap
import Subprocess
import Testing

/// Our verdicts against those of `reader.py`, which shares no code with us.
@Suite("The independent reader", .timeLimit(.minutes(5)))
struct IndependentReaderTests {
    private static let script =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/reader.py"

    private let ledger: SampleLedger

    init() throws {
        ledger = try SampleLedger(users: 12)
    }

    /// What it says of each file.
    private func read(
        _ documents: [[UInt8]],
        age: String = "60",
        now: Int = SampleLedger.time + 1,
        witnesses: [VerifierKey]? = nil
    ) async throws -> [Substring] {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("reader-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var arguments = [
            Self.script,
            ([ledger.factsSigner.key] + (witnesses ?? [ledger.witness.key]))
                .map(\.description).joined(separator: ","),
            age, String(now),
        ]
        for (number, document) in documents.enumerated() {
            let file = folder.appendingPathComponent("\(number)")
            try Data(document).write(to: file)
            arguments.append(file.path)
        }
        let result = try await run(
            .name("python3"),
            arguments: Arguments(arguments),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        try #require(result.standardError.isEmpty, "\(result.standardError)")
        return result.standardOutput.split(separator: "\n")
    }

    @Test("it is short")
    func length() throws {
        let text = try String(contentsOfFile: Self.script, encoding: .utf8)
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 132)
    }

    @Test("it accepts what we accept: known, erased, unknown, by pseudonym and by name")
    func accepted() async throws {
        var proofs = try ledger.users.prefix(9).map { try ledger.proof(of: $0) }
        proofs.append(try ledger.proof(ledger.statesPart(ledger.users[9].subject), nil))
        proofs.append(try ledger.proof(ledger.statesPart(.init(value: 77)), nil))
        proofs.append(try ledger.proof(nil, ledger.namesPart(.init("nobody"))))
        let answers = try await read(proofs.map(\.bytes))
        #expect(answers.count == proofs.count)
        for (proof, answer) in zip(proofs, answers) {
            #expect(throws: Never.self) { try ledger.check.verify(proof) }
            #expect(answer.hasPrefix("accepted: "), "\(answer)")
        }
        #expect(answers[9].contains("\"status\":\"erased\""))
        #expect(answers[10].hasSuffix("unknown"))
        #expect(answers[11].hasSuffix("nobody unknown"))
    }

    @Test(
        "it takes proofs from any pair of logs, and refuses what is from another one than the user's"
    )
    func pairs() async throws {
        let logs = Logs(pairs: 3)
        let parts = try logs.list(.facts).map {
            try SampleLedger(users: 4, pair: $0.pair, of: logs)
        }
        var own: [StateProof] = []
        var foreign: [StateProof] = []
        for part in parts {
            let user = part.users[0]
            let nobody = SampleLedger.id("nobody", in: part.log, of: logs)
            own += [
                try part.proof(of: user), try part.proof(nil, part.namesPart(nobody)),
                try part.proof(part.statesPart(user.subject), nil),
            ]
            for other in parts where other.log != part.log {
                foreign += [
                    try other.proof(nil, other.namesPart(user.id)),
                    try other.proof(other.statesPart(user.subject), nil),
                ]
            }
        }
        for answer in try await read(own.map(\.bytes)) {
            #expect(answer.hasPrefix("accepted: "), "\(answer)")
        }
        for answer in try await read(foreign.map(\.bytes)) {
            #expect(answer == "refused: nobody of this pair of logs")
        }
        let text = String(decoding: own[0].bytes, as: UTF8.self)
        let forged = [2, 4, 5, 6].map { text.replacing("pairs 3\n", with: "pairs \($0)\n") }
        for answer in try await read(forged.map { Array($0.utf8) }) {
            #expect(answer.hasPrefix("refused: "), "\(answer)")
        }
    }

    @Test(
        "it takes users of closed pairs from there, and nobody only from the home and all of those"
    )
    func closedPairs() async throws {
        let logs = Logs(pairs: 4, closedPairs: 2)
        let parts = try logs.list(.facts).map {
            try SampleLedger(users: 4, pair: $0.pair, of: logs)
        }
        let nobody = SampleLedger.id("nobody", in: parts[3].log, of: logs)
        let absences = try parts.map { try $0.absence(nobody) }
        func file(_ pairs: Int...) -> [UInt8] { pairs.flatMap { absences[$0].bytes } }
        var own = [file(3, 0, 1)]
        for part in parts {
            own.append(try part.proof(of: part.users[0]).bytes)
            own.append(try part.proof(part.statesPart(part.users[0].subject), nil).bytes)
        }
        let answers = try await read(own)
        #expect(answers.count == own.count)
        for answer in answers { #expect(answer.hasPrefix("accepted: "), "\(answer)") }
        #expect(answers[0].hasSuffix("nobody unknown"))

        let incomplete = [file(3), file(3, 0), file(3, 1, 0), file(3, 0, 0), file(3, 0, 1, 1)]
        for answer in try await read(incomplete) {
            #expect(answer == "refused: not of the home and then of each closed pair of logs")
        }
        for answer in try await read([file(0, 1), file(2, 0, 1), file(0, 3, 1)]) {
            #expect(answer == "refused: nobody of this pair of logs")
        }
        let user = parts[0].users[0]
        let home = logs.home(of: SampleLedger.label(user.id))
        let another = SampleLedger.id("another", in: parts[3].log, of: logs)
        let other = try SampleLedger(users: 4, pair: 0, of: Logs(pairs: 5, closedPairs: 2))
        let denied = try [parts[home.pair], parts[0], parts[1]]
            .flatMap { try $0.absence(user.id).bytes }
        #expect(try await read([denied]) == ["refused: the name is another subject's"])
        let refused = [
            file(3) + (try parts[0].absence(another).bytes) + file(1),
            file(3) + (try other.absence(nobody).bytes) + file(1),
            own[1] + own[1], own[1] + file(0), file(3, 0) + [0x0A] + file(1),
            try parts[1].proof(parts[1].statesPart(user.subject), nil).bytes,
            // Somebody of an open pair, by a name that is at home in another one.
            try parts[2].proof(
                parts[2].statesPart(parts[2].users[0].subject),
                parts[2].namesPart(parts[3].users[0].id)
            ).bytes,
        ]
        for answer in try await read(refused) {
            #expect(answer.hasPrefix("refused: "), "\(answer)")
        }
    }

    @Test("it refuses what we refuse: altered, stale, not the last, not cosigned")
    func refused() async throws {
        let document = try ledger.proof(of: ledger.users[1]).bytes
        var altered: [[UInt8]] = []
        for place in stride(from: 0, to: document.count, by: 29) {
            var bytes = document
            bytes[place] ^= 1 << UInt8(place % 8)
            altered.append(bytes)
        }
        for (number, answer) in try await read(altered).enumerated() {
            #expect(answer.hasPrefix("refused: "), "byte \(29 * number): \(answer)")
        }
        let part = ledger.statesPart(ledger.users[1].subject)
        let count = ledger.statements.count
        let earlier = try ledger.proof(
            part,
            nil,
            entry: ledger.entry(0, in: count),
            statement: 0
        )
        let alone = try ledger.proof(
            part,
            nil,
            entry: ledger.entry(count - 1, in: count, cosignedAt: nil)
        )
        let ahead = try ledger.proof(
            part,
            nil,
            entry: ledger.entry(count - 1, in: count, cosignedAt: SampleLedger.time + 302)
        )
        let refused = [earlier.bytes, alone.bytes, ahead.bytes]
        for answer in try await read(refused) {
            #expect(answer.hasPrefix("refused: "), "\(answer)")
        }
        #expect(try await read([alone.bytes], witnesses: [])[0].hasPrefix("accepted"))
        // A name that leads to a pseudonym of which nothing is known; the keys are the same.
        let stateless = try SampleLedger(users: 4, statelessUser: 2)
        let nameless = try stateless.proof(of: stateless.users[2]).bytes
        #expect(try await read([nameless]) == ["refused: the name is another subject's"])
        let late = SampleLedger.time + 61
        #expect(try await read([document], now: late) == ["refused: 61 s old"])
        #expect(try await read([document], age: "-", now: late)[0].hasPrefix("accepted"))
    }
}

import Foundation
import MerkleLog
import Testing
@testable import Witness

@Suite("What a witness remembers")
struct FolderTests {
    @Test("a witness that was stopped goes on where it was")
    func restart() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            var witness: CheckpointWitness? = try LiveWitness.witness(folder, logs: [log.key])
            _ = try await witness?.judge(log.request(from: 0, to: 300).bytes)
            witness = nil
            witness = try LiveWitness.witness(folder, logs: [log.key])
            #expect(
                try await witness?.judge(log.request(from: 0, to: 5).bytes) == .conflict(size: 300)
            )
            let fork = try SampleLog(common: 299, fork: "x")
            #expect(
                try await witness?.judge(fork.request(from: 300, to: 301).bytes)
                    == .notConsistent
            )
            let next = try await witness?.judge(log.request(from: 300, to: 301).bytes)
            guard case .cosigned = next else {
                Issue.record("\(String(describing: next))")
                return
            }
        }
    }

    @Test("the state is on the disk before the answer, under a name that is a hash")
    func written() async throws {
        let log = try SampleLog(name: "../../\u{2603}")
        try await TemporaryFolder.lend { folder in
            let witness = try LiveWitness.witness(folder, logs: [log.key])
            let verdict = try await witness.judge(log.request(from: 0, to: 7).bytes)
            guard case .cosigned(let signature) = verdict else {
                Issue.record("\(verdict)")
                return
            }
            let files = try folder.files.filter { $0 != "lock" }
            #expect(files.count == 1 && files.allSatisfy { $0.count == 64 })
            let path = folder.path + "/state/" + (try #require(files.first))
            let kept = try SignedNote(Array(Data(contentsOf: URL(fileURLWithPath: path))))
            #expect(kept.signatures == (try log.note(7).signatures) + [signature])
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
    }

    @Test("nothing is signed when the state cannot be written, and nothing is remembered")
    func unwritable() async throws {
        let log = try SampleLog()
        let fork = try SampleLog(common: 5, fork: "x")
        try await TemporaryFolder.lend { folder in
            let witness = try LiveWitness.witness(folder, logs: [log.key])
            _ = try await witness.judge(log.request(from: 0, to: 5).bytes)
            let state = try #require(folder.files.first { $0 != "lock" })
            // A folder where the draft should be: not even root can write that.
            let draft = folder.path + "/state/" + state + ".new"
            try FileManager.default.createDirectory(
                atPath: draft,
                withIntermediateDirectories: true
            )
            await #expect(throws: WitnessFolderError.self) {
                try await witness.judge(log.request(from: 5, to: 8).bytes)
            }
            try FileManager.default.removeItem(atPath: draft)
            let verdict = try await witness.judge(fork.request(from: 5, to: 8).bytes)
            guard case .cosigned = verdict else {
                Issue.record("\(verdict)")
                return
            }
        }
    }

    @Test("a draft that a crash left behind is not looked at")
    func draft() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            var witness: CheckpointWitness? = try LiveWitness.witness(folder, logs: [log.key])
            _ = try await witness?.judge(log.request(from: 0, to: 300).bytes)
            witness = nil
            let state = try #require(folder.files.first { $0 != "lock" })
            let half = String(decoding: try log.note(400).bytes.prefix(40), as: UTF8.self)
            _ = try folder.write(half, to: "state/\(state).new")
            witness = try LiveWitness.witness(folder, logs: [log.key])
            #expect(
                try await witness?.judge(log.request(from: 0, to: 5).bytes) == .conflict(size: 300)
            )
            _ = try await witness?.judge(log.request(from: 300, to: 301).bytes)
            #expect(try folder.files == ["lock", state].sorted())
        }
    }

    @Test("a damaged state, or one of another key or log, stops the start")
    func damaged() async throws {
        let log = try SampleLog()
        let other = try SampleLog(name: "other.example")
        try await TemporaryFolder.lend { folder in
            var witness: CheckpointWitness? = try LiveWitness.witness(
                folder,
                logs: [log.key, other.key]
            )
            _ = try await witness?.judge(other.request(from: 0, to: 3).bytes)
            let foreign = try #require(folder.files.first { $0 != "lock" })
            _ = try await witness?.judge(log.request(from: 0, to: 300).bytes)
            witness = nil
            let state = try #require(folder.files.first { ![foreign, "lock"].contains($0) })
            let file = URL(fileURLWithPath: folder.path + "/state/" + state)
            let right = try Data(contentsOf: file)
            var larger = right
            larger.replaceSubrange(
                try #require(larger.firstRange(of: Data("300".utf8))),
                with: Data("200".utf8)
            )
            let foreignData = try Data(
                contentsOf: URL(fileURLWithPath: folder.path + "/state/" + foreign)
            )
            for damaged in [Data(), right.dropLast(), right.prefix(30), larger, foreignData] {
                try damaged.write(to: file)
                #expect(throws: WitnessFolderError.self) {
                    try LiveWitness.witness(folder, logs: [log.key])
                }
            }
            try right.write(to: file)
            _ = try LiveWitness.witness(folder, logs: [log.key])
        }
    }

    @Test("the log's key, or the witness's, may be replaced")
    func replacedKeys() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            var witness: CheckpointWitness? = try LiveWitness.witness(folder, logs: [log.key])
            _ = try await witness?.judge(log.request(from: 0, to: 300).bytes)
            witness = nil
            let newer = try NoteSigner(name: log.key.name, seed: [UInt8](repeating: 8, count: 32))
            for (key, seed) in [(newer.key, UInt8(2)), (log.key, 3)] {
                witness = try LiveWitness.witness(folder, logs: [key], seed: seed)
                let request = try WitnessRequest(
                    oldSize: 0,
                    hashes: [],
                    note: key == log.key ? log.note(5) : newer.sign(log.checkpoint(5))
                )
                #expect(try await witness?.judge(request.bytes) == .conflict(size: 300))
                witness = nil
            }
        }
    }

    @Test("a clock that was set back makes no older statement about a newer tree")
    func clock() async throws {
        let log = try SampleLog()
        try await TemporaryFolder.lend { folder in
            var times: [Int] = []
            for (time, old, new) in [(1_000, 0, 5), (900, 5, 8), (1_100, 8, 9)] {
                let witness = try LiveWitness.witness(folder, logs: [log.key], now: { time })
                guard
                    case .cosigned(let line) = try await witness.judge(
                        log.request(from: old, to: new).bytes
                    )
                else { continue }
                let note = try SignedNote(text: log.note(new).text, signatures: [line])
                times += try note.verify([witness.key]).compactMap(\.time)
            }
            #expect(times == [1_000, 1_000, 1_100])
        }
    }

    @Test("two witnesses do not work on one folder")
    func lock() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("token-ledger-witness-" + UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        var first: WitnessFolder? = try WitnessFolder(path: path)
        #expect(throws: WitnessFolderError.taken(path: path)) { try WitnessFolder(path: path) }
        withExtendedLifetime(first) {}
        first = nil
        _ = try WitnessFolder(path: path)
    }

    @Test("a key is read from a file that nobody else may read")
    func keyFile() async throws {
        try await TemporaryFolder.lend { folder in
            let digits = String(repeating: "0aF9", count: 16)
            let right = try folder.write(digits + "\n", to: "right")
            let cosigner = try Cosigner(name: "w", file: right)
            let seed = [UInt8](repeating: 0, count: 16).flatMap { _ in [0x0A, 0xF9] as [UInt8] }
            #expect(cosigner.key == (try Cosigner(name: "w", seed: seed).key))
            for permissions in [0o640, 0o604, 0o620] {
                let open = try folder.write(
                    digits,
                    to: "open \(permissions)",
                    permissions: permissions
                )
                #expect(throws: WitnessKeyError.openToOthers(path: open)) {
                    try Cosigner(name: "w", file: open)
                }
            }
            for (number, text) in [
                "", digits + "0", String(digits.dropLast()), digits + digits, digits + "é",
                String(digits.dropLast()) + "x",
            ].enumerated() {
                let wrong = try folder.write(text, to: "wrong \(number)")
                #expect(throws: WitnessKeyError.malformed(path: wrong)) {
                    try Cosigner(name: "w", file: wrong)
                }
            }
            #expect(throws: WitnessKeyError.unreadable(path: folder.path)) {
                try Cosigner(name: "w", file: folder.path)
            }
            #expect(throws: WitnessKeyError.malformedName) {
                try Cosigner(name: "a b", file: right)
            }
        }
    }
}

import Crypto
import Foundation
import MerkleLog
import NIOHTTP1
import Testing
import Wire
@testable import Witness

@Suite("The witness over HTTP, as tlog-witness says", .timeLimit(.minutes(2)))
struct ServerTests {
    /// Runs a witness for one log.
    static func serve(
        _ log: SampleLog,
        _ body: @escaping @Sendable (LiveWitness) async throws -> Void
    ) async throws {
        try await TemporaryFolder.lend { folder in
            try await LiveWitness.run(
                LiveWitness.witness(folder, logs: [log.key]),
                body
            )
        }
    }

    @Test("checkpoints are cosigned one after the other, at any sizes")
    func cosigned() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            var old = 0
            for size in [0, 1, 2, 7, 8, 255, 256, 257, 511, 600] {
                let request = try log.request(from: old, to: size)
                let answer = try await witness.post(request.bytes)
                #expect(answer.status == 200, "\(old) to \(size)")
                let lines = try NoteSignature.lines(answer.body)
                let verified = try SignedNote(text: request.note.text, signatures: lines)
                    .verify([witness.key])
                #expect(verified.map(\.time) == [1_700_000_000])
                old = size
            }
        }
    }

    @Test("the same checkpoint again is signed again")
    func again() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            #expect(try await witness.post(log.request(from: 0, to: 5).bytes).status == 200)
            for _ in 0..<2 {
                let answer = try await witness.post(log.request(from: 5, to: 5).bytes)
                #expect(answer.status == 200)
                #expect(try NoteSignature.lines(answer.body).count == 1)
            }
        }
    }

    @Test("another old size is a conflict that tells the right one")
    func conflict() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            for (old, new) in [(1, 5), (5, 5)] {
                let answer = try await witness.post(log.request(from: old, to: new).bytes)
                #expect(answer.status == 409)
                #expect(answer.type == "text/x.tlog.size")
                #expect(answer.body == Array("0\n".utf8))
            }
            #expect(try await witness.post(log.request(from: 0, to: 300).bytes).status == 200)
            for (old, new) in [(0, 400), (299, 400), (301, 400), (0, 300), (0, 0), (5, 5)] {
                let answer = try await witness.post(log.request(from: old, to: new).bytes)
                #expect(answer.status == 409, "\(old) to \(new)")
                #expect(answer.type == "text/x.tlog.size")
                #expect(answer.body == Array("300\n".utf8))
            }
        }
    }

    @Test("another tree of the same size, and one that does not continue, is 422")
    func forked() async throws {
        let log = try SampleLog()
        let fork = try SampleLog(common: 290, fork: "x")
        try await Self.serve(log) { witness in
            #expect(try await witness.post(log.request(from: 0, to: 300).bytes).status == 200)
            let same = try await witness.post(fork.request(from: 300, to: 300).bytes)
            #expect(same.status == 422)
            #expect(same.body.isEmpty)
            let longer = try await witness.post(fork.request(from: 300, to: 400).bytes)
            #expect(longer.status == 422)
            #expect(longer.body.isEmpty)
            // The right history goes on.
            #expect(try await witness.post(log.request(from: 300, to: 400).bytes).status == 200)
        }
    }

    @Test("an empty tree has one root, before anything was signed and afterwards")
    func emptyTree() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            let signer = try NoteSigner(
                name: log.key.name,
                seed: [UInt8](repeating: 1, count: 32)
            )
            let false0 = try signer.sign(
                Checkpoint(origin: log.key.name, size: 0, root: log.root(1))
            )
            let wrong = try WitnessRequest(oldSize: 0, hashes: [], note: false0)
            #expect(try await witness.post(wrong.bytes).status == 422)
            #expect(try await witness.post(log.request(from: 0, to: 0).bytes).status == 200)
            #expect(try await witness.post(wrong.bytes).status == 422)
        }
    }

    @Test("monitors get the last checkpoint with the log's signature and the witness's")
    func monitoring() async throws {
        let (log, other) = try (SampleLog(), SampleLog(name: "other.example"))
        try await TemporaryFolder.lend { folder in
            let hash = { @Sendable (text: String) in
                Hexadecimal.encode(SHA256.hash(data: Array(text.utf8)))
            }
            let path = "/\(hash(log.key.name))/checkpoint"
            for start in [5, 9] {
                let witness = try await LiveWitness.nextWitness(
                    folder,
                    logs: [log.key, other.key]
                )
                try await LiveWitness.run(witness) { witness in
                    if start == 5 {
                        #expect(try await witness.get(path).status == 404)
                        let request = try log.request(from: 0, to: 5)
                        #expect(try await witness.post(request.bytes).status == 200)
                    }
                    // After a restart, the one that was signed before.
                    for size in start == 5 ? [5, 9] : [9] {
                        if size > 5, start == 5 {
                            let request = try log.request(from: 5, to: 9)
                            #expect(try await witness.post(request.bytes).status == 200)
                        }
                        let answer = try await witness.get(path)
                        #expect(answer.status == 200)
                        let note = try SignedNote(answer.body)
                        #expect(try Checkpoint(note.text) == log.checkpoint(size))
                        let keys = [log.key, witness.key]
                        #expect(try note.verify(keys).map(\.key) == keys)
                    }
                    for wrong in [
                        hash(other.key.name), hash("unknown"), hash(log.key.name).uppercased(),
                        log.key.name,
                    ] {
                        #expect(try await witness.get("/\(wrong)/checkpoint").status == 404)
                    }
                    #expect(try await witness.send(.HEAD, [], path: path).status == 200)
                }
            }
        }
    }

    @Test("a proof that is wrong, too long, too short or not empty from zero is 422")
    func wrongProof() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            let hash = try log.root(3)
            let fromZero = try WitnessRequest(oldSize: 0, hashes: [hash], note: log.note(5))
            #expect(try await witness.post(fromZero.bytes).status == 422)
            #expect(try await witness.post(log.request(from: 0, to: 5).bytes).status == 200)
            let right = try log.proof(from: 5, to: 300)
            for wrong in [
                [], Array(right.dropLast()), right + [hash], right.reversed(), [hash] + right,
                right.map { _ in hash },
            ] {
                let request = try WitnessRequest(oldSize: 5, hashes: wrong, note: log.note(300))
                #expect(try await witness.post(request.bytes).status == 422)
            }
            let same = try WitnessRequest(oldSize: 5, hashes: [hash], note: log.note(5))
            #expect(try await witness.post(same.bytes).status == 422)
        }
    }

    @Test("an unknown log is 404, a signature of no known key 403")
    func unknown() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            let other = try SampleLog(name: "other.example")
            #expect(try await witness.post(other.request(from: 0, to: 5).bytes).status == 404)
            let note = try log.note(5)
            let stranger = try NoteSigner(
                name: log.key.name,
                seed: [UInt8](repeating: 9, count: 32)
            )
            let foreign = try stranger.sign(log.checkpoint(5))
            let unsigned = try WitnessRequest(oldSize: 0, hashes: [], note: foreign)
            #expect(try await witness.post(unsigned.bytes).status == 403)
            // A signature of the right key over another text.
            let moved = try SignedNote(text: note.text, signatures: log.note(6).signatures)
            let wrong = try WitnessRequest(oldSize: 0, hashes: [], note: moved)
            #expect(try await witness.post(wrong.bytes).status == 403)
            // Further signatures of strangers do not matter.
            var both = note
            try both.add(foreign.signatures)
            let right = try WitnessRequest(oldSize: 0, hashes: [], note: both)
            #expect(try await witness.post(right.bytes).status == 200)
        }
    }

    @Test("an old size above the checkpoint's is 400, as is what is no request")
    func malformed() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            let note = String(decoding: try log.note(5).bytes, as: UTF8.self)
            let hash = try log.root(5).description + "\n"
            let bodies = [
                "old 6\n\n\(note)", "", "old 0\n", note, "old 00\n\n\(note)", "old -1\n\n\(note)",
                "old 0\r\n\r\n\(note)", "old 0\n\(note)", "old 0\nx\n\n\(note)",
                "old 0 \n\n\(note)",
                "old 0\n" + String(repeating: hash, count: 64) + "\n\(note)",
                "old 0\n\n\(note.dropLast())", "old 99999999999999999999\n\n\(note)",
            ]
            for body in bodies {
                #expect(try await witness.post(Array(body.utf8)).status == 400, "\(body)")
            }
            #expect(try await witness.post(log.request(from: 0, to: 5).bytes).status == 200)
        }
    }

    @Test("a body that is too large is 413, another method or path is not found")
    func limits() async throws {
        let log = try SampleLog()
        try await Self.serve(log) { witness in
            let large = [UInt8](repeating: 0x61, count: WitnessLimits.requestBytesMax + 1)
            #expect(try await witness.post(large).status == 413)
            let request = try log.request(from: 0, to: 5).bytes
            #expect(try await witness.post(request, path: "/").status == 404)
            #expect(
                try await witness.send(.PUT, request, path: "/add-checkpoint").status != 200
            )
            #expect(try await witness.post(request).status == 200)
        }
    }

    @Test("logs do not get into each other's way, and a log may have two keys")
    func severalLogs() async throws {
        let (one, two) = try (SampleLog(name: "one"), SampleLog(name: "two"))
        let replaced = try NoteSigner(name: "one", seed: [UInt8](repeating: 8, count: 32))
        try await TemporaryFolder.lend { folder in
            let witness = try LiveWitness.witness(
                folder,
                logs: [one.key, two.key, replaced.key]
            )
            try await LiveWitness.run(witness) { witness in
                #expect(try await witness.post(one.request(from: 0, to: 5).bytes).status == 200)
                #expect(try await witness.post(two.request(from: 0, to: 9).bytes).status == 200)
                let request = try WitnessRequest(
                    oldSize: 5,
                    hashes: one.proof(from: 5, to: 7),
                    note: replaced.sign(one.checkpoint(7))
                )
                #expect(try await witness.post(request.bytes).status == 200)
            }
        }
    }

    @Test("of many questions at once, only one history is signed")
    func atOnce() async throws {
        let logs = try (0..<8).map { try SampleLog(20, common: 5, fork: "\($0)") }
        try await Self.serve(logs[0]) { witness in
            #expect(try await witness.post(logs[0].request(from: 0, to: 5).bytes).status == 200)
            let signed = try await withThrowingTaskGroup(of: Int?.self) { group in
                for (number, log) in logs.enumerated() {
                    group.addTask {
                        let body = try log.request(from: 5, to: 10 + number % 2).bytes
                        return try await witness.post(body).status == 200 ? number : nil
                    }
                }
                var signed: [Int] = []
                for try await number in group { if let number { signed.append(number) } }
                return signed
            }
            #expect(signed.count == 1)
        }
    }
}

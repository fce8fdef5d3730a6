import MerkleLog
import SeededRandom
import Testing
@testable import Witness

@Suite("A witness never signs two histories", .timeLimit(.minutes(5)))
struct ForkTests {
    /// One log, two continuations of its first records.
    struct Forks {
        let common: Int
        let logs: [SampleLog]

        init(common: Int, count: Int) throws {
            self.common = common
            logs = try ["a", "b"].map { try SampleLog(count, common: common, fork: $0) }
        }
    }

    /// What was signed so far.
    struct Signed {
        var size = 0
        var forks: Set<Int> = []
    }

    @Test("over random questions about two continuations", arguments: 0..<40)
    func random(seed: UInt64) async throws {
        try await TemporaryFolder.lend { folder in
            var numbers = SeededRandom(seed: seed)
            let forks = try Forks(common: Int.random(in: 0...40, using: &numbers), count: 60)
            let key = forks.logs[0].key
            var witness: CheckpointWitness? = try LiveWitness.witness(folder, logs: [key])
            var signed = Signed()
            var signedCount = 0
            for step in 0..<120 {
                if step % 40 == 39 {
                    // Dies and comes back with what is on the disk.
                    witness = nil
                    witness = try LiveWitness.witness(folder, logs: [key])
                }
                let fork = Int.random(in: 0...1, using: &numbers)
                let size = Int.random(in: 0...60, using: &numbers)
                let body = try Self.question(
                    forks.logs,
                    fork,
                    size: size,
                    last: signed.size,
                    &numbers
                )
                guard case .cosigned = try await witness?.judge(body) else { continue }
                signedCount += 1
                #expect(size >= signed.size, "sizes never shrink")
                signed.size = size
                if size > forks.common { signed.forks.insert(fork) }
                #expect(signed.forks.count < 2, "seed \(seed), step \(step)")
            }
            #expect(signedCount > 0)
        }
    }

    /// Mostly what an honest or a forked log would ask, sometimes with a proof of the other one.
    static func question(
        _ logs: [SampleLog],
        _ fork: Int,
        size: Int,
        last: Int,
        _ numbers: inout SeededRandom
    ) throws -> [UInt8] {
        let isGuess = Int.random(in: 0..<4, using: &numbers) == 0
        let old = min(size, isGuess ? Int.random(in: 0...size, using: &numbers) : last)
        let proofFork = Int.random(in: 0..<4, using: &numbers) == 0 ? 1 - fork : fork
        return try WitnessRequest(
            oldSize: Int.random(in: 0..<8, using: &numbers) == 0 ? last : old,
            hashes: logs[proofFork].proof(from: old, to: size),
            note: logs[fork].note(size)
        ).bytes
    }

    @Test("changed bytes are never signed unless they say the same", arguments: 0..<6)
    func fuzz(seed: UInt64) async throws {
        try await TemporaryFolder.lend { folder in
            var numbers = SeededRandom(seed: seed)
            let log = try SampleLog(40)
            let witness = try LiveWitness.witness(folder, logs: [log.key])
            _ = try await witness.judge(log.request(from: 0, to: 11).bytes)
            let request = try log.request(from: 11, to: 37)
            for _ in 0..<500 {
                var body = request.bytes
                for _ in 0..<Int.random(in: 1...4, using: &numbers) where !body.isEmpty {
                    let place = Int.random(in: 0..<body.count, using: &numbers)
                    switch Int.random(in: 0..<4, using: &numbers) {
                    case 0: body[place] = UInt8.random(in: 0...255, using: &numbers)
                    case 1: body.remove(at: place)
                    case 2: body.insert(UInt8.random(in: 0...255, using: &numbers), at: place)
                    default: body.removeSubrange(place...)
                    }
                }
                guard case .cosigned = try await witness.judge(body) else { continue }
                // Only the lines of unknown keys may differ.
                let taken = try WitnessRequest(body)
                #expect(taken.checkpoint == request.checkpoint && taken.hashes == request.hashes)
                #expect(taken.oldSize == 11 || taken.oldSize == 37)
                return
            }
            #expect(
                try await witness.judge(log.request(from: 0, to: 20).bytes)
                    == .conflict(size: 11)
            )
        }
    }
}

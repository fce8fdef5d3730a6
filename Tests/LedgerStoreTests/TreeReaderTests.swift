import Ledger
@testable import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing

@Suite("Proofs in bulk", .timeLimit(.minutes(5)))
struct TreeReaderTests {
    @Test("every record has a proof in every tree that has it, also in older ones")
    func everyProof() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            for round in 0..<3 {
                try await watcher.append(200, round: round)
                try await watcher.look()
            }
            let leaves = try await test.log().map { MerkleHash(leaf: $0.bytes) }
            var sizes: [Int64] = []
            var bound = Int64.max
            while let found = try await test.store.checkpoint(atOrBefore: bound, log: .facts) {
                sizes.append(found.size)
                bound = found.size - 1
                var reader = TreeReader(test.store, size: found.size, log: .facts)
                for position in 0..<found.size {
                    try InclusionProof(
                        index: Int(position),
                        size: Int(found.size),
                        hashes: try await reader.inclusion(of: position)
                    ).verify(leaf: leaves[Int(position)], root: found.root)
                }
            }
            #expect(sizes == [601, 401, 201, 1])
            #expect(try await test.store.firstCheckpoint(log: .facts)?.size == 1)
            #expect(try await test.store.checkpoint(atOrBefore: 400, log: .facts)?.size == 201)
            #expect(try await test.store.checkpoint(atOrBefore: 0, log: .facts) == nil)
        }
    }

    @Test("one checkpoint is proved to continue another")
    func consistency() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.append(300, round: 0)
            try await watcher.look()
            let first = try await watcher.latest()
            try await watcher.append(300, round: 1)
            try await watcher.look()
            let second = try await watcher.latest()
            var reader = TreeReader(test.store, size: second.size, log: .facts)
            let hashes = try await reader.consistency(from: first.size)
            try ConsistencyProof(old: Int(first.size), new: Int(second.size), hashes: hashes)
                .verify(oldRoot: first.root, newRoot: second.root)
        }
    }

    @Test("a tree of three levels of tiles is proved at its edges, in any order")
    func threeLevels() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            let size: Int64 = 65_536 + 256 * 3 + 5
            try await test.fill(upTo: size)
            try await watcher.look()
            let latest = try await watcher.latest()
            #expect(latest.size == size)
            var reader = TreeReader(test.store, size: size, log: .facts)
            var positions: [Int64] = [
                0, 1, 255, 256, 511, 512, 65_279, 65_280, 65_535, 65_536, 65_791, 65_792, size - 6,
                size - 5, size - 1,
            ]
            positions += (0..<300).map { $0 * 211 }
            positions += positions.reversed()
            for position in positions {
                let event = try #require(try await test.store.event(at: position, log: .facts))
                try InclusionProof(
                    index: Int(position),
                    size: Int(size),
                    hashes: try await reader.inclusion(of: position)
                ).verify(leaf: MerkleHash(leaf: event.bytes), root: latest.root)
            }
        }
    }

    @Test("a damaged tile is an error, never a proof of something else")
    func damaged() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.append(300, round: 0)
            try await watcher.look()
            let size = try await watcher.latest().size
            try await SteppedIntegrator.damage(test, "delete from ledger.tile")
            var reader = TreeReader(test.store, size: size, log: .facts)
            await #expect(throws: StoreError.damaged(.tile)) {
                _ = try await reader.inclusion(of: 0)
            }
        }
    }
}

@testable import LedgerStore
import SeededRandom
import Testing

@Suite("How logs are spread over workers", .timeLimit(.minutes(1)))
struct LogSpreadTests {
    private func loads(_ spread: LogSpread, after moves: [LogSpread.Move]) -> [Int] {
        var places = Dictionary(uniqueKeysWithValues: spread.shards.map { ($0.id, $0.worker) })
        for move in moves {
            #expect(places[move.shard.id] == move.shard.worker, "it is moved from where it is")
            #expect(move.worker != move.shard.worker)
            places[move.shard.id] = move.worker
        }
        return spread.workers.map { worker in
            spread.shards.filter { places[$0.id] == worker }.reduce(0) { $0 + $1.logs }
        }
    }

    @Test("seven logs on one worker and one on the other are four on each, by few moves")
    func eight() {
        let shards = [2, 1, 1, 1, 1, 1, 1].enumerated().map { number, logs in
            LogSpread.Shard(id: Int64(number), worker: number == 6 ? 2 : 1, logs: logs)
        }
        let spread = LogSpread(shards: shards, workers: [1, 2])
        #expect(loads(spread, after: spread.moves) == [4, 4])
        #expect(spread.moves.count <= 3)
    }

    @Test("however they stand, two workers differ by no more than one shard has", arguments: 0..<50)
    func even(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let workers = (1...Int32.random(in: 1...5, using: &random)).map { $0 }
        let logsMax = Int.random(in: 1...3, using: &random)
        let shards = (0..<Int.random(in: 0...20, using: &random)).map { number in
            LogSpread.Shard(
                id: Int64(number),
                worker: workers.randomElement(using: &random) ?? 1,
                logs: Int.random(in: 1...logsMax, using: &random)
            )
        }
        let spread = LogSpread(shards: shards, workers: workers)
        let loads = loads(spread, after: spread.moves)
        #expect(loads.reduce(0, +) == shards.reduce(0) { $0 + $1.logs })
        #expect((loads.max() ?? 0) - (loads.min() ?? 0) <= logsMax)
    }
}

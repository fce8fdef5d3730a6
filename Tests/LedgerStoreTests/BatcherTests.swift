@testable import LedgerStore
import Synchronization
import Testing

@Suite("Group commit", .timeLimit(.minutes(5)))
struct BatcherTests {
    private typealias Outcome = Result<Int, StoreError>

    @Test("one item too many is refused at once, and what was accepted is answered")
    func bound() async {
        let run = await run(queueMax: 5, items: 20) { _ in }
        #expect(run.outcomes.filter { $0 == .failure(.overloaded) }.count == 15)
        #expect(run.outcomes.compactMap { try? $0.get() }.count == 6)
        #expect(run.batches.map(\.count) == [1, 5], "what waited went out as one batch")
    }

    @Test("closing processes what was accepted, then ends; later items are refused")
    func draining() async {
        let run = await run(queueMax: 5, items: 20) { $0.close() }
        #expect(run.outcomes.compactMap { try? $0.get() }.count == 6)
        #expect(run.batches.map(\.count) == [1, 5])
    }

    @Test("it is crowded once enough wait, and the first of them for long enough")
    func crowd() async {
        for room in [StoreLimits.crowdMin - 1, StoreLimits.crowdMin] {
            let batcher = Batcher<Int, Int>(
                batchMax: StoreLimits.crowdMin,
                queueMax: room,
                queueTimeMax: .seconds(60),
                workerCount: 1
            ) { batch in batch.map { .success($0) } }
            let before = ContinuousClock.now
            await withTaskGroup(of: Bool.self) { group in
                for number in 0..<StoreLimits.crowdMin {
                    group.addTask { (try? await batcher.submit(number)) != nil }
                }
                if room < StoreLimits.crowdMin {
                    // The one who finds no room says that all others are there.
                    #expect(await group.next() == false)
                    #expect(!batcher.isCrowded(at: .now + .seconds(1)))
                } else {
                    while !batcher.isCrowded(at: .now + .seconds(1)) { await Task.yield() }
                    #expect(!batcher.isCrowded(at: before + StoreLimits.crowdTime))
                }
                batcher.close()
                await batcher.run()
                #expect(await group.allSatisfy { $0 })
                #expect(!batcher.isCrowded(at: .now + .seconds(1)))
            }
        }
    }

    @Test("a batch has its bound")
    func batchBound() async {
        let run = await run(batchMax: 4, queueMax: 10, items: 20) { _ in }
        #expect(run.batches.map(\.count) == [1, 4, 4, 2])
    }

    @Test("items with one key never share a batch, and lose no other item its place")
    func keys() async {
        let run = await run(queueMax: 40, items: 80, keys: 4) { _ in }
        #expect(run.outcomes.compactMap { try? $0.get() }.count == 41)
        for batch in run.batches.dropFirst() {
            #expect(Set(batch.map { $0 % 4 }).count == batch.count, "\(batch)")
        }
    }

    @Test("each item gets its own answer")
    func answers() async {
        let run = await run(queueMax: 20, items: 60, keys: 3) { _ in }
        let answered = run.outcomes.compactMap { try? $0.get() }
        #expect(answered.sorted() == run.batches.flatMap { $0 }.map { $0 * 2 }.sorted())
        #expect(Set(answered).count == 21)
    }

    @Test("whoever waits too long is refused while the workers are busy, also after the closing")
    func late() async {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let batcher = Batcher<Int, Int>(
            batchMax: 1,
            queueMax: 10,
            queueTimeMax: .zero,
            workerCount: 1
        ) { batch in
            for await _ in gate {}
            return batch.map { .success($0) }
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await batcher.run() }
            await withTaskGroup(of: Outcome.self) { callers in
                for number in 0..<3 {
                    callers.addTask {
                        do throws(StoreError) {
                            return .success(try await batcher.submit(number))
                        } catch {
                            return .failure(error)
                        }
                    }
                }
                // The third is with the worker, until the others have their answers.
                #expect(await callers.next() == .failure(.overloaded))
                batcher.close()
                #expect(await callers.next() == .failure(.overloaded))
                opening.finish()
                let last = await callers.next()
                #expect((try? last?.get()) != nil)
            }
        }
    }

    /// What became of the items, and how they were batched.
    private struct Run {
        var outcomes: [Outcome] = []
        var batches: [[Int]] = []
    }

    private final class Batches: Sendable {
        private let batches = Mutex<[[Int]]>([])
        var all: [[Int]] { batches.withLock { $0 } }
        func add(_ batch: [Int]) { batches.withLock { $0.append(batch) } }
    }

    /// Holds item 0 in a batch of its own while `items` more arrive, of which `queueMax` find room;
    /// then does `meanwhile` and lets the batches go on.
    private func run(
        batchMax: Int = 100,
        queueMax: Int,
        items: Int,
        keys: UInt128? = nil,
        meanwhile: (Batcher<Int, Int>) -> Void
    ) async -> Run {
        let batches = Batches()
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let batcher = Batcher<Int, Int>(
            batchMax: batchMax,
            queueMax: queueMax,
            queueTimeMax: .seconds(60),
            workerCount: 1
        ) { batch in
            batches.add(batch)
            for await _ in gate {}
            return batch.map { .success($0 * 2) }
        }
        return await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { work in
                work.addTask { await batcher.run() }
                let outcomes = await withTaskGroup(of: Outcome.self) { group in
                    group.addTask { await submit(0, to: batcher) }
                    while batches.all.isEmpty { await Task.yield() }
                    for item in 1...items {
                        let key = keys.map { UInt128(item) % $0 }
                        group.addTask { await submit(item, to: batcher, key: key) }
                    }
                    var outcomes: [Outcome] = []
                    // The first batch is held, so only refusals can come now.
                    while outcomes.count < items - queueMax, let next = await group.next() {
                        outcomes.append(next)
                    }
                    meanwhile(batcher)
                    opening.finish()
                    for await next in group { outcomes.append(next) }
                    return outcomes
                }
                batcher.close()
                #expect(await submit(1, to: batcher) == .failure(.unavailable))
                // The work ends by itself once the queue is empty.
                await work.waitForAll()
                return Run(outcomes: outcomes, batches: batches.all)
            }
        } onCancel: {
            // The time limit of a test that fails must not find it waiting for ever.
            opening.finish()
        }
    }

    @Test("who comes after a batch that hangs is not kept waiting by it")
    func hangs() async {
        let (gate, opening) = AsyncStream<Void>.makeStream()
        let batches = Batches()
        let batcher = Batcher<Int, Int>(
            batchMax: 100,
            queueMax: 100,
            queueTimeMax: .seconds(60),
            workerCount: 2,
            furtherBatchMin: 50
        ) { batch in
            batches.add(batch)
            if batch == [0] { for await _ in gate {} }
            return batch.map { .success($0 * 2) }
        }
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { work in
                work.addTask { await batcher.run() }
                work.addTask { _ = await submit(0, to: batcher) }
                while batches.all.isEmpty { await Task.yield() }
                #expect(await submit(1, to: batcher) == .success(2))
                opening.finish()
                batcher.close()
                await work.waitForAll()
            }
        } onCancel: {
            opening.finish()
        }
    }

    @Test("only items of one company share a batch")
    func companies() async {
        let batches = Batches()
        let batcher = Batcher<Int, Int>(
            batchMax: 100,
            queueMax: 100,
            queueTimeMax: .seconds(60),
            workerCount: 1
        ) { batch in
            batches.add(batch)
            return batch.map { .success($0) }
        }
        await withTaskGroup(of: Void.self) { work in
            work.addTask { await batcher.run() }
            await withTaskGroup(of: Void.self) { group in
                for item in 0..<100 {
                    group.addTask { _ = try? await batcher.submit(item, company: item % 2) }
                }
            }
            batcher.close()
            await work.waitForAll()
        }
        #expect(batches.all.flatMap { $0 }.sorted() == Array(0..<100))
        for batch in batches.all { #expect(Set(batch.map { $0 % 2 }).count == 1) }
    }

    private func submit(
        _ item: Int,
        to batcher: Batcher<Int, Int>,
        key: UInt128? = nil
    ) async -> Outcome {
        do throws(StoreError) {
            return .success(try await batcher.submit(item, key: key))
        } catch {
            return .failure(error)
        }
    }
}

internal import ServiceLifecycle
internal import Synchronization

/// Gathers what arrives while a batch is under way into the next batch.
///
/// Nothing waits for a timer: a lone item goes out at once, and under load the batches grow by
/// themselves. Another batch goes out beside one that is under way once there is enough for a good
/// one, or once that one takes long: what it waits for need not be what the next would. The queue is
/// bounded: one item too many is refused, and so is one that waited too long, whatever the workers
/// wait for.
final class Batcher<Item: Sendable, Answer: Sendable>: Sendable {
    /// One object, for it goes through several lists.
    private final class Waiting: Sendable {
        let item: Item
        /// Two items with the same key never share a batch.
        let key: UInt128?
        /// Only items of the same company share a batch.
        let company: Int
        let since = ContinuousClock.now
        let continuation: CheckedContinuation<Result<Answer, StoreError>, Never>

        init(
            _ item: Item,
            key: UInt128?,
            company: Int,
            continuation: CheckedContinuation<Result<Answer, StoreError>, Never>
        ) {
            self.item = item
            self.key = key
            self.company = company
            self.continuation = continuation
        }
    }

    private struct State {
        var queue: [Waiting] = []
        var idleWorkers: [CheckedContinuation<Step, Never>] = []
        /// How many batches are under way.
        var underWay = 0
        /// When the last of them began.
        var lastBegin = ContinuousClock.now
        var isClosed = false
    }

    /// What a worker does next.
    private enum Step: Sendable {
        case process([Waiting])
        case look
        case end
    }

    private let state = Mutex(State())
    private let batchMax: Int
    private let queueMax: Int
    private let queueTimeMax: Duration
    private let workerCount: Int
    private let furtherBatchMin: Int
    private let process: @Sendable ([Item]) async -> [Result<Answer, StoreError>]

    /// Makes one with an empty queue; nothing runs yet.
    ///
    /// - Parameters:
    ///   - batchMax: how many items a batch has at most.
    ///   - queueMax: how many items wait at most.
    ///   - queueTimeMax: for how long an item waits at most.
    ///   - workerCount: how many batches are under way at once.
    ///   - furtherBatchMin: how many items must wait for a batch beside those under way.
    ///   - process: answers each item of a batch, in order.
    init(
        batchMax: Int,
        queueMax: Int,
        queueTimeMax: Duration,
        workerCount: Int,
        furtherBatchMin: Int = 1,
        process: @escaping @Sendable ([Item]) async -> [Result<Answer, StoreError>]
    ) {
        self.batchMax = batchMax
        self.queueMax = queueMax
        self.queueTimeMax = queueTimeMax
        self.workerCount = workerCount
        self.furtherBatchMin = furtherBatchMin
        self.process = process
    }

    /// Waits until the item was processed with a batch.
    ///
    /// Throws `StoreError.overloaded` when too many wait or it waited too long, `.unavailable` once
    /// closed.
    func submit(
        _ item: Item,
        key: UInt128? = nil,
        company: Int = 0
    ) async throws(StoreError) -> Answer {
        let result = await withCheckedContinuation { continuation in
            let waiting = Waiting(
                item,
                key: key,
                company: company,
                continuation: continuation
            )
            switch enqueue(waiting) {
            case .refused(let error): continuation.resume(returning: .failure(error))
            case .wake(let worker): worker.resume(returning: .look)
            case .queued: break
            }
        }
        return try result.get()
    }

    /// Whether so many wait, and the first for so long, that this is no burst that ends by itself.
    func isCrowded(at now: ContinuousClock.Instant = .now) -> Bool {
        state.withLock { state in
            guard state.queue.count >= StoreLimits.crowdMin, let first = state.queue.first else {
                return false
            }
            return first.since + StoreLimits.crowdTime < now
        }
    }

    /// How many items wait for a batch, and how many may.
    var figures: (waiting: Int, waitingMax: Int) { (state.withLock(\.queue.count), queueMax) }

    /// Works until `close()` was called and the queue is empty.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.refuseLate() }
            await withDiscardingTaskGroup { workers in
                for _ in 0..<workerCount {
                    workers.addTask { await self.work() }
                }
            }
            group.cancelAll()
        }
    }

    /// Takes no more items; what waits is still processed.
    func close() {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idleWorkers = [] }
            return state.idleWorkers
        }
        for worker in idle { worker.resume(returning: .look) }
    }

    private enum Enqueued {
        case refused(StoreError)
        case wake(CheckedContinuation<Step, Never>)
        case queued
    }

    private func enqueue(_ waiting: Waiting) -> Enqueued {
        state.withLock { state in
            if state.isClosed { return .refused(.unavailable) }
            guard state.queue.count < queueMax else { return .refused(.overloaded) }
            state.queue.append(waiting)
            guard maySend(&state), let worker = state.idleWorkers.popLast() else { return .queued }
            return .wake(worker)
        }
    }

    private func work() async {
        while true {
            // Whoever can run may run first, and join the batch: the busier the machine, the larger
            // the batches, and nobody waits for a timer.
            await Task.yield()
            switch await nextStep() {
            case .process(let batch):
                let answers = await process(batch.map(\.item))
                precondition(answers.count == batch.count, "Every item of a batch gets an answer.")
                state.withLock { $0.underWay -= 1 }
                for (waiting, answer) in zip(batch, answers) {
                    waiting.continuation.resume(returning: answer)
                }
            case .look: continue
            case .end: return
            }
        }
    }

    /// Takes a batch, or waits until there may be one.
    private func nextStep() async -> Step {
        await withCheckedContinuation { continuation in
            let step = state.withLock { state -> Step? in
                if maySend(&state) {
                    state.underWay += 1
                    state.lastBegin = .now
                    return .process(takeBatch(&state))
                }
                // What still waits then goes with whoever comes back from a batch.
                if state.isClosed { return .end }
                state.idleWorkers.append(continuation)
                return nil
            }
            if let step { continuation.resume(returning: step) }
        }
    }

    private func maySend(_ state: inout State) -> Bool {
        let count = state.queue.count
        let isFree = state.underWay == 0 || state.lastBegin + StoreLimits.furtherBatchTime < .now
        return count >= (isFree ? 1 : furtherBatchMin)
    }

    /// Refuses, again and again, whoever has waited too long, for nobody has worked on their items;
    /// and has a batch sent that became due without anybody's coming.
    private func refuseLate() async {
        while (try? await Task.sleep(for: StoreLimits.queueLookPause)) != nil {
            let (late, worker) = state.withLock { state in
                let latest = ContinuousClock.now - queueTimeMax
                // They stand in the order in which they came.
                let count = state.queue.prefix { $0.since < latest }.count
                let late = state.queue.prefix(count)
                state.queue.removeFirst(count)
                return (late, maySend(&state) ? state.idleWorkers.popLast() : nil)
            }
            for waiting in late { waiting.continuation.resume(returning: .failure(.overloaded)) }
            worker?.resume(returning: .look)
        }
    }

    private func takeBatch(_ state: inout State) -> [Waiting] {
        var batch: [Waiting] = []
        var keys: Set<UInt128> = []
        var left: [Waiting] = []
        for (index, waiting) in state.queue.enumerated() {
            if batch.count == batchMax {
                left.append(contentsOf: state.queue[index...])
                break
            }
            if waiting.company != state.queue[0].company
                || waiting.key.map({ !keys.insert($0).inserted }) == true
            {
                left.append(waiting)
            } else {
                batch.append(waiting)
            }
        }
        state.queue = left
        return batch
    }
}

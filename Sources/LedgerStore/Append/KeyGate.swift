internal import Synchronization

/// Lets tasks of this process that work on the same thing go one after the other.
///
/// Correctness rests on expected versions in the database. The gate only keeps a crowd at one user
/// from refusing each other again and again, or from asking the provider the same thing.
package final class KeyGate: Sendable {
    /// Who waits for each key that is held.
    private let waiting = Mutex<[UInt128: [CheckedContinuation<Void, Never>]]>([:])

    package init() {}

    /// Runs `body` while nobody else runs with the same key.
    package func run<Value, Failure: Error>(
        _ key: UInt128,
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await enter(key)
        defer { leave(key) }
        return try await body()
    }

    private func enter(_ key: UInt128) async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let mayEnter = waiting.withLock { waiting in
                guard waiting[key] != nil else {
                    waiting[key] = []
                    return true
                }
                waiting[key]?.append(continuation)
                return false
            }
            if mayEnter { continuation.resume() }
        }
    }

    private func leave(_ key: UInt128) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard var queue = waiting[key], !queue.isEmpty else {
                waiting[key] = nil
                return nil
            }
            let next = queue.removeFirst()
            waiting[key] = queue
            return next
        }
        next?.resume()
    }
}

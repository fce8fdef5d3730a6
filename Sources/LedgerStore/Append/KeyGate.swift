internal import Synchronization

/// Lets tasks of this process that work on the same thing go one after the other.
///
/// Correctness rests on expected versions in the database. The gate only keeps a crowd at one user
/// from refusing each other again and again, or from asking the provider the same thing. Whoever
/// comes first goes first: nobody who waits is overtaken.
package final class KeyGate: Sendable {
    /// Who waits for each key that is held.
    private let waiting = Mutex<[UInt128: [CheckedContinuation<Bool, Never>]]>([:])

    package init() {}

    /// Runs `body` while nobody else runs with the same key.
    package func run<Value, Failure: Error>(
        _ key: UInt128,
        _ body: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        _ = await enter(key)
        defer { leave(key) }
        return try await body()
    }

    /// Waits for its turn, which ends with `leave`; true when it had to wait.
    func enter(_ key: UInt128) async -> Bool {
        // Nearly always nobody is there, and then nothing has to suspend.
        if take(key) { return false }
        return await withCheckedContinuation { continuation in
            if take(key, continuation) { continuation.resume(returning: false) }
        }
    }

    /// Takes the turn if nobody has it; else stands in line with a continuation, if there is one.
    private func take(
        _ key: UInt128,
        _ continuation: CheckedContinuation<Bool, Never>? = nil
    ) -> Bool {
        waiting.withLock { waiting in
            guard waiting[key] != nil else {
                waiting[key] = []
                return true
            }
            if let continuation { waiting[key]?.append(continuation) }
            return false
        }
    }

    /// Gives the turn to the next one.
    func leave(_ key: UInt128) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Bool, Never>? in
            guard var queue = waiting[key], !queue.isEmpty else {
                waiting[key] = nil
                return nil
            }
            let next = queue.removeFirst()
            waiting[key] = queue
            return next
        }
        next?.resume(returning: true)
    }
}

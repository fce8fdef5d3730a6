internal import Synchronization

/// One call about a user at a time: who asks meanwhile shares the next one.
///
/// The next and not the one that is under way, for that may have been answered before he asked; so
/// nobody gets an answer that is older than his question.
final class TokenFlights: Sendable {
    private typealias Outcome = Result<UserTokens, LedgerClientError>

    /// What an asker is to do.
    private enum Turn {
        /// Call, for all who came before the call began.
        case lead
        /// Take what another one's call has brought.
        case take(Outcome)
        /// Go, he was cancelled.
        case leave
    }

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct Line {
        /// Who shares the call under way.
        var aboard: [Waiter] = []
        /// Who came after it began.
        var next: [Waiter] = []
    }

    /// There is a line as long as there is a call.
    private let lines = Mutex<[String: Line]>([:])
    private let lastID = Atomic<UInt64>(0)

    /// Calls, or waits for the next call about the same path.
    func run(
        _ path: String,
        _ call: () async throws(LedgerClientError) -> UserTokens
    ) async throws(LedgerClientError) -> UserTokens {
        switch await turn(path) {
        case .lead: break
        case .take(let outcome): return try outcome.get()
        case .leave: throw .cancelled
        }
        let outcome: Outcome
        do {
            outcome = .success(try await call())
        } catch {
            outcome = .failure(error)
        }
        land(path, outcome)
        return try outcome.get()
    }

    private func turn(_ path: String) async -> Turn {
        let id = lastID.wrappingAdd(1, ordering: .relaxed).newValue
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let turn: Turn? = lines.withLock { lines in
                    // Whoever was cancelled before this is not found by `leave`.
                    guard !Task.isCancelled else { return .leave }
                    guard lines[path] != nil else {
                        lines[path] = Line()
                        return .lead
                    }
                    lines[path]?.next.append(Waiter(id: id, continuation: continuation))
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            leave(path, id)
        }
    }

    private func leave(_ path: String, _ id: UInt64) {
        let waiter = lines.withLock { lines -> Waiter? in
            guard var line = lines[path] else { return nil }
            defer { lines[path] = line }
            if let index = line.next.firstIndex(where: { $0.id == id }) {
                return line.next.remove(at: index)
            }
            guard let index = line.aboard.firstIndex(where: { $0.id == id }) else { return nil }
            return line.aboard.remove(at: index)
        }
        waiter?.continuation.resume(returning: .leave)
    }

    /// Tells those aboard, and has the first of the next ones call.
    ///
    /// A caller who was cancelled has learnt nothing: those aboard go with the next call.
    private func land(_ path: String, _ outcome: Outcome) {
        let (told, leader) = lines.withLock { lines -> ([Waiter], Waiter?) in
            guard var line = lines[path] else { return ([], nil) }
            var told = line.aboard
            if case .failure(.cancelled) = outcome {
                line.next = told + line.next
                told = []
            }
            guard let leader = line.next.first else {
                lines[path] = nil
                return (told, nil)
            }
            lines[path] = Line(aboard: Array(line.next.dropFirst()))
            return (told, leader)
        }
        for waiter in told { waiter.continuation.resume(returning: .take(outcome)) }
        leader?.continuation.resume(returning: .lead)
    }
}

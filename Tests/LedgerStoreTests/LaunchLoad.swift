import LedgerAudit
import LedgerStore
import Synchronization
import TestSupport
import Testing

/// New users who are launched by several tasks without a pause, whatever happens meanwhile, and
/// what each launch was answered.
final class LaunchLoad: Sendable {
    /// What was answered so far.
    struct Answers {
        /// Where the launches stand that were acknowledged.
        var positions: Set<Int64> = []
        /// Each error once.
        var errors: [StoreError] = []
        var isOver = false

        /// The log holds each position once, all that were acknowledged, and nothing wrong.
        func check(in test: TestStore) async throws {
            let log = try await test.log().map(\.position)
            #expect(log == Array(0..<Int64(log.count)))
            #expect(positions.isSubset(of: log))
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    private static let tasks = 8
    private static let pause = Duration.milliseconds(2)
    private let answers = Mutex(Answers())

    /// Lets the load work while `body` runs, and gives all answers.
    static func run(
        on test: TestStore,
        _ body: (LaunchLoad) async throws -> Void
    ) async throws -> Answers {
        let load = LaunchLoad()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks { group.addTask { try await load.work(task, on: test) } }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body(load))
            } catch {
                result = .failure(error)
            }
            load.answers.withLock { $0.isOver = true }
            try await group.waitForAll()
            try result.get()
            return load.answers.withLock { $0 }
        }
    }

    /// Waits until a number of further launches are acknowledged: the load really works.
    func more(_ count: Int) async throws {
        let before = answers.withLock { $0.positions.count }
        while answers.withLock({ $0.positions.count < before + count }) {
            try await Task.sleep(for: Self.pause)
        }
    }

    /// Waits until a launch has failed.
    func failure() async throws {
        while answers.withLock({ $0.errors.isEmpty }) { try await Task.sleep(for: Self.pause) }
    }

    private func work(_ task: Int, on test: TestStore) async throws {
        var number = 0
        while !answers.withLock({ $0.isOver }) {
            number += 1
            do {
                let outcome = try await test.launchNew("user \(task) \(number)")
                guard case .written(_, let position) = outcome else { throw StoreError.conflict }
                answers.withLock { _ = $0.positions.insert(position) }
            } catch let error as StoreError {
                answers.withLock { answers in
                    if !answers.errors.contains(error) { answers.errors.append(error) }
                }
                // What fails at once would otherwise take all of the machine.
                try await Task.sleep(for: Self.pause)
            }
        }
    }
}

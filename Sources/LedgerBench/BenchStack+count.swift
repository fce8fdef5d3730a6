internal import LedgerStack
internal import LedgerStore
internal import Synchronization

/// How often each caller does it before it counts, so that plans, caches and connections are there.
private let warmUps = 4
/// How many users are read again and again.
private let usersRead = 128
/// Nobody waits so long, however slow the tool makes the program.
private let timeMax: Duration = .seconds(3_600)

extension BenchStack {
    /// What is done again and again while a tool counts.
    package enum Operation: String, CaseIterable, Sendable {
        /// The launch of a connected user, by the store alone.
        case append
        case launch
        case tokens, user, livez
    }

    /// Does one operation so many times between two calls, of `beginCount` and `endCount`, by which a tool
    /// that counts instructions can tell it from all else.
    package func count(_ operation: Operation, times: Int) async throws -> BenchReport {
        let round = max(1, times / plan.clients)
        let crowd = Crowd(history, prefix: "count-\(port)")
        let freshPerCaller = operation.isLaunch ? round + warmUps : 0
        let users = try await crowd.grow(
            to: max(usersRead, freshPerCaller * plan.clients),
            keeps: operation == .append
        )
        let known = (0..<plan.clients).map { client in
            KnownUsers(Array(users.dropFirst(client * freshPerCaller).prefix(freshPerCaller)))
        }
        try await perform(operation, warmUps, known, crowd)
        let loader: ProcessorMeter.Loader = operation == .append ? .callers : .threads
        let (before, start) = (try meter.now(loader), ContinuousClock.now)
        Self.beginCount()
        try await perform(operation, round, known, crowd)
        Self.endCount()
        let measurement = Measurement(
            name: operation.rawValue,
            clients: plan.clients,
            count: round * plan.clients,
            seconds: (ContinuousClock.now - start) / .seconds(1),
            processor: try meter.now(loader) - before
        )
        return BenchReport(title: "count", measurements: [measurement])
    }

    private static func request(
        _ operation: Operation,
        _ crowd: Crowd
    ) -> (path: String, body: String?) {
        switch operation {
        case .append, .livez: ("/livez", nil)
        case .launch: launch(of: crowd.fresh())
        case .tokens: ("/v1/users/\(crowd.any())/tokens", nil)
        case .user: ("/v1/users/\(crowd.any())", nil)
        }
    }

    /// All callers at once, so many times each.
    private func perform(
        _ operation: Operation,
        _ round: Int,
        _ known: [KnownUsers],
        _ crowd: Crowd
    ) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for users in known {
                group.addTask {
                    if operation == .append {
                        for _ in 0..<round { try await users.launchNext(history) }
                    } else {
                        try await send(operation, round, crowd)
                    }
                }
            }
        }
    }

    private func send(_ operation: Operation, _ round: Int, _ crowd: Crowd) async throws {
        _ = try await LoadConnection.run(
            LoadConnection.Plan(
                host: LocalPort.host,
                port: port,
                begin: .now,
                end: .now + timeMax,
                countMax: round,
                status: operation == .launch ? 201 : 200
            ) { _ in
                let (path, body) = Self.request(operation, crowd)
                return bytes(path, body)
            }
        )
    }

    /// Where a tool begins to count (`--zero-before='*beginCount*'`).
    @inline(never)
    private static func beginCount() { marks.add(1, ordering: .relaxed) }

    /// Where it ends (`--dump-before='*endCount*'`): other code than where it begins, or the optimizer makes one
    /// function of both.
    @inline(never)
    private static func endCount() { marks.subtract(1, ordering: .relaxed) }

    /// Keeps the optimizer from leaving the marks out.
    private static let marks = Atomic(0)
}

extension BenchStack.Operation {
    fileprivate var isLaunch: Bool { self == .append || self == .launch }
}

internal import SeededRandom
internal import Synchronization

/// Visitors who come one after the other, whatever happens to those before them.
final class Load: Sendable {
    private struct State {
        var isOver = false
        var visits = 0
        var random: SeededRandom
    }

    /// How often somebody new comes, and how many may be there at once: one who waits for a dead
    /// finish keeps nobody else away.
    private static let arrivalPause = Duration.milliseconds(120)
    private static let visitorsMax = 48
    /// How often one user comes back: first in create mode, then in edit mode.
    private static let visitsPerUser = 1...3

    private let world: World
    private let state: Mutex<State>
    private let behaviours: [String]

    /// Every second visitor has one of the names by which the sandbox behaves differently.
    private init(_ world: World, seed: UInt64, behaviours: [String]) {
        self.world = world
        self.behaviours = behaviours
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// Keeps visitors coming while `body` runs, then lets those who are there leave.
    ///
    /// - Returns: how many visits there were.
    static func run(
        on world: World,
        seed: UInt64,
        behaviours: [String],
        while body: () async throws -> Void
    ) async throws -> Int {
        let load = Load(world, seed: seed, behaviours: behaviours)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await load.receive() }
            let result: Result<Void, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
                // Nobody need wait for a service that is not there any more.
                group.cancelAll()
            }
            load.state.withLock { $0.isOver = true }
            do {
                try await group.waitForAll()
            } catch {
                // Whoever was sent away has no story of his own.
                if case .success = result { throw error }
            }
            try result.get()
            return load.visits
        }
    }

    /// How many visits have ended.
    var visits: Int { state.withLock { $0.visits } }

    private var isOver: Bool { state.withLock { $0.isOver } }

    private func receive() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            var count = 0
            while !isOver {
                if count >= Self.visitorsMax {
                    try await group.next()
                    count -= 1
                }
                group.addTask { try await self.receiveOne() }
                count += 1
                try? await Task.sleep(for: Self.arrivalPause)
                if Task.isCancelled { break }
            }
            try await group.waitForAll()
        }
    }

    private func receiveOne() async throws {
        var (visitor, visits) = state.withLock { state in
            let name = Self.name(of: behaviours, &state.random)
            let visitor = world.newVisitor(&state.random, named: name)
            return (visitor, Self.visitsPerUser.randomElement(using: &state.random) ?? 1)
        }
        while visits > 0, !isOver {
            try await visitor.visit()
            visits -= 1
            state.withLock { $0.visits += 1 }
        }
        await visitor.end()
    }

    private static func name(of behaviours: [String], _ random: inout SeededRandom) -> String {
        guard !behaviours.isEmpty, Bool.random(using: &random) else { return "user" }
        return behaviours.randomElement(using: &random) ?? "user"
    }
}

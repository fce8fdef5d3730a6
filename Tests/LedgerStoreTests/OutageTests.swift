import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("PostgreSQL away", .timeLimit(.minutes(5)))
struct OutageTests {
    @Test(
        "without PostgreSQL a write fails soon; with it again it works by itself",
        .timeLimit(.minutes(5))
    )
    func stopAndStart() async throws {
        try await TestCluster.run { cluster in
            try await TestStore.run(on: cluster) { test in
                let user = try await test.launchedUser("alice")
                try await cluster.stop()
                for _ in 0..<3 {
                    await #expect(throws: StoreError.unavailable) {
                        try await test.store.write(test.launch(user), to: user)
                    }
                    await #expect(throws: StoreError.unavailable) { try await test.user("alice") }
                    let told = await Readiness(store: test.store).conditions()
                    #expect(told.map(\.0) == [.databaseUnavailable])
                }
                try await cluster.start()
                guard case .written = try await test.store.write(test.launch(user), to: user) else {
                    Issue.record("nothing was written meanwhile")
                    return
                }
                #expect(try await test.log().count == 3)
            }
        }
    }

    @Test(
        "after a crash of PostgreSQL everything that was answered is there",
        .timeLimit(.minutes(5))
    )
    func crash() async throws {
        try await TestCluster.run(durable: true) { cluster in
            try await TestStore.run(on: cluster) { test in
                let answered = try await withThrowingTaskGroup(of: [Int64].self) { group in
                    for task in 0..<8 {
                        group.addTask { await write("user \(task)", until: test) }
                    }
                    while try await CommandFactory(test: test).size() < 100 { await Task.yield() }
                    try await cluster.crash()
                    return try await group.reduce([], +)
                }
                try await cluster.start()
                let log = try await test.log()
                #expect(answered.count >= 99)
                #expect(log.map(\.position) == Array(0..<Int64(log.count)))
                #expect(Set(answered).count == answered.count)
                #expect(Set(answered).isSubset(of: log.map(\.position)))
                let report = try await Verification.run(test.owner)
                #expect(report.findings == [])
            }
        }
    }

    /// Launches a user again and again until the database is gone.
    ///
    /// Gives the positions that were answered.
    private func write(_ name: String, until test: TestStore) async -> [Int64] {
        var positions: [Int64] = []
        var user = test.store.newUser(Secret(name), of: test.app)
        while case .written(let changed, let position)? = try? await test.store.write(
            test.launch(user),
            to: user
        ) {
            positions.append(position)
            user = changed
        }
        return positions
    }

    @Test("closing during writes: each is either written or refused, and the log holds the written")
    func closing() async throws {
        try await TestStore.run { test in
            try await test.another { other in
                let outcomes = await withTaskGroup(of: Bool?.self) { group in
                    for index in 0..<200 {
                        group.addTask {
                            do {
                                let outcome = try await test.launchNew("user \(index)", with: other)
                                guard case .written = outcome else { return nil }
                                return true
                            } catch StoreError.unavailable {
                                return false
                            } catch {
                                return nil
                            }
                        }
                        if index == 100 { other.close() }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }
                #expect(!outcomes.contains(nil), "nothing is left unknown")
                let written = outcomes.filter { $0 == true }.count
                #expect(written < 200)
                let log = try await test.log()
                #expect(log.count == written + 1)
            }
        }
    }
}

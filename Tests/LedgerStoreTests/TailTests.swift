import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Tailing", .timeLimit(.minutes(5)))
struct TailTests {
    private static let writers = 100
    private static let eventsEach = 10

    @Test(
        "readers who follow 100 writers see every position once, in order",
        .timeLimit(.minutes(5))
    )
    func tail() async throws {
        try await TestStore.run { test in
            try await test.another { other in
                let total = Self.writers * Self.eventsEach + 1
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for reader in 0..<4 {
                        let store = reader.isMultiple(of: 2) ? test.store : other
                        group.addTask { try await follow(store, until: total) }
                    }
                    for writer in 0..<Self.writers {
                        let store = writer.isMultiple(of: 2) ? test.store : other
                        group.addTask { try await write("user \(writer)", test, store) }
                    }
                    try await group.waitForAll()
                }
            }
            let log = try await test.log()
            #expect(log.map(\.position) == Array(0..<Int64(log.count)))
            var versions: [Identifier: Int64] = [:]
            for event in log.dropFirst() {
                let record = try event.record()
                let subject = try #require(record.subject)
                let expected = versions[subject, default: 0] + 1
                #expect(record.subjectVersion == expected, "a subject's order is the log's order")
                versions[subject] = expected
            }
            #expect(versions.count == Self.writers)
        }
    }

    private func write(_ name: String, _ test: TestStore, _ store: LedgerStore) async throws {
        var outcome = try await test.launchNew(name, with: store)
        for _ in 1..<Self.eventsEach {
            guard case .written(let user, _) = outcome else {
                Issue.record("expected a write, got \(outcome)")
                return
            }
            outcome = try await store.write(test.launch(user), to: user)
        }
    }

    private func follow(_ store: LedgerStore, until total: Int) async throws {
        var next: Int64 = 0
        while next < total {
            let page = try await store.page(log: .facts, from: next, limit: 64)
            for event in page {
                guard event.position == next else {
                    Issue.record("expected position \(next), got \(event.position)")
                    return
                }
                next += 1
            }
            if page.isEmpty { await Task.yield() }
        }
    }
}

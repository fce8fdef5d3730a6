import Ledger
import TestSupport
import Testing

@testable import LedgerStore

@Suite("A user's whole history", .timeLimit(.minutes(5)))
struct HistoryTests {
    @Test("it is read page by page, and few long ones at once where lists are read")
    func pages() async throws {
        try await TestStore.run { test in
            let short = try await test.launchedUser("short")
            let long = try await Self.grow(test, "long")
            let store = test.store
            var holders: [HistoryReader] = []
            for _ in 0..<StoreLimits.historiesOfAppMax {
                var pages = store.pages(of: long, isListed: true)
                let first = try await pages.next()
                #expect(first?.count == StoreLimits.pageEventsMax)
                let second = try await pages.next()
                #expect(second?.count == 201)
                holders.append(pages)
            }
            await #expect(throws: StoreError.overloaded) {
                _ = try await store.wholeHistory(of: long, isListed: true)
            }
            let few = try await store.wholeHistory(of: short, isListed: true)
            #expect(few.count == 1)
            // What a finish waits for is not kept waiting by lists.
            let all = try await store.wholeHistory(of: long)
            #expect(try all.map { try $0.record().subjectVersion } == Array(1...1_201))
            for index in holders.indices {
                let end = try await holders[index].next()
                #expect(end == nil)
            }
            holders.removeAll()
            let again = try await store.wholeHistory(of: long, isListed: true)
            #expect(again.count == 1_201)
        }
    }

    /// A user with 1,201 events.
    private static func grow(_ test: TestStore, _ name: String) async throws -> StoredUser {
        var user = try await test.launchedUser(name)
        let store = test.store
        for _ in 0..<6 {
            var change = Change(context: TestStore.context)
            for _ in 0..<200 {
                change.append(
                    .launchClosed(launch: store.clock.identifier()),
                    id: store.clock.identifier()
                )
            }
            guard case .written = try await store.write(change, to: user) else {
                throw StoreError.defect
            }
            user = try await test.user(name)
        }
        return user
    }
}

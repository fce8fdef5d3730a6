import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("What was acknowledged", .timeLimit(.minutes(5)))
struct AppendWatchTests {
    @Test("positions that grow are no loss, in whatever order the answers come")
    func grows() {
        let watch = AppendWatch()
        let (first, second) = (watch.begin(), watch.begin())
        #expect(!watch.acknowledge(5...9, of: second))
        #expect(!watch.acknowledge(0...4, of: first))
        let third = watch.begin()
        #expect(!watch.acknowledge(10...10, of: third))
        #expect(watch.health.lostFrom == nil)
    }

    @Test("a position that was acknowledged before and is given out anew is a loss, told once")
    func loss() {
        let watch = AppendWatch()
        #expect(!watch.acknowledge(0...9, of: watch.begin()))
        #expect(watch.acknowledge(8...8, of: watch.begin()))
        #expect(!watch.acknowledge(9...9, of: watch.begin()))
        #expect(watch.health.lostFrom == 8)
    }

    @Test("the oldest append is the one that counts, as long as it is under way")
    func age() throws {
        let watch = AppendWatch()
        #expect(watch.health.oldestAppend == nil)
        let first = watch.begin()
        let second = watch.begin()
        watch.end(second)
        #expect(watch.health.oldestAppend != nil)
        watch.end(first)
        #expect(watch.health.oldestAppend == nil)
    }

    @Test("a database that falls back behind what it acknowledged is noticed by the next append")
    func fallsBack() async throws {
        try await TestStore.run { test in
            for name in ["a", "b", "c"] { _ = try await test.launchNew(name) }
            #expect(test.store.appendHealth(of: .facts).lostFrom == nil)
            let owner = try await test.ownerConnection()
            // As an asynchronous standby does that had not got the last two.
            try await owner.script(
                """
                set session_replication_role = replica;
                alter table ledger.event disable trigger all;
                alter table ledger.log disable trigger all;
                delete from ledger.event where log_id = 0 and position >= 2;
                update ledger.log set size = 2 where log_id = 0;
                alter table ledger.event enable trigger all;
                alter table ledger.log enable trigger all;
                """
            )
            guard case .written(_, 2) = try await test.launchNew("d") else {
                Issue.record("appends go on")
                return
            }
            #expect(test.store.appendHealth(of: .facts).lostFrom == 2)
        }
    }
}

import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Rivals for one user", .timeLimit(.minutes(5)))
struct RivalTests {
    @Test("callers of one process take turns, and none of them starves")
    func oneProcess() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("crowd")
            try await launch(user, callers: 8, times: 40, in: [test.store], test)
            #expect(try await test.user("crowd").state.version == 1 + 8 * 40)
        }
    }

    @Test("a user who is new to all of them is stored once, and all are served")
    func newUser() async throws {
        try await TestStore.run { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        let user = test.store.newUser(Secret("new"), of: test.app)
                        for _ in 0..<10 { try await launch(user, test.store, test) }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await test.user("new").state.version == 80)
        }
    }

    @Test("callers of two processes get in each other's way, and all are served")
    func twoProcesses() async throws {
        try await TestStore.run { test in
            let user = try await test.launchedUser("crowd")
            try await test.another { other in
                try await launch(user, callers: 8, times: 20, in: [test.store, other], test)
            }
            #expect(try await test.user("crowd").state.version == 1 + 8 * 20)
            let report = try await Verification.run(test.owner)
            #expect(report.findings == [])
        }
    }

    @Test(
        "what the server rolls back for another one's sake is sent again",
        arguments: ["40001", "40P01"]
    )
    func rolledBack(_ state: String) async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            // A sequence is not rolled back, so it counts the tries.
            try await owner.script(
                """
                create sequence public.tries;
                create function public.roll_back() returns trigger language plpgsql as $$ begin
                    if nextval('public.tries') % \(StoreLimits.rollbackTriesMax) <> 0 then
                        raise exception 'so' using errcode = '\(state)';
                    end if;
                    return new;
                end $$;
                grant usage on sequence public.tries to public;
                create trigger roll_back before insert on ledger.event
                    for each row execute function public.roll_back()
                """
            )
            guard case .written = try await test.launchNew("alice") else {
                Issue.record("the last try is the one that works")
                return
            }
            try await owner.script(
                "alter sequence public.tries increment by \(StoreLimits.rollbackTriesMax)"
            )
            try await owner.script("select setval('public.tries', 1)")
            let error = await #expect(throws: StoreError.self) { try await test.launchNew("bob") }
            #expect(error == .overloaded)
        }
    }

    /// Launches a user as read once, many times by many callers.
    private func launch(
        _ user: StoredUser,
        callers: Int,
        times: Int,
        in stores: [LedgerStore],
        _ test: TestStore
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    let store = stores[caller % stores.count]
                    for _ in 0..<times { try await launch(user, store, test) }
                }
            }
            try await group.waitForAll()
        }
    }

    private func launch(_ user: StoredUser, _ store: LedgerStore, _ test: TestStore) async throws {
        let outcome = try await store.change(user, of: test.app) { test.launch($0) }
        guard case .written = outcome else { throw StoreError.defect }
    }
}

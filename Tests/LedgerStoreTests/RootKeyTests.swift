import Ledger
import LedgerAudit
@testable import LedgerStore
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing
import Vault

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

@Suite("A change of the root key", .timeLimit(.minutes(5)))
struct RootKeyTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let operating = RecordContext(actor: "operator")
    private static let users = 1_200

    /// That the load may end.
    private final class Flag: Sendable {
        let isOver = Mutex(false)
    }

    private let new = RootKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })

    /// Connects some users, and launches many.
    private func fill(_ test: TestStore) async throws {
        for number in 0..<20 { _ = try await test.connectedUser("connected \(number)") }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<Self.users / 8 {
                        _ = try await test.launchNew("launched \(task) \(number)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    /// The store opens with these keys and every connected user's tokens with it.
    private func expectTokens(_ test: TestStore, _ keys: RootKeys) async throws {
        try await test.another(rootKeys: keys) { store in
            for number in 0..<20 {
                try await Self.expectToken(of: number, store, test.app)
            }
        }
    }

    private static func expectToken(
        of number: Int,
        _ store: LedgerStore,
        _ app: StoredApp
    ) async throws {
        let user = try #require(try await store.user(Secret("connected \(number)"), of: app))
        #expect(try store.value(.accessToken, of: user) == Secret("access connected \(number)"))
    }

    @Test(
        "under load, ended again and again: no read fails, and the old key is not needed after it"
    )
    func underLoad() async throws {
        try await TestStore.run { test in
            try await fill(test)
            let keys = RootKeys(new, other: test.rootKey)
            try await test.another(rootKeys: keys) { store in
                let flag = Flag()
                try await withThrowingTaskGroup(of: Int.self) { group in
                    group.addTask { try await Self.load(store, test, until: flag) }
                    let ended = try await rotate(store, test)
                    #expect(ended > 3, "it was ended before its end")
                    flag.isOver.withLock { $0 = true }
                    let calls = try #require(try await group.next())
                    #expect(calls > 3, "there was load")
                }
                let uses = try await store.rootKeyUses(owner: test.owners)
                #expect(uses.map(\.role) == [.current, .other])
                #expect(uses[0].users > Int64(Self.users) && uses[0].apps == 1)
                #expect(uses[0].masterKeys == 3 && uses[0].since != nil)
                #expect((uses[1].users, uses[1].apps, uses[1].masterKeys) == (0, 0, 0))
            }
            try await expectAfter(test)
        }
    }

    /// Rotates until it is complete; many runs are ended by somebody who ends their session.
    ///
    /// Gives how many were.
    private func rotate(_ store: LedgerStore, _ test: TestStore) async throws -> Int {
        let killer = try await test.ownerConnection()
        var ended = 0
        while true {
            let isOver = Flag()
            let done = try await withThrowingTaskGroup(of: RootKeyRotation?.self) { group in
                group.addTask {
                    defer { isOver.isOver.withLock { $0 = true } }
                    // Each page takes its time, so that there is one for whoever ends it.
                    return try? await store.rotateRootKey(
                        context: Self.operating,
                        owner: test.owners
                    ) { _, _ in usleep(20_000) }
                }
                if ended < 12 { try await end(after: .milliseconds(4 * ended), isOver, killer) }
                return try await group.next() ?? nil
            }
            guard done?.isComplete == true else {
                ended += 1
                continue
            }
            await killer.close()
            return ended
        }
    }

    /// Ends every session of the rotation, beginning so long after its own begin.
    private func end(
        after pause: Duration,
        _ flag: Flag,
        _ killer: PostgresConnection
    ) async throws {
        try await Task.sleep(for: pause)
        while !flag.isOver.withLock({ $0 }) {
            try await killer.script(
                """
                select pg_terminate_backend(pid) from pg_stat_activity
                where datname = current_database() and pid <> pg_backend_pid()
                    and usename = current_user
                """
            )
            try await Task.sleep(for: .milliseconds(2))
        }
    }

    /// Reads and launches without a pause; gives how often.
    private static func load(
        _ store: LedgerStore,
        _ test: TestStore,
        until flag: Flag
    ) async throws -> Int {
        var calls = 0
        while !flag.isOver.withLock({ $0 }) {
            calls += 1
            try await expectToken(of: calls % 20, store, test.app)
            _ = try await test.launchNew("during \(calls)", with: store)
        }
        return calls
    }

    private func expectAfter(_ test: TestStore) async throws {
        try await expectTokens(test, RootKeys(new))
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(new)
        #expect(try await Verification.run(test.owner, plan: plan).findings == [])
        let error = await #expect(throws: StoreOpeningError.self) {
            _ = try await LedgerStore(
                pools: test.store.pools,
                rootKeys: RootKeys(test.rootKey),
                logger: Self.quiet
            )
        }
        guard case .vault(.wrongRootKey(test.rootKey.id)) = error else {
            Issue.record("the old key opens it: \(String(describing: error))")
            return
        }
        let told = try await test.log().map { try $0.record().event }.filter {
            "\($0.type)" == "root_key.rotated"
        }
        #expect(told.count == 1, "once, however often it was ended")
        guard case .rootKeyRotated(test.rootKey.id, new.id, let count) = told[0] else {
            Issue.record("\(told[0])")
            return
        }
        #expect(count > Int64(Self.users))
    }

    @Test("a copy that still wraps with the old key makes no new user, is not ready, and reads on")
    func overtaken() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("connected 0")
            try await test.another(rootKeys: RootKeys(test.rootKey, other: new)) { late in
                _ = try await test.launchNew("before", with: late)
                try await test.another(rootKeys: RootKeys(new, other: test.rootKey)) { store in
                    let rotation = try await store.rotateRootKey(
                        context: Self.operating,
                        owner: test.owners
                    )
                    #expect(rotation.isComplete)
                }
                await #expect(throws: StoreError.unavailable) {
                    try await test.launchNew("after", with: late)
                }
                #expect(try await late.user(Secret("after"), of: test.app) == nil)
                #expect(await late.probe(0) == [.rootKeyChanged])
                try await Self.expectToken(of: 0, late, test.app)
                let user = try #require(try await late.user(Secret("before"), of: test.app))
                _ = try await late.write(test.launch(user), to: user)
            }
            try await test.another(rootKeys: RootKeys(new)) { store in
                #expect(await store.probe(0) == [])
                try await Self.expectToken(of: 0, store, test.app)
            }
        }
    }

    @Test("there and back again is on record each time, and a run without a change is not")
    func again() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("connected 0")
            let old = test.rootKey
            for keys in [
                RootKeys(old, other: new), RootKeys(new, other: old), RootKeys(new, other: old),
                RootKeys(old, other: new), RootKeys(new, other: old),
            ] {
                try await test.another(rootKeys: keys) { store in
                    _ = try await store.rotateRootKey(context: Self.operating, owner: test.owners)
                }
            }
            let turns = try await test.log().compactMap { event -> [String]? in
                guard case .rootKeyRotated(let from, let to, _) = try event.record().event else {
                    return nil
                }
                return [from, to]
            }
            #expect(turns == [[old.id, new.id], [new.id, old.id], [old.id, new.id]])
        }
    }

    @Test(
        "keys that neither root key opens stay as they are, and keep the old key needed"
    )
    func unopened() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("connected 0")
            let subject = try await test.user("connected 0").subject
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update vault.user_state set wrapped_key = '\\x00', root_key_id = 'gone'"
            )
            try await test.another(rootKeys: RootKeys(new, other: test.rootKey)) { store in
                let rotation = try await store.rotateRootKey(
                    context: Self.operating,
                    owner: test.owners
                )
                #expect(rotation.unopened == 1 && !rotation.isComplete)
                let uses = try await store.rootKeyUses(owner: test.owners)
                #expect(uses.count == 3)
                #expect(uses.first { $0.id == "gone" }?.role == .missing)
            }
            let kept = try await test.count(
                Statement(
                    "kept",
                    "select count(*) from vault.user_state where subject = $1 and wrapped_key = '\\x00'",
                    .uuid(subject.value)
                )
            )
            #expect(kept == 1)
            await owner.close()
        }
    }

    @Test("the service's own role cannot write a key over")
    func rights() async throws {
        try await TestStore.run { test in
            let service = try await test.serviceConnection()
            await #expect(throws: PostgresError.self) {
                try await service.script("select vault.rewrap_keys('user', 0, 'x', '{}')")
            }
            await #expect(throws: PostgresError.self) {
                try await service.script("update vault.user_state set wrapped_key = '\\x00'")
            }
            await service.close()
        }
    }
}

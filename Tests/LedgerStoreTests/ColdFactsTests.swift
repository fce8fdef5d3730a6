import Ledger
import LedgerAudit
@testable import LedgerStore
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

@Suite("Cold history of facts", .timeLimit(.minutes(5)))
struct ColdFactsTests {
    /// Lends a log of facts in which three users were launched two hundred times each.
    private func run(
        _ body: (TestStore, SteppedIntegrator, [StoredUser]) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            var users: [StoredUser] = []
            for name in ["alice", "bob", "carol"] {
                users.append(try await test.connectedUser(name))
            }
            for round in 0..<200 {
                for index in users.indices {
                    users[index] = try await TestCold.launch(1, users[index], test.store)
                }
                if round == 100 {
                    try await test.rotate("alice", "2")
                    users[0] = try await test.user("alice")
                }
            }
            let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
            let integrator = SteppedIntegrator(test, maps: maps)
            try await integrator.look()
            try await body(test, integrator, users)
        }
    }

    private func detach(_ test: TestStore, before line: Int64 = 512) async throws -> [[UInt8]] {
        try await TestCold.detach(before: line, log: .facts, test.store, test.owners)
    }

    private func expectClean(_ test: TestStore, _ integrator: SteppedIntegrator) async throws {
        #expect(try await integrator.verify().findings == [])
        let rebuilt = try await ProjectionRebuild.run(
            test.owners,
            rootKeys: RootKeys(test.rootKey)
        )
        #expect(rebuilt.differences == 0 && rebuilt.problems == 0 && rebuilt.forged == 0)
        #expect(rebuilt.maps.allSatisfy { $0.stated != .different })
    }

    @Test("launches are gone, and nothing of what is current, or was held when, has changed")
    func detach() async throws {
        try await run { test, integrator, users in
            let store = test.store
            var stories: [[StoredEvent]] = []
            for user in users { stories.append(try await store.wholeHistory(of: user)) }
            let held = try await store.holdings(of: users[0])
            let size = try await store.size(log: .facts)
            _ = try await detach(test)
            // A user's first event and the last eight launches are there, and whatever is no launch.
            #expect(try await test.rows(of: .facts, before: 512) < 80)
            #expect(
                try await test.rows(of: .facts) == size - 512
                    + (try await test.rows(of: .facts, before: 512))
            )
            for (user, story) in zip(users, stories) {
                let rest = try await store.wholeHistory(of: user)
                #expect(rest.reduce(0) { $0 + $1.coldBefore + 1 } == Int64(story.count))
                let left = Set(rest.map(\.position))
                for event in story where !left.contains(event.position) {
                    #expect(event.position < 512)
                    let record = try event.record()
                    #expect(ColdLaunches.types.contains("\(record.event.type)"))
                    #expect(try await store.event(id: record.id) == nil)
                    await #expect(throws: StoreError.self) {
                        _ = try await store.event(named: record.id)
                    }
                }
                let state = try await store.foldedState(
                    of: MapUser(app: test.app.id, subject: user.subject),
                    .facts,
                    before: size
                )
                #expect(state.state?.state == user.state.encoded())
                await #expect(throws: StoreError.self) {
                    _ = try await store.foldedState(
                        of: MapUser(app: test.app.id, subject: user.subject),
                        .facts,
                        before: 300
                    )
                }
            }
            #expect(held.count == 4)
            #expect(try await store.holdings(of: users[0]) == held)
            try await expectClean(test, integrator)
            // It goes on, also with another copy that starts now, and can be done again.
            for user in users { _ = try await TestCold.launch(1, user, test.store) }
            let maps = try await SteppedIntegrator.loadedMaps(of: store)
            try await SteppedIntegrator(test, maps: maps).look()
            try await test.erase("bob")
            try await expectClean(test, integrator)
        }
    }

    @Test("what is put back is byte for byte what there was")
    func attach() async throws {
        try await run { test, integrator, users in
            let before = try await test.dump(of: .facts)
            let records = try await detach(test)
            let last = try await test.store.latestCheckpoint(log: .facts)?.size ?? 0
            #expect(last > 512)
            let move = try await ColdMove.open(test.store, .facts, owner: test.owners)
            let bundle = try await TestCold.bundle(0..<512, "one", log: .facts, test.store)
            let stretch = try await move.stretch(in: bundle)
            try await move.putBack(Array(records.prefix(300)), at: 0, [test.app])
            try await expectClean(test, integrator)
            try await move.putBack(records, at: 0, [test.app])
            try await move.finish(stretch)
            await move.close()
            #expect(try await test.dump(of: .facts) == before)
            #expect(
                try await test.store.wholeHistory(of: users[0]).allSatisfy { $0.coldBefore == 0 }
            )
            try await expectClean(test, integrator)
        }
    }

    @Test("a second stretch follows, and a run that was stopped is gone on with")
    func stretches() async throws {
        try await run { test, integrator, users in
            let move = try await ColdMove.open(test.store, .facts, owner: test.owners)
            let outside = [try await TestCold.outside(log: .facts, test.store)]
            let all = try await TestCold.bundle(0..<512, "one", log: .facts, test.store)
            let first = try await move.plan(before: 256, all, outside, ageSecondsMin: 0)
            try await move.note(first)
            try await expectClean(test, integrator)
            // One user's are gone, and those of others not yet.
            _ = try await move.remove(first, from: 255)
            try await expectClean(test, integrator)
            #expect(try await move.remove(first, from: 0) == 256)
            try await expectClean(test, integrator)
            let second = try await move.plan(before: 512, all, outside, ageSecondsMin: 0)
            #expect(second.positions == 256..<512)
            try await move.note(second)
            #expect(try await move.remove(second, from: 0) == 512)
            await move.close()
            #expect(try await test.rows(of: .facts, before: 512) < 80)
            for user in users {
                let found = try await test.store.user(subject: user.subject, of: test.app)
                #expect(found?.state == user.state)
            }
            try await expectClean(test, integrator)
        }
    }

    @Test("the database lets no other fact go, whoever asks")
    func refused() async throws {
        try await run { test, _, _ in
            _ = try await detach(test)
            let owner = try await test.ownerConnection()
            let kept = try await owner.rows(
                Statement(
                    "kept_positions",
                    """
                    select position from ledger.event
                    where log_id = 0 and position < 512
                        and (type <> all ($1) or subject_version = 1)
                    """,
                    .textArray(ColdLaunches.types)
                )
            ) { result, row throws(PostgresError) in try result.int8(row, 0) }
            #expect(kept.count > 20)
            for position in kept {
                await #expect(throws: PostgresError.self) {
                    try await owner.script(
                        "delete from ledger.event where log_id = 0 and position = \(position)"
                    )
                }
            }
            await owner.close()
        }
    }

    @Test(
        "nothing is moved before whoever reads one event after the other, and the reason is a sentence"
    )
    func awaited() async throws {
        try await run { test, _, _ in
            let move = try await ColdMove.open(test.store, .facts, owner: test.owners)
            let outside = [try await TestCold.outside(log: .facts, test.store)]
            let all = try await TestCold.bundle(0..<512, "one", log: .facts, test.store)
            await #expect(throws: ColdRefusal.tooYoung(position: 511)) {
                _ = try await move.plan(before: 512, all, outside)
            }
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into ledger.webhook_endpoint (endpoint_id, app_id, version, sealed, created_at)
                select '00000000-0000-4000-8000-000000000001', app_id, 1, '', now() from ledger.app;
                insert into ledger.webhook_progress (endpoint_id, fact_log, next_position)
                values ('00000000-0000-4000-8000-000000000001', 0, 511);
                """
            )
            await #expect(throws: ColdRefusal.awaited(position: 511)) {
                _ = try await move.plan(before: 512, all, outside, ageSecondsMin: 0)
            }
            _ = try await move.plan(before: 256, all, outside, ageSecondsMin: 0)
            try await owner.script("update ledger.webhook_endpoint set removed_at = now()")
            _ = try await move.plan(before: 512, all, outside, ageSecondsMin: 0)
            await owner.close()
            await move.close()
        }
    }

    @Test(
        "an endpoint is sent nothing once more from before the line, which is said when it is asked for"
    )
    func replay() async throws {
        try await run { test, _, _ in
            let webhook = try #require(
                try await test.store.add(
                    WebhookDefinition(url: "https://hooks.example.com/"),
                    of: test.app,
                    context: TestStore.context
                )
            )
            _ = try await detach(test)
            let cold = ColdPlace(log: .facts, before: 512, export: Identifier(value: 1))
            await #expect(throws: StoreError.cold(cold)) {
                _ = try await test.store.replay(
                    511..<513,
                    to: webhook,
                    of: test.app,
                    context: TestStore.context
                )
            }
            let asked = try await test.store.replay(
                512..<513,
                to: webhook,
                of: test.app,
                context: TestStore.context
            )
            guard case .asked(512..<513) = asked else {
                Issue.record("what is there is sent again: \(asked)")
                return
            }
        }
    }

    @Test("events that somebody else wrote, or changed, stay with all of their user")
    func evidence() async throws {
        try await run { test, _, users in
            try await SteppedIntegrator.damage(
                test,
                """
                update ledger.event set recorded_at = now() where log_id = 0 and position = (
                    select max(position) from ledger.event
                    where position < 200 and subject = '\(users[1].subject)'
                );
                alter table ledger.event enable trigger all;
                alter table ledger.event enable always trigger event_is_immutable;
                """
            )
            _ = try await detach(test)
            let bob = try await test.store.wholeHistory(of: users[1])
            #expect(bob.allSatisfy { $0.coldBefore == 0 })
            let alice = try await test.store.wholeHistory(of: users[0])
            #expect(alice.contains { $0.coldBefore > 0 })
        }
    }
}

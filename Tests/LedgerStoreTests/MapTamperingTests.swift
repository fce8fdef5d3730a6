import Ledger
@testable import LedgerStore
import MerkleLog
import Postgres
import StateMap
import Synchronization
import TestSupport
import Testing
import Vault

@Suite("The maps, and rows that somebody changed", .timeLimit(.minutes(5)))
struct MapTamperingTests {
    @Test(
        "a row that somebody changed changes no map: the log tells what is current",
        arguments: [
            "subject_version = subject_version - 1", "subject_version = subject_version + 1",
            "state_mac = null",
            // The row of somebody else, with its MAC.
            """
            (state, state_mac) = (
                select state, state_mac from vault.user_state o where o.subject <> s.subject)
            """,
        ]
    )
    func changed(change: String) async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            _ = try await test.connectedUser("bob")
            try await log.look()
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update vault.user_state s set \(change) where subject = '\(alice.subject)'"
            )
            await owner.close()
            let anew = try await MappedLog(test)
            let statement = try await log.statement()
            let made = await anew.maps.made
            #expect(made.states == statement.states)
        }
    }

    @Test("a whole row that was set back, with the MAC that it had, is not what is current")
    func setBack() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.connectedUser("alice")
            let owner = try await test.ownerConnection()
            try await owner.script("create temp table kept as select * from vault.user_state")
            _ = try await test.store.write(test.launch(alice), to: alice)
            try await log.look()
            try await owner.script(
                """
                delete from vault.user_state;
                insert into vault.user_state select * from kept;
                """
            )
            await owner.close()
            // The log goes on.
            _ = try await test.launchedUser("bob")
            let anew = try await MappedLog(test)
            let made = await anew.maps.made
            let root = try await log.foldedRoot(before: made.size)
            #expect(made.states.root == root)
        }
    }

    @Test(
        "a row that is gone is missed, of whoever came before the last statement or after it",
        arguments: ["alice", "bob"]
    )
    func deleted(name: String) async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            _ = try await test.launchedUser("alice")
            try await log.look()
            _ = try await test.launchedUser("bob")
            let gone = try await test.user(name)
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                create temp table kept as select * from vault.user_state
                where subject = '\(gone.subject)';
                delete from vault.user_state where subject = '\(gone.subject)';
                """
            )
            await #expect(throws: StoreError.damaged(.state)) { try await log.maps.load() }
            try await owner.script("insert into vault.user_state select * from kept")
            await owner.close()
            try await log.maps.load()
            #expect(await log.maps.made.states.count == 2)
        }
    }

    @Test("an event that the service did not write makes nobody who would be missed")
    func forged() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            _ = try await test.launchedUser("alice")
            try await log.look()
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into ledger.event
                select 0, size, gen_random_uuid(), '\(test.app.id)', gen_random_uuid(), 1,
                    'connect.launched', now(), '{}'
                from ledger.log where log_id = 0;
                update ledger.log set size = size + 1 where log_id = 0;
                """
            )
            await owner.close()
            try await log.maps.load()
            #expect(await log.maps.made.states.count == 1)
        }
    }

    @Test(
        "a copy that followed and one that starts agree on a forged event that is somebody's newest"
    )
    func forgedNewest() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            let alice = try await test.launchedUser("alice")
            try await log.look()
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into ledger.event
                select 0, size, gen_random_uuid(), '\(test.app.id)', '\(alice.subject)', 2,
                    'connect.launched', now(), '{}'
                from ledger.log where log_id = 0;
                update ledger.log set size = size + 1 where log_id = 0;
                """
            )
            await owner.close()
            _ = await log.maps.advanceOrTell()
            let followed = await log.maps.made
            let anew = try await MappedLog(test)
            let made = await anew.maps.made
            #expect(made.size == followed.size)
            #expect(made.states == followed.states)
        }
    }

    @Test("what is taken in halfway is never stated, nor compared with what was")
    func halfway() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            for number in 0..<7 { _ = try await test.launchedUser("user \(number)") }
            try await log.look()
            let size = try await test.store.size(log: .facts)
            for number in 0..<7 {
                let user = try await test.user("user \(number)")
                _ = try await test.store.write(test.launch(user), to: user)
            }
            let alice = try await test.launchedUser("alice")
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update vault.user_state set client_user_id = 'x' where subject = '\(alice.subject)'"
            )
            await owner.close()
            #expect(await log.maps.advanceOrTell() == nil)
            #expect(await !log.maps.state(upTo: size))
            #expect(log.maps.figures.withLock { $0.differsAt } == nil)
        }
    }

    @Test(
        "another statement of the same facts is told, and not proved by: other roots, or other pairs of logs"
    )
    func otherStatement() async throws {
        for (logs, root) in [(Logs.one, MerkleHash.emptyTree), (Logs(pairs: 2), nil)] {
            try await TestStore.run { test in
                let log = try await MappedLog(test)
                _ = try await test.launchedUser("alice")
                try await log.look()
                let (last, own) = (try await log.statement(), test.store)
                let lie = try MapStatement(
                    facts: last.facts,
                    logs: logs,
                    time: last.time,
                    states: .init(count: last.states.count, root: root ?? last.states.root),
                    names: last.names
                )
                let (size, end) = (try await own.size(log: .facts), try await own.size(log: .map))
                #expect(log.maps.figures.withLock { $0.differsAt } == nil)
                #expect(try await own.append(lie, at: end, log: .map, test.pool))
                #expect(await !log.maps.state(upTo: size))
                #expect(log.maps.figures.withLock { $0.differsAt } == size)
            }
        }
    }

    @Test("a copy that does not know of pairs that were added states nothing after one that does")
    func addedPairs() async throws {
        try await TestStore.run { test in
            let log = try await MappedLog(test)
            _ = try await test.launchedUser("alice")
            try await log.look()
            let (last, own) = (try await log.statement(), test.store)
            let grown = try MapStatement(
                facts: last.facts,
                logs: Logs(pairs: 2, closedPairs: 1),
                time: last.time,
                states: last.states,
                names: last.names
            )
            let end = try await own.size(log: .map)
            #expect(try await own.append(grown, at: end, log: .map, test.pool))
            _ = try await test.launchedUser("bob")
            try await log.look()
            #expect(try await own.size(log: .map) == end + 1)
            // That is no contradiction.
            #expect(log.maps.figures.withLock { $0.differsAt } == nil)
        }
    }

    @Test("users of an app that came after the maps' look at the apps end no start")
    func unknownApp() async throws {
        try await TestStore.run { test in
            _ = try await test.launchedUser("alice")
            let maker = MapMaker(test.store.vault, .facts, clientIDs: [:])
            for stretch in try await test.store.stateStretches(
                .facts,
                of: 10,
                test.pool
            ) {
                let outcomes = try await test.store.states(stretch, maker, test.pool)
                #expect(outcomes.isEmpty)
            }
        }
    }
}

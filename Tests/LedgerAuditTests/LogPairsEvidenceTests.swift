import Ledger
@testable import LedgerAudit
@testable import LedgerStore
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

@Suite("Verifying several pairs of logs", .timeLimit(.minutes(5)))
struct LogPairsEvidenceTests {
    /// Everything that leaves traces in each pair; gives a user who is there in the last one.
    private func fill(_ test: TestStore) async throws -> StoredUser {
        var last: StoredUser?
        for number in 0..<24 {
            let name = "user \(number)"
            let user = try await test.connectedUser(name)
            try await test.rotate(name, "2")
            try await test.tell(.connectionBroken(reason: "x"), of: name)
            if number % 4 == 0 {
                try await test.erase(name)
            } else if user.log.pair == test.store.logs.pairs - 1 {
                last = user
            }
        }
        try await test.setGrace(0)
        await test.drop()
        await test.foldProblems()
        let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
        try await SteppedIntegrator(test, maps: maps).look()
        return try #require(last)
    }

    @Test(
        "nothing is found wrong in logs that are right, and a rebuild changes nothing",
        arguments: [1, 2]
    )
    func clean(databases: Int) async throws {
        try await TestStore.run(pairs: 3, databases: databases) { test in
            _ = try await fill(test)
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings == [])
            #expect(report.users == 24)
            #expect(Set(report.logs.map(\.logID)) == Set(test.store.logs.all.map(\.id)))
            var stated: [Int32: Int64] = [:]
            for log in test.store.logs.list(.facts) {
                stated[log.id] = try await test.store.size(log: log)
            }
            #expect(report.mapped == stated)
            let rebuilt = try await test.rebuild()
            #expect(rebuilt.users == 24)
            #expect(rebuilt.differences == 0)
            #expect(rebuilt.problems == 0)
            #expect(rebuilt.maps.map(\.log) == test.store.logs.list(.facts))
            #expect(rebuilt.maps.allSatisfy { $0.live == $0.rebuilt && $0.stated == .same })
        }
    }

    @Test(
        "what somebody changed in the last pair is named, and mended",
        arguments: [
            ("update vault.user_state set status = 'launched'", "projection_differs"),
            ("update ledger.problem set occurrences = occurrences + 1", "problems_differ"),
            ("update ledger.problem_count set count = count + 1", "problem_counts_differ"),
        ],
        [1, 2]
    )
    func changed(change: (damage: String, kind: String), databases: Int) async throws {
        let (damage, kind) = change
        try await TestStore.run(pairs: 3, databases: databases) { test in
            let user = try await fill(test)
            let own =
                damage.contains("problem_count")
                ? "log_id = \(user.log.id)"
                : "'\(user.subject)' in (\(damage.contains("problem") ? "about" : "subject"))"
            try await SteppedIntegrator.damage(test, "\(damage) where \(own)")
            let found = try await SteppedIntegrator(test).verify().findings
            #expect(Set(found.map(\.kind.rawValue)) == [kind])
            #expect(Set(found.map(\.logID)) == [user.log.id])
            _ = try await test.rebuild()
            #expect(try await SteppedIntegrator(test).verify().findings == [])
        }
    }

    /// Of each claim whose home is another log, with what happens to it there.
    private static let reservationDamages: [(String, Set<String>)] = [
        ("delete from vault.lookup", ["reservation_missing"]),
        // Of a log where nobody has made the claim.
        (
            "update vault.lookup set reference = '01900000-0000-7000-80f0-000000000001'",
            ["reservation_differs"]
        ),
        (
            "update vault.lookup set subject = gen_random_uuid()",
            ["reservation_differs", "lookup_subject_differs"]
        ),
        // As if somebody at home had made it, too.
        (
            "update vault.lookup set reserved_at = null",
            ["reservation_differs", "lookup_event_missing"]
        ),
        // As if an append had not looked, or somebody had burned what was made.
        (
            """
            insert into vault.burned
            select ledger.log_of(reference), reference from vault.lookup
            """,
            ["reservation_burned"]
        ),
    ]

    @Test(
        "a claim that is not reserved in its home, or for somebody else, is named",
        arguments: [1, 2]
    )
    func reservations(databases: Int) async throws {
        for (damage, kinds) in Self.reservationDamages {
            try await TestStore.run(pairs: 3, databases: databases) { test in
                _ = try await fill(test)
                let claims = try await Self.claimsAway(test)
                try #require(claims > 12)
                let clean = try await SteppedIntegrator(test).verify()
                #expect(clean.findings == [])
                #expect(clean.unusedReservations == 0)
                try await SteppedIntegrator.damage(
                    test,
                    "\(damage) where reserved_at is not null"
                )
                let found = try await SteppedIntegrator(test).verify().findings
                #expect(Set(found.map(\.kind.rawValue)) == kinds, "\(damage)")
                let ofClaims = found.filter { $0.kind.rawValue.hasPrefix("reservation") }
                #expect(Int64(ofClaims.count) == claims, "\(damage)")
            }
        }
    }

    /// How many claims there are whose home is another log, as the reservations tell.
    private static func claimsAway(_ test: TestStore) async throws -> Int64 {
        var count: Int64 = 0
        for pool in test.store.pools.pools {
            count += try await pool.query(
                Statement(
                    "claims_away",
                    "select count(*) from vault.lookup where reserved_at is not null"
                )
            ) { result throws(PostgresError) in try result.int8(0, 0) }
        }
        return count
    }

    @Test(
        "a statement of another number of pairs is named, in whatever log of maps it stands",
        arguments: [1, 2]
    )
    func otherCount(databases: Int) async throws {
        try await TestStore.run(pairs: 3, databases: databases) { test in
            let log = try await fill(test).log.map
            let stored = try await test.store.lastStatement(log: log)
            let last = try #require(stored).statement
            #expect(last.logs == test.store.logs)
            #expect(last.log == log.facts)
            let size = try await test.store.size(log: log)
            for (position, lie) in [try last.lying(logs: Logs(pairs: 4)), last].enumerated() {
                let position = size + Int64(position)
                #expect(
                    try await test.store.append(lie, at: position, log: log, test.store.pools[log])
                )
            }
            let found = try await SteppedIntegrator(test).verify().findings
            #expect(found.map(\.kind) == [.pairsDiffer])
            #expect(found.map(\.logID) == [log.id])
            #expect(found.map(\.position) == [size])
        }
    }

    @Test("a lie in the log of maps of the last pair is named", arguments: [1, 2])
    func lie(databases: Int) async throws {
        try await TestStore.run(pairs: 3, databases: databases) { test in
            let log = try await fill(test).log.map
            let stored = try await test.store.lastStatement(log: log)
            let last = try #require(stored).statement
            let lie = try last.lying(states: MapStatement.Map(count: 1, root: .emptyTree))
            let position = try await test.store.size(log: log)
            #expect(try await test.store.append(lie, at: position, log: log, test.store.pools[log]))
            let found = try await SteppedIntegrator(test).verify().findings
            #expect(found.map(\.kind) == [.mapDiffers])
            #expect(found.map(\.logID) == [log.id])
        }
    }

    @Test(
        "a value that is dropped within the grace that was told is named, in another log too",
        arguments: [1, 2]
    )
    func droppedWithinGrace(databases: Int) async throws {
        try await TestStore.run(pairs: 3, databases: databases) { test in
            let user = try await fill(test)
            try await test.setGrace(86_400)
            // As somebody would write it who has the service's keys, and changed the row of the app.
            let until = test.store.clock.now().adding(seconds: 3_600)
            let values = SupersededValues(
                log: user.log,
                app: test.app.id,
                clientID: "demo",
                until: until,
                count: 1
            )
            let command = test.store.command(
                administering: test.app.id,
                clientID: "demo",
                [.valuesDropped(count: 1, until: values.until)],
                at: test.store.clock.now().adding(seconds: 120),
                TestStore.context,
                log: user.log
            )
            _ = try await test.store.writer(of: user.log).append(command)
            let found = try await SteppedIntegrator(test).verify().findings
            #expect(found.map(\.kind).contains(.valuesDroppedEarly))
            let named = found.filter { $0.kind == .valuesDroppedEarly }
            #expect(named.map(\.logID) == [user.log.id])
        }
    }
}

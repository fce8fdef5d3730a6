import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing

/// Tiles above the lowest level: the first full one takes 65,536 records.
@Suite("Evidence of higher tiles", .timeLimit(.minutes(5)))
struct TileEvidenceTests {
    /// What is done to the tiles of the access log, and what is found then.
    private static let damages: [(sql: String, flaws: [VerificationFlaw])] = [
        ("", []),
        (
            """
            update ledger.tile set hashes = set_byte(hashes, 9, get_byte(hashes, 9) # 1)
            where log_id = 1 and level = 1
            """, [.tile(level: 1, number: 0, .differs)]
        ),
        (
            """
            update ledger.tile set root = sha256('x') where log_id = 1 and level = 1;
            insert into ledger.tile
            select log_id, level, 1, hashes, root from ledger.tile where log_id = 1 and level = 1
            """,
            [.tile(level: 1, number: 0, .rootDiffers), .tilesNotCovered(level: 1)]
        ),
        (
            "delete from ledger.tile where log_id = 1 and level = 1",
            [.tile(level: 1, number: 0, .missing)]
        ),
    ]

    @Test("what is done to a tile of the second level is found")
    func secondLevel() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            try await test.store.recordReads(
                [(.accessToken, 1)],
                of: user,
                test.app,
                key: "key",
                context: TestStore.context
            )
            try await SteppedIntegrator.damage(test, Self.moreReads)
            try await SteppedIntegrator(test).look()
            let connection = try await test.ownerConnection()
            try await connection.script(
                "begin; alter table ledger.tile disable trigger all; savepoint intact"
            )
            for damage in Self.damages {
                try await connection.script("\(damage.sql); ")
                let report = try await Verification.run(
                    on: [connection],
                    isInTransaction: true,
                    vault: nil,
                    plan: VerificationPlan()
                )
                #expect(
                    report.findings
                        == damage.flaws.map { VerificationReport.Finding(1, nil, $0) }
                )
                #expect(report.logs[Int(Log.access.id)].provedSize == 65_600)
                try await connection.script("rollback to savepoint intact")
            }
            await connection.close()
        }
    }

    /// The one read of the access log again and again, under ids of its own.
    private static let moreReads = """
        insert into ledger.event
        select 1, n, id, app_id, subject, null, type, recorded_at, convert_to(regexp_replace(
            convert_from(record, 'UTF8'), '"id":"[0-9a-f-]*"', '"id":"' || id || '"'), 'UTF8')
        from ledger.event, (
            select n, gen_random_uuid() as id from generate_series(1, 65599) as n) as more
        where log_id = 1 and position = 0;
        update ledger.log set size = 65600 where log_id = 1;
        """
}

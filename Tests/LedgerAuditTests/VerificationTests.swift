import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Verification", .timeLimit(.minutes(5)))
struct VerificationTests {
    /// What is done to the log behind its triggers, the positions that must be named, and what must
    /// be said of one of them.
    struct Damage: Sendable, CustomTestStringConvertible {
        let name: String
        let sql: String
        let positions: Set<Int64>
        let kind: VerificationReport.Finding.Kind
        var testDescription: String { name }
    }

    private static func change(_ column: String, _ value: String) -> Damage {
        Damage(
            name: "column \(column)",
            sql: "update ledger.event set \(column) = \(value) where log_id = 0 and position = 3",
            positions: [3],
            kind: .columnDiffers
        )
    }

    /// One byte of the record at position 3, after a text in it.
    private static func byte(
        after text: String,
        _ other: String,
        _ kind: VerificationReport.Finding.Kind = .recordUnreadable
    ) -> Damage {
        Damage(
            name: "record byte after \(text)",
            sql: """
                update ledger.event set record = overlay(record placing '\(other)'::bytea from
                    position('\(text)'::bytea in record) + \(text.utf8.count))
                where log_id = 0 and position = 3
                """,
            positions: [3],
            kind: kind
        )
    }

    private static func swap(_ columns: [String]) -> String {
        let assignments = columns.map { "\($0) = b.\($0)" }.joined(separator: ", ")
        return """
            create temp table old as select * from ledger.event where log_id = 0;
            update ledger.event a set \(assignments) from old b
            where a.log_id = 0 and (a.position, b.position) in ((3, 4), (4, 3))
            """
    }

    static let damages = [
        change("event_id", "gen_random_uuid()"), change("app_id", "gen_random_uuid()"),
        change("subject", "gen_random_uuid()"), change("subject_version", "77"),
        change("type", "'launch.closed'"),
        change("recorded_at", "recorded_at + interval '1 microsecond'"),
        byte(after: "{\"specversion\":\"", "2"), byte(after: "\"id\":\"", "f", .columnDiffers),
        byte(after: "\"source\":\"/apps/", "x", .columnDiffers),
        byte(after: "\"type\":\"connect.", "x"),
        byte(after: "\"subject\":\"", "g"), byte(after: "\"time\":\"", "9", .columnDiffers),
        byte(after: "\"subjectversion\":", "9", .columnDiffers), byte(after: "\"actor\":", "x"),
        byte(after: "\"data\":", "["),
        Damage(
            name: "record cut",
            sql: """
                update ledger.event set record = substring(record from 1 for 100)
                where log_id = 0 and position = 3
                """,
            positions: [3],
            kind: .recordUnreadable
        ),
        Damage(
            name: "record lengthened",
            sql: """
                update ledger.event set record = record || '\\x0a' where log_id = 0 and position = 3
                """,
            positions: [3],
            kind: .recordUnreadable
        ),
        Damage(
            name: "row deleted",
            sql: "delete from ledger.event where log_id = 0 and position = 3",
            positions: [3],
            kind: .rowsMissing
        ),
        Damage(
            name: "last row deleted",
            sql: "delete from ledger.event where log_id = 0 and position = 6",
            positions: [6],
            kind: .logEndsBeforeHead
        ),
        Damage(
            name: "log shortened",
            sql: """
                delete from ledger.event where log_id = 0 and position = 6;
                update ledger.log set size = 6 where log_id = 0
                """,
            positions: [],
            kind: .projectionDiffers
        ),
        Damage(
            name: "hole inserted",
            sql: """
                update ledger.event set position = position + 1000
                where log_id = 0 and position >= 3;
                update ledger.event set position = position - 998
                where log_id = 0 and position >= 3;
                update ledger.log set size = size + 2 where log_id = 0
                """,
            positions: [3],
            kind: .rowsMissing
        ),
        Damage(
            name: "records swapped",
            sql: swap(["record"]),
            positions: [3, 4],
            kind: .columnDiffers
        ),
        Damage(
            name: "whole rows of one user swapped",
            sql: """
                update ledger.event set position = 1003 where log_id = 0 and position = 5;
                update ledger.event set position = 5 where log_id = 0 and position = 6;
                update ledger.event set position = 6 where log_id = 0 and position = 1003
                """,
            positions: [5],
            kind: .subjectOutOfOrder
        ),
        Damage(
            name: "row added",
            sql: """
                insert into ledger.event select log_id, 7, gen_random_uuid(), app_id, null, null,
                    type, recorded_at, record from ledger.event where log_id = 0 and position = 3
                """,
            positions: [7],
            kind: .rowsBeyondHead
        ),
    ]

    @Test("good data is clean")
    func clean() async throws {
        try await TestStore.run { test in
            try await fill(test)
            let report = try await Verification.run(test.owner)
            #expect(report.findings == [])
            #expect(report.events == 8)
            #expect(report.users == 5)
            #expect(!report.isTruncated)
        }
    }

    @Test(
        "whatever the sample is, its ranges are one behind the other, from the first to the last",
        arguments: [0, 1, 99, 100, 101, 5_000, 20_001]
    )
    func slices(count: Int) {
        var sample = (0..<count).map { _ in UInt128.random(in: .min ... .max) }.sorted()
        if count > 1 { sample[count - 1] = .max }
        let ranges = SubjectSlices.ranges(sample)
        #expect(ranges.count <= 33)
        #expect(ranges.first?.lowerBound == .min)
        #expect(ranges.last?.upperBound == .max)
        for (range, next) in zip(ranges, ranges.dropFirst()) {
            #expect(range.upperBound + 1 == next.lowerBound)
        }
        let subjects = ranges.map { range in sample.count { range.contains($0) } }
        #expect(subjects.allSatisfy { $0 <= max(100, count / 30) }, "\(subjects)")
    }

    @Test("damage is found, at its position", arguments: damages)
    func damage(damage: Damage) async throws {
        try await TestStore.run { test in
            try await fill(test)
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                alter table ledger.log disable trigger all;
                \(damage.sql)
                """
            )
            let report = try await Verification.run(test.owner)
            let positions = Set(report.findings.compactMap(\.position))
            let isNamed = report.findings.contains { finding in
                finding.kind == damage.kind
                    && finding.position.map(damage.positions.contains)
                        ?? damage.positions.isEmpty
            }
            #expect(isNamed, "\(report.findings)")
            #expect(positions.isSuperset(of: damage.positions), "\(report.findings)")
            #expect(
                positions.isSubset(of: damage.positions.union([4, 6, 7, 8])),
                "\(report.findings)"
            )
        }
    }

    /// Position 0 is the app's; 1 to 4 are users of their own; 5 and 6 are one user.
    private func fill(_ test: TestStore) async throws {
        for name in ["a", "b", "c", "d", "e"] { _ = try await test.launchNew(name) }
        let user = try await test.user("e")
        _ = try await test.store.write(test.launch(user), to: user)
        try await test.store.recordReads(
            [(.accessToken, 1)],
            of: user,
            test.app,
            key: "key",
            context: TestStore.context
        )
    }
}

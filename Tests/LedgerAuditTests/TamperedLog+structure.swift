import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Vault

extension TamperedLog {
    /// What is done to the stored log, and where it must be seen.
    struct Damage: Sendable {
        let name: String
        let sql: String
        /// Nil for what stands beside the log.
        let position: Int64?
        /// What must be said of it; nil where several checks may see it first.
        var kind: VerificationReport.Finding.Kind?
    }

    private static let last = TamperTests.eventsCount - 1
    /// Where rows are put away for a moment: beyond every log of these tests.
    private static let room: Int64 = 1_000_000

    /// Every deletion and insertion, swaps and renumberings at every place, every cut.
    static var structuralDamages: [Damage] {
        (0...last).map(deletion) + (0...last).map(insertion) + (0..<last).flatMap(swaps)
            + (0...last).map(renumbering) + (1...TamperTests.eventsCount).flatMap(cuts)
            + sampledBytes
    }

    private static func deletion(_ position: Int64) -> Damage {
        Damage(
            name: "deletion of \(position)",
            sql: "delete from ledger.event where log_id = 0 and position = \(position)",
            position: position
        )
    }

    /// A copy of the row before, moved in by making room.
    private static func insertion(_ position: Int64) -> Damage {
        Damage(
            name: "insertion at \(position)",
            sql: """
                update ledger.event set position = position + \(room)
                    where log_id = 0 and position >= \(position);
                update ledger.event set position = position - \(room - 1)
                    where log_id = 0 and position >= \(position) + \(room);
                insert into ledger.event
                    select log_id, \(position), gen_random_uuid(), app_id, null, null, type,
                        recorded_at, record
                    from ledger.event where log_id = 0 order by position desc limit 1;
                update ledger.log set size = size + 1 where log_id = 0
                """,
            position: position
        )
    }

    private static func swaps(_ position: Int64) -> [Damage] {
        let (a, b) = (position, position + 1)
        let rows = Damage(
            name: "swap of the rows \(a) and \(b)",
            sql: """
                update ledger.event set position = \(room) where log_id = 0 and position = \(a);
                update ledger.event set position = \(a) where log_id = 0 and position = \(b);
                update ledger.event set position = \(b) where log_id = 0 and position = \(room)
                """,
            position: a
        )
        let records = Damage(
            name: "swap of the records \(a) and \(b)",
            sql: """
                update ledger.event x set record = y.record from ledger.event y
                where x.log_id = 0 and y.log_id = 0
                    and (x.position, y.position) in ((\(a), \(b)), (\(b), \(a)))
                """,
            position: a
        )
        return [rows, records]
    }

    /// All rows from a place on one higher, which leaves a hole.
    private static func renumbering(_ position: Int64) -> Damage {
        Damage(
            name: "renumbering from \(position)",
            sql: """
                update ledger.event set position = position + \(room)
                    where log_id = 0 and position >= \(position);
                update ledger.event set position = position - \(room - 1)
                    where log_id = 0 and position >= \(position) + \(room);
                update ledger.log set size = size + 1 where log_id = 0
                """,
            position: position
        )
    }

    /// The last `count` rows gone: with the head as it was, with the head cut too, and with an
    /// older projection, as a restored backup has it.
    private static func cuts(_ count: Int64) -> [Damage] {
        let size = TamperTests.eventsCount - count
        let rows = "delete from ledger.event where log_id = 0 and position >= \(size);"
        let head = "update ledger.log set size = \(size) where log_id = 0;"
        return [
            Damage(name: "cut to \(size)", sql: rows, position: size),
            Damage(name: "cut to \(size), head too", sql: rows + head, position: size),
            Damage(
                name: "head alone cut to \(size)",
                sql: head,
                position: size
            ),
        ]
    }

    /// Single bytes through the database: every column, at a few places.
    private static var sampledBytes: [Damage] {
        [Int64(1), 50, last].flatMap { (position: Int64) -> [Damage] in
            [
                "event_id = overlay(event_id::text placing 'ffff' from 20)::uuid",
                "app_id = overlay(app_id::text placing '0000' from 1)::uuid",
                "subject = overlay(coalesce(subject, gen_random_uuid())::text placing '0000' from 1)::uuid",
                "subject_version = 77", "subject_version = null", "type = type || ' '",
                "recorded_at = recorded_at + interval '1 microsecond'", "recorded_at = 'infinity'",
                "log_id = 7", "position = -1",
                "record = set_byte(record, 60, get_byte(record, 60) # 1)",
                "record = set_byte(record, octet_length(record) - 5, 120)",
            ].map { change in
                Damage(
                    name: "\(change) at \(position)",
                    sql: """
                        alter table ledger.event drop constraint if exists event_position_check;
                        update ledger.event set \(change)
                        where log_id = 0 and position = \(position)
                        """,
                    position: position
                )
            }
        }
    }

    /// Damages that one check alone sees, so that they pass when it is taken out.
    static func controls(of check: VerificationPlan.Check) -> [Damage] {
        switch check {
        case .positions:
            // What the tree sees too is cut out of it first.
            [
                Damage(
                    name: "a row in a log that there is not",
                    sql: """
                        insert into ledger.event
                        select 9, 0, gen_random_uuid(), app_id, null, null, type, recorded_at,
                            record from ledger.event where log_id = 0 and position = 0
                        """,
                    position: 0,
                    kind: .logUnknown
                )
            ]
        case .head:
            [
                Damage(
                    name: "a row beyond the head",
                    sql: """
                        insert into ledger.event
                        select 1, 1, gen_random_uuid(), app_id, null, null, type, recorded_at,
                            record from ledger.event where log_id = 1 and position = 0
                        """,
                    position: 1,
                    kind: .rowsBeyondHead
                )
            ]
        case .record: [appended(record: "'{\"no\":1}'", position: 1)]
        case .columns:
            [
                Damage(
                    name: "another type",
                    sql: "update ledger.event set type = 'x' where log_id = 0 and position = 0",
                    position: 0,
                    kind: .columnDiffers
                )
            ]
        case .macs: forgeries
        case .checkpoints:
            [
                Damage(
                    // In the access log, which has no full tile that would tell as well.
                    name: "another actor",
                    sql: """
                        update ledger.event set record = convert_to(
                            replace(convert_from(record, 'UTF8'), '"service"', '"servicf"'),
                            'UTF8')
                        where log_id = 1 and position = 0
                        """,
                    position: 0,
                    kind: .rootDiffers
                )
            ]
        case .versions: [versionGap]
        case .projection:
            [
                Damage(
                    name: "another state",
                    sql: "update vault.user_state set subject_version = subject_version + 1",
                    position: nil,
                    kind: .projectionDiffers
                )
            ]
        case .administration: [otherName]
        case .tiles: [surplusTile]
        case .vault: vaultDamages
        }
    }

    private static var otherName: Damage {
        Damage(
            name: "another name of an app",
            sql: "update ledger.app set name = 'another'",
            position: nil,
            kind: .appRowDiffers
        )
    }

    /// A row of the access log after the last checkpoint.
    private static func appended(record: String, position: Int64) -> Damage {
        Damage(
            name: "a record that is none",
            sql: """
                insert into ledger.event
                select 1, 1, gen_random_uuid(), app_id, null, null, type, recorded_at,
                    \(record)::bytea from ledger.event where log_id = 1 and position = 0;
                update ledger.log set size = 2 where log_id = 1
                """,
            position: position,
            kind: .recordUnreadable
        )
    }

    /// An event after the last checkpoint that leaves out a version of a new subject, in a record
    /// and in columns that agree.
    private static var versionGap: Damage {
        Damage(
            name: "a subject that begins at version 2",
            sql: """
                insert into ledger.event
                select 0, \(TamperTests.eventsCount), '01900000-0000-7000-8000-000000000001', app_id,
                    '00000000-0000-4000-8000-000000000001', 2, type, recorded_at,
                    convert_to(regexp_replace(regexp_replace(regexp_replace(
                        convert_from(record, 'UTF8'),
                        '"id":"[0-9a-f-]*"', '"id":"01900000-0000-7000-8000-000000000001"'),
                        '"subject":"[0-9a-f-]*"',
                        '"subject":"00000000-0000-4000-8000-000000000001"'),
                        '"subjectversion":1,', '"subjectversion":2,'), 'UTF8')
                from ledger.event where log_id = 0 and subject_version = 1
                order by position limit 1;
                update ledger.log set size = size + 1 where log_id = 0
                """,
            position: TamperTests.eventsCount,
            kind: .subjectVersionNotDue
        )
    }

    /// What somebody writes who may write everything, and does not have the vault's keys.
    private static var forgeries: [Damage] {
        [
            Damage(
                name: "a mac of another record",
                sql: """
                    update ledger.event x set mac = y.mac from ledger.event y
                    where (x.log_id, x.position) = (0, 0) and (y.log_id, y.position) = (0, 1)
                    """,
                position: 0,
                kind: .recordForged
            ),
            Damage(
                name: "a mac of another user's state",
                sql: """
                    update vault.user_state x set state_mac = y.state_mac from vault.user_state y
                    where x.subject <> y.subject
                    """,
                position: nil,
                kind: .projectionForged
            ),
        ]
    }

    private static var surplusTile: Damage {
        Damage(
            name: "a tile that no checkpoint covers",
            sql: """
                insert into ledger.tile
                values (0, 0, 9, decode(repeat('00', 8192), 'hex'), sha256(''))
                """,
            position: nil,
            kind: .tilesNotCovered
        )
    }

    /// One change of each kind of row that the vault has.
    private static var vaultDamages: [Damage] {
        let damages: [(VerificationReport.Finding.Kind, String)] = [
            (
                .valueDoesNotOpen,
                "update vault.value set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1)"
            ),
            (
                .dataKeyDoesNotOpen,
                "update vault.data_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)"
            ),
            (.dataKeyOfOtherRootKey, "update vault.user_state set root_key_id = 'another'"),
            (.lookupPointsElsewhere, "update vault.lookup set reference = gen_random_uuid()"),
            (.lookupMissing, "delete from vault.lookup where kind = 'session'"),
            (.valueMissing, "delete from vault.value where kind = 'client_secret'"),
        ]
        return damages.map { Damage(name: $1, sql: $1, position: nil, kind: $0) }
    }

    // MARK: Trying

    /// Does each damage, verifies within the same transaction, and undoes it; gives the names of
    /// those that were not seen, or not at their place, or with all checks not as what they are.
    static func undetected(
        _ damages: [Damage],
        in test: TestStore,
        without check: VerificationPlan.Check?
    ) async throws -> [String] {
        let connection = try await test.ownerConnection()
        var plan = VerificationPlan()
        if let check {
            plan.checks.remove(check)
            // A MAC sees most of what the others see, for whoever has the root key.
            plan.checks.remove(.macs)
        }
        try await connection.script(
            """
            begin;
            alter table ledger.event disable trigger all;
            alter table ledger.log disable trigger all;
            """
        )
        let clean = try await Verification.run(
            on: [connection],
            isInTransaction: true,
            vault: test.store.vault,
            plan: plan
        )
        var missed = clean.findings.map { "clean: \($0)" }
        for damage in damages {
            try await connection.script("savepoint intact; \(damage.sql)")
            let report = try await Verification.run(
                on: [connection],
                isInTransaction: true,
                vault: test.store.vault,
                plan: plan
            )
            let kind = check == nil ? damage.kind : nil
            if !report.findings.contains(where: {
                names(damage.position, $0) && $0.kind == kind ?? $0.kind
            }) {
                missed.append("\(damage.name): \(report.findings.prefix(3))")
            }
            try await connection.script("rollback to savepoint intact")
        }
        await connection.close()
        return missed
    }

    /// Whether a finding stands at the place, or at fewer than one checkpoint's places around it.
    private static func names(
        _ position: Int64?,
        _ finding: VerificationReport.Finding
    ) -> Bool {
        guard let position else { return finding.position == nil }
        guard let start = finding.position else { return false }
        return (start..<(finding.positionsEnd ?? start + 1)).contains(position)
    }
}

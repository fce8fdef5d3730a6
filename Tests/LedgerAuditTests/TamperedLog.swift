import Ledger
@testable import LedgerAudit
import LedgerStore
import Logging
import MerkleLog
import Postgres
import TestSupport
import Vault

/// A log with a checkpoint after each event, read once, and ways to damage it.
struct TamperedLog: Sendable {
    let rows: [VerificationRow]
    private let apps: [UInt128: String]
    private let checkpoints: [SoundCheckpoint]
    private let leaves: [MerkleHash]
    private let vault: Vault

    /// One change of a row.
    struct Change {
        let name: String
        let row: VerificationRow
    }

    init(_ test: TestStore) async throws {
        let connection = try await test.ownerConnection()
        rows = try await connection.query(
            Statement(
                "tamper_rows",
                """
                select position, event_id, app_id, subject, subject_version, type, recorded_at,
                    record, mac from ledger.event where log_id = 0 order by position
                """
            )
        ) { result throws(PostgresError) in
            var rows: [VerificationRow] = []
            for row in 0..<result.rowCount { rows.append(try VerificationRow(result, row)) }
            return rows
        }
        await connection.close()
        apps = [test.app.id.value: test.app.clientID]
        leaves = rows.map { MerkleHash(leaf: $0.record) }
        vault = test.store.vault
        var frontier = TreeFrontier()
        var checkpoints: [SoundCheckpoint] = []
        for leaf in leaves {
            frontier.append(leaf)
            checkpoints.append(
                SoundCheckpoint(size: Int64(frontier.size), root: frontier.root, source: .stored)
            )
        }
        self.checkpoints = checkpoints
    }

    /// Ten connected users and administration, and a checkpoint after each append.
    static func fill(_ test: TestStore) async throws {
        let integrator = Integrator(
            store: test.store,
            pools: test.store.pools,
            checkpointFolder: nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        var trees: [Log: WatchedLog] = [:]
        func integrate() async throws {
            for log in test.store.logs.all {
                try await integrator.look(at: log, &trees[log])
            }
        }
        try await integrate()
        var number = 0
        while try await test.store.size(log: .facts) < TamperTests.eventsCount {
            let name = "user \(number % 10)"
            if number < 10 {
                _ = try await test.launchNew(name)
            } else {
                let user = try await test.user(name)
                let left = TamperTests.eventsCount - (try await test.store.size(log: .facts))
                let change =
                    left >= 5 && number.isMultiple(of: 3)
                    ? test.connection(
                        of: user,
                        human: "human \(name)",
                        accessToken: "access \(number)",
                        publicToken: "public \(number)"
                    ) : test.launch(user)
                _ = try await test.store.write(change, to: user)
            }
            number += 1
            try await integrate()
        }
        let user = try await test.user("user 0")
        try await test.store.recordReads(
            [(.accessToken, 1)],
            of: user,
            test.app,
            key: "key",
            context: TestStore.context
        )
        try await integrate()
    }

    // MARK: Single bytes

    /// What is seen by the pure checks of one changed row, whose place in the log is known.
    func places(of row: VerificationRow, at index: Int) -> Set<Int64> {
        var stretch = VerificationStretch(
            logID: 0,
            positions: Int64(index)..<Int64(index) + 1,
            apps: apps,
            checks: Set(VerificationPlan.Check.allCases),
            vault: vault
        )
        stretch.take(row)
        stretch.finish()
        var places = Set(stretch.findings.compactMap(\.position))
        // The tree names the place of a leaf that is another one: the test after this one.
        if stretch.leaves.first != leaves[index] { places.insert(Int64(index)) }
        return places
    }

    /// What the pure checks say of a whole log.
    func kinds(
        _ rows: [VerificationRow],
        checks: Set<VerificationPlan.Check>
    ) -> [Int64: VerificationReport.Finding.Kind] {
        var stretch = VerificationStretch(
            logID: 0,
            positions: 0..<Int64(self.rows.count),
            apps: apps,
            checks: checks,
            // What is tried here must be seen without a key.
            vault: nil
        )
        for row in rows { stretch.take(row) }
        stretch.finish()
        let page = VerificationPage(
            stretch,
            tiles: [:],
            tilesEnd: 0,
            checkpoints: checks.contains(.checkpoints) ? checkpoints : []
        )
        var tree = VerificationTree(logID: 0)
        for (index, unit) in page.units.enumerated() {
            _ = tree.take(unit, root: unit.isFull ? page.roots[index] : nil)
        }
        tree.finish()
        var kinds: [Int64: VerificationReport.Finding.Kind] = [:]
        for finding in page.findings + tree.takeFindings() {
            guard let start = finding.position else { continue }
            for position in start..<(finding.positionsEnd ?? start + 1) {
                kinds[position] = finding.kind
            }
        }
        return kinds
    }

    /// Two changes of every byte of every column.
    static func changes(of row: VerificationRow) -> [Change] {
        var changes: [Change] = []
        func add(_ name: String, _ change: (inout VerificationRow) -> Void) {
            var changed = row
            change(&changed)
            changes.append(Change(name: name, row: changed))
        }
        for bit in 0..<64 {
            add("position bit \(bit)") { $0.position ^= 1 << Int64(bit) }
            add("recorded_at bit \(bit)") { $0.time = $0.time.map { $0 ^ 1 << Int64(bit) } }
            add("subject_version bit \(bit)") { $0.version = ($0.version ?? 0) ^ 1 << Int64(bit) }
        }
        for bit in 0..<128 {
            add("event_id bit \(bit)") { $0.id = $0.id.map { $0 ^ 1 << UInt128(bit) } }
            add("app_id bit \(bit)") { $0.app = $0.app.map { $0 ^ 1 << UInt128(bit) } }
            add("subject bit \(bit)") { $0.subject = ($0.subject ?? 0) ^ 1 << UInt128(bit) }
        }
        let type = Array((row.type ?? "").utf8)
        for index in type.indices {
            for mask in [UInt8(0x01), 0x20, 0x80] {
                var changed = type
                changed[index] ^= mask
                add("type byte \(index)") { $0.type = String(validating: changed, as: UTF8.self) }
            }
        }
        for index in row.record.indices {
            for mask in [UInt8(0x01), 0x20] {
                add("record byte \(index)") { $0.record[index] ^= mask }
            }
        }
        for index in row.mac?.indices ?? 0..<0 {
            for mask in [UInt8(0x01), 0x80] { add("mac byte \(index)") { $0.mac?[index] ^= mask } }
        }
        add("no mac") { $0.mac = nil }
        add("a longer mac") { $0.mac?.append(0) }
        add("no subject") { $0.subject = $0.subject == nil ? 0 : nil }
        add("no version") { $0.version = $0.version == nil ? 0 : nil }
        return changes
    }

    /// The row with another actor in its record, which no column shows.
    static func relabelled(_ row: VerificationRow) -> VerificationRow {
        var changed = row
        let text = String(decoding: row.record, as: UTF8.self)
        changed.record = Array(
            text.replacing("\"actor\":\"service\"", with: "\"actor\":\"servicf\"")
                .replacing("\"actor\":\"operator\"", with: "\"actor\":\"operatos\"").utf8
        )
        return changed
    }
}

internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres
internal import Vault

/// Verifies one log: its rows, its tree, its checkpoints, its tiles.
///
/// What is read never changes, so every page is a statement of its own. A long snapshot would keep
/// each dead version of the log's head alive, and every append would have to walk them.
struct VerificationLog: Sendable {
    /// How many pages may be read ahead of the tree: bounds the memory.
    private static let pagesAheadMax = 4

    let logID: Int32
    /// All that the database has.
    let logs: Logs
    let plan: VerificationPlan
    let judge: CheckpointJudge
    let vault: Vault?
    let apps: [UInt128: String]
    /// The head when the verification began: nothing from there on is looked at.
    let size: Int64
    /// The last checkpoint that was there before the head was read.
    let checkpointSize: Int64?
    let kept: [SoundCheckpoint]
    /// What checkpoints of the facts are named; nil where no key says it.
    let factsOrigin: String?
    let readers: [PostgresConnection]
    /// Gathers what is about apps and API keys.
    let administration: VerificationAdministration

    var since: Int64 { plan.since[logID] ?? 0 }
    var unitsBefore: Int64 { since / Int64(TileAddress.fullWidth) }
    var start: Int64 { unitsBefore * Int64(TileAddress.fullWidth) }

    func run(
        _ verdict: LogVerdict,
        progress: @Sendable (Int64) -> Void
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        var verdict = verdict
        try await checkHead(&report)
        var tree = VerificationTree(logID: logID)
        if since > 0 { tree = try await resumed(&report) }
        try await checkFirst(&report, &verdict)
        var stated = StatedLogs(logID: logID, stored: logs)
        try await withThrowingTaskGroup(of: VerificationPage.self) { group in
            var waiting: [Int64: VerificationPage] = [:]
            var asked = start
            var taken = start
            while taken < size {
                while asked < size, asked - taken < Int64(Self.pagesAheadMax) * Self.pageMax {
                    let positions = asked..<min(size, asked + Self.pageMax)
                    let reader = readers[Int(asked / Self.pageMax) % readers.count]
                    group.addTask { try await page(positions, reader) }
                    asked = positions.upperBound
                }
                if let page = waiting.removeValue(forKey: taken) {
                    try await take(page, into: &tree, &report, &verdict)
                    if plan.checks.contains(.checkpoints) { stated.take(page.statements, &report) }
                    taken = page.positions.upperBound
                    progress(taken)
                } else if let page = try await group.next() {
                    waiting[page.positions.lowerBound] = page
                }
            }
        }
        tree.finish()
        for finding in tree.takeFindings() { report.add(finding) }
        try await checkTileCounts(&report)
        verdict.cold = try await coldHistory(readers[0]).cold
        verdict.provedSize = min(tree.provedSize, size)
        report.logs.append(verdict)
        return report
    }

    private static var pageMax: Int64 { VerificationPage.positionsMax }

    private func take(
        _ page: VerificationPage,
        into tree: inout VerificationTree,
        _ report: inout VerificationReport,
        _ verdict: inout LogVerdict
    ) async throws {
        report.events += page.rowCount
        for finding in page.findings { report.add(finding) }
        for (index, unit) in page.units.enumerated() {
            verdict.checkpoints += Int64(unit.checkpoints.count)
            let tiles = tree.take(unit, root: unit.isFull ? page.roots[index] : nil)
            if plan.checks.contains(.tiles) { try await compare(tiles, &report) }
        }
        for finding in tree.takeFindings() { report.add(finding) }
    }

    // MARK: Reading a page

    private func page(
        _ positions: Range<Int64>,
        _ reader: PostgresConnection
    ) async throws -> VerificationPage {
        let cold = try await coldHistory(reader)
        let coldLeaves = try await coldLeaves(positions, cold, reader)
        let launches = try await launches(positions, cold, reader)
        let stretch = try await reader.query(
            Statement(
                "verify_page",
                """
                select position, event_id, app_id, subject, subject_version, type, recorded_at,
                    record, mac
                from ledger.event where log_id = $1 and position >= $2 and position < $3
                order by position
                """,
                .int4(logID),
                .int8(positions.lowerBound),
                .int8(positions.upperBound)
            )
        ) { result throws(PostgresError) in
            // Parsed and hashed here, on the connection's own queue: pages go side by side.
            var stretch = VerificationStretch(
                logID: logID,
                positions: positions,
                apps: apps,
                checks: plan.checks,
                vault: vault,
                coldLeaves: coldLeaves,
                launches: launches
            )
            for row in 0..<result.rowCount {
                let read = try VerificationRow(result, row)
                if logID == Log.facts.id { administration.take(read) }
                stretch.take(read)
            }
            stretch.finish()
            return stretch
        }
        // What was moved out meanwhile, or put back, is read again.
        guard try await coldHistory(reader) == cold else {
            return try await page(positions, reader)
        }
        var findings: [VerificationReport.Finding] = []
        var checkpoints: [SoundCheckpoint] = []
        if plan.checks.contains(.checkpoints) {
            (checkpoints, findings) = try await self.checkpoints(
                after: positions.lowerBound,
                upTo: positions.upperBound,
                reader
            )
            checkpoints += kept.filter {
                positions.lowerBound < $0.size && $0.size <= positions.upperBound
            }
            checkpoints.sort { $0.size < $1.size }
            findings += try await flaws(of: stretch.statements, reader)
        }
        var page = VerificationPage(
            stretch,
            tiles: try await tiles(of: positions, reader),
            tilesEnd: (checkpointSize ?? 0) / Int64(TileAddress.fullWidth),
            checkpoints: checkpoints
        )
        page.findings += findings
        return page
    }

    private func tiles(
        of positions: Range<Int64>,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> [Int64: StoredTile] {
        let width = Int64(TileAddress.fullWidth)
        let tiles = try await reader.rows(
            Statement(
                "verify_tiles",
                """
                select number, hashes, root from ledger.tile
                where log_id = $1 and level = 0 and number >= $2 and number < $3
                """,
                .int4(logID),
                .int8(positions.lowerBound / width),
                .int8(positions.upperBound / width)
            )
        ) { result, row throws(PostgresError) in
            (
                try result.int8(row, 0),
                StoredTile(
                    hashes: MerkleHash.list(try result.bytes(row, 1)),
                    root: MerkleHash(try result.bytes(row, 2))
                )
            )
        }
        return Dictionary(uniqueKeysWithValues: tiles)
    }

    /// The sound checkpoints of sizes in a range, and findings about the others.
    func checkpoints(
        after size: Int64,
        upTo end: Int64,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> ([SoundCheckpoint], [VerificationReport.Finding]) {
        try await reader.query(
            Statement(
                "verify_checkpoints",
                """
                select size, root, note from ledger.checkpoint
                where log_id = $1 and size > $2 and size <= $3 order by size
                """,
                .int4(logID),
                .int8(size),
                .int8(end)
            )
        ) { result throws(PostgresError) in
            var sound: [SoundCheckpoint] = []
            var findings: [VerificationReport.Finding] = []
            for row in 0..<result.rowCount {
                let size = try result.int8(row, 0)
                let judged = judge.judge(
                    size: size,
                    root: MerkleHash(try result.bytes(row, 1)),
                    note: (try? result.text(row, 2)) ?? ""
                )
                switch judged {
                case .success(let checkpoint): sound.append(checkpoint)
                case .failure(let flaw):
                    findings.append(VerificationReport.Finding(logID, nil, flaw))
                }
            }
            return (sound, findings)
        }
    }

    // MARK: Around the pages

    /// The head against the rows and against everything that was signed.
    private func checkHead(_ report: inout VerificationReport) async throws {
        let (head, first, last) = try await readers[0].query(
            Statement(
                "verify_head",
                """
                select l.size, coalesce(
                        (select min(e.position) from ledger.event e where e.log_id = l.log_id), 0),
                    coalesce(
                        (select max(e.position) from ledger.event e where e.log_id = l.log_id), -1)
                from ledger.log l where l.log_id = $1
                """,
                .int4(logID)
            )
        ) { result throws(PostgresError) in
            (try result.int8(0, 0), try result.int8(0, 1), try result.int8(0, 2))
        }
        if plan.checks.contains(.head) {
            if first < 0 { report.add(logID, first, .positionNegative) }
            if last >= head {
                report.add(logID, head, .rowsBeyondHead(head: head))
            } else if last + 1 < head {
                report.add(logID, last + 1, .logEndsBeforeHead(head: head))
            }
        }
        guard plan.checks.contains(.checkpoints) else { return }
        // Beyond the log's end belongs to no page. One that is sound there was published meanwhile.
        for finding in try await checkpoints(after: size, upTo: .max, readers[0]).1 {
            report.add(finding)
        }
        if let checkpointSize, checkpointSize > head {
            report.add(logID, head, .logEndsBeforeCheckpoint(size: checkpointSize))
        }
        if let kept = kept.max(by: { $0.size < $1.size }), kept.size > head {
            report.add(logID, head, .logSetBack(kept.source, size: kept.size))
        }
    }

    /// The checkpoint of the empty log, which belongs to no page, and those that are kept outside.
    private func checkFirst(
        _ report: inout VerificationReport,
        _ verdict: inout LogVerdict
    ) async throws {
        verdict.isKeptOutside = !kept.isEmpty
        guard start == 0, plan.checks.contains(.checkpoints) else { return }
        for size in try await removedCheckpoints() {
            report.add(logID, nil, .checkpointRemoved(size: size))
        }
        let (sound, findings) = try await checkpoints(after: -1, upTo: 0, readers[0])
        for finding in findings { report.add(finding) }
        verdict.checkpoints += Int64(sound.count)
        for checkpoint in sound where checkpoint.root != .emptyTree {
            report.add(logID, nil, .emptyRootDiffers)
        }
    }

    /// Those that were set aside although the log's key has signed them.
    ///
    /// Who may set one aside that nobody signed, may do so with any. Without a key nobody can tell.
    private func removedCheckpoints() async throws(PostgresError) -> [Int64] {
        guard judge.key != nil else { return [] }
        let removed = try await readers[0].rows(
            Statement(
                "verify_removed_checkpoints",
                "select size, root, note from ledger.removed_checkpoint where log_id = $1 order by size",
                .int4(logID)
            )
        ) { result, row throws(PostgresError) -> Int64? in
            let size = try result.int8(row, 0)
            let judged = judge.judge(
                size: size,
                root: MerkleHash(try result.bytes(row, 1)),
                note: try result.text(row, 2)
            )
            guard case .success = judged else { return nil }
            return size
        }
        return removed.compactMap { $0 }
    }

    /// Tiles of higher levels against the stored ones.
    private func compare(_ tiles: [Tile], _ report: inout VerificationReport) async throws {
        for tile in tiles {
            guard case .hashes(let below) = tile.address.layer else { continue }
            let level = below + 1
            let number = Int64(tile.address.index)
            let end = (checkpointSize ?? 0) >> Int64(TileAddress.height * (level + 1))
            let stored = try await readers[0].query(
                Statement(
                    "verify_upper_tile",
                    """
                    select hashes, root from ledger.tile
                    where log_id = $1 and level = $2 and number = $3
                    """,
                    .int4(logID),
                    .int4(Int32(level)),
                    .int8(number)
                )
            ) { result throws(PostgresError) -> StoredTile? in
                guard result.rowCount > 0 else { return nil }
                return StoredTile(
                    hashes: MerkleHash.list(try result.bytes(0, 0)),
                    root: MerkleHash(try result.bytes(0, 1))
                )
            }
            func add(_ flaw: TileFlaw) {
                report.add(logID, nil, .tile(level: level, number: number, flaw))
            }
            guard let stored else {
                if number < end { add(.missing) }
                continue
            }
            if stored.hashes != tile.hashes {
                add(.differs)
            } else if stored.root != VerificationPage.Unit.root(tile.hashes) {
                add(.rootDiffers)
            }
        }
    }

    /// No tile may be stored that the last checkpoint does not cover.
    private func checkTileCounts(_ report: inout VerificationReport) async throws {
        guard plan.checks.contains(.tiles) else { return }
        let rows = try await readers[0].rows(
            Statement(
                "verify_tile_counts",
                """
                select t.level, count(*), max(t.number)
                from ledger.tile t where t.log_id = $1 group by t.level order by t.level
                """,
                .int4(logID)
            )
        ) { result, row throws(PostgresError) -> (level: Int32, count: Int64, last: Int64) in
            (try result.int4(row, 0), try result.int8(row, 1), try result.int8(row, 2))
        }
        // Read after the tiles, it covers all that were rightly stored meanwhile.
        let covered = try await judge.last(upTo: .max, readers[0]) ?? 0
        for row in rows where row.level >= 0 && row.level < 8 {
            let expected = covered >> (Int64(row.level + 1) * Int64(TileAddress.height))
            if row.last >= expected || row.count > expected {
                report.add(logID, nil, .tilesNotCovered(level: row.level))
            }
        }
    }
}

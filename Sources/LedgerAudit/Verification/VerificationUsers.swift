internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Verifies what is derived from users' stories: the projection and, with the root key, the vault.
struct VerificationUsers: Sendable {
    let connection: PostgresConnection
    let checks: Set<VerificationPlan.Check>
    /// Tells which records and rows the service wrote.
    let macs: Vault?
    let vault: VerificationVault?
    let deployment: VerificationDeployment
    /// Take what was current at the last statements; none where that is not made anew.
    let maps: [VerificationMap]
    /// Whether the connection is within a transaction already, so that it sees one snapshot.
    let isInTransaction: Bool

    /// How many subjects are looked at again in a snapshot of their own before the rest is
    /// believed to be wrong without a second look.
    private static let secondLooksMax = VerificationReport.findingsMax

    /// Folds all subjects of a range.
    func run(
        _ subjects: ClosedRange<UInt128>,
        into collected: CollectedReport,
        progress: @Sendable (Int64) -> Void
    ) async throws {
        let fold = SubjectFold(
            connection,
            subjects: subjects,
            vault: macs,
            readsClaims: vault != nil,
            bounds: Dictionary(uniqueKeysWithValues: maps.map { ($0.facts.id, $0.end) })
        )
        while let folded = try await fold.next() {
            for map in maps { map.take(folded) }
            var report = VerificationReport()
            try await check(folded, &report)
            collected.add(report)
            progress(Int64(folded.count))
        }
    }

    /// Folds those to whom something happened from a position on.
    func run(
        logID: Int32,
        since start: Int64,
        below end: Int64,
        progress: @Sendable (Int64) -> Void
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        var seen: Set<Identifier> = []
        for position in stride(from: start, to: end, by: Int(VerificationPage.positionsMax)) {
            let changed = try await changed(
                logID,
                position..<min(end, position + VerificationPage.positionsMax)
            )
            let new = changed.filter { seen.insert($0).inserted }
            let fold = SubjectFold(connection, vault: macs, readsClaims: vault != nil)
            let folded = try await fold.run(only: new)
            try await check(folded, &report)
            progress(Int64(folded.count))
        }
        return report
    }

    private func changed(
        _ logID: Int32,
        _ positions: Range<Int64>
    ) async throws(PostgresError) -> [Identifier] {
        try await connection.rows(
            Statement(
                "verify_changed",
                """
                select distinct subject from ledger.event
                where log_id = $1 and position >= $2 and position < $3
                    and subject is not null and subject_version is not null
                """,
                .int4(logID),
                .int8(positions.lowerBound),
                .int8(positions.upperBound)
            )
        ) { result, row throws(PostgresError) in
            Identifier(value: try result.uuid(row, 0))
        }
    }

    // MARK: Judging

    private func check(
        _ folded: [FoldedSubject],
        _ report: inout VerificationReport
    ) async throws {
        guard !folded.isEmpty else { return }
        report.users += Int64(folded.count { !$0.isOfNobody })
        var judged = try await judge(folded)
        report.values = vault == nil ? nil : (report.values ?? 0) + judged.values
        report.lookups += judged.lookups
        report.overdueValues += judged.overdue
        for index in folded.indices where !judged.findings[index].isEmpty {
            // Something may have been appended between two statements: only what is still wrong
            // within one snapshot is wrong.
            if report.findings.count < Self.secondLooksMax {
                judged.findings[index] = try await secondLook(folded[index])
            }
            for finding in judged.findings[index] { report.add(finding) }
        }
    }

    private typealias Finding = VerificationReport.Finding

    private func judge(
        _ folded: [FoldedSubject]
    ) async throws -> (findings: [[Finding]], values: Int64, lookups: Int64, overdue: Int64) {
        let rows =
            checks.contains(.projection)
            ? try await UserStateRow.rows(of: folded, connection) : [:]
        let differing = try await problems(differingOf: folded)
        let kept = try await vault?.read(folded, connection)
        var findings: [[Finding]] = []
        var values: Int64 = 0
        var lookups: Int64 = 0
        var overdue: Int64 = 0
        for subject in folded {
            var found: [Finding] = []
            func add(_ position: Int64?, _ flaw: VerificationFlaw) {
                found.append(Finding(subject.logID, position, flaw))
            }
            if checks.contains(.versions) {
                // Whoever reads the log in order finds bytes that are not a record, too.
                for (position, flaw) in subject.flaws where flaw != .recordUnreadable {
                    add(position, flaw)
                }
                if deployment.isMisplaced(subject.begin, in: subject.logID) {
                    add(subject.begin, .userMisplaced)
                }
            }
            let row = rows[subject.subject.value]
            if checks.contains(.projection), subject.flaws.isEmpty,
                let flaw = flaw(of: row, subject)
            {
                add(nil, flaw)
            }
            if subject.flaws.isEmpty, differing.contains(subject.subject) {
                add(nil, .problemsDiffer(about: subject.subject))
            }
            if let vault, let kept, subject.flaws.isEmpty, !subject.isOfNobody {
                let judged = vault.judge(subject, kept)
                values += kept.opened[subject.subject.value]?.count ?? 0
                lookups += judged.lookups
                overdue += judged.overdue
                for flaw in judged.flaws { add(nil, .subject(subject.subject, flaw)) }
            }
            findings.append(found)
        }
        return (findings, values, lookups, overdue)
    }

    /// The subjects whose problems are not those that their events give.
    private func problems(
        differingOf folded: [FoldedSubject]
    ) async throws(PostgresError) -> Set<Identifier> {
        guard checks.contains(.projection) else { return [] }
        var subjects: Set<Identifier> = []
        for log in folded.map(\.logID).factLogs {
            let comparison = ProblemComparison(log: log, connection: connection, vault: macs)
            let known = try await comparison.progress()
            let differing = try await comparison.differing(folded.problemEvents(in: log), at: known)
            subjects.formUnion(differing.map(\.about))
        }
        return subjects
    }

    /// What does not fit in the row of a subject.
    private func flaw(of row: UserStateRow?, _ subject: FoldedSubject) -> VerificationFlaw? {
        guard !subject.isOfNobody else {
            return row.map { _ in .projectionOfNobody(subject: subject.subject) }
        }
        var row = row
        if macs == nil { row?.mac = nil }
        let due = UserStateRow(subject, macs)
        guard row != due else { return nil }
        if row?.status == SubjectState.Status.erased.rawValue, subject.state.status != .erased {
            return .erasureNotInLog(subject: subject.subject)
        }
        row?.mac = due.mac
        return row == due
            ? .projectionForged(subject: subject.subject)
            : .projectionDiffers(subject: subject.subject)
    }

    private func secondLook(_ subject: FoldedSubject) async throws -> [Finding] {
        if !isInTransaction {
            try await connection.script("begin isolation level repeatable read read only")
        }
        let fold = SubjectFold(connection, vault: macs, readsClaims: vault != nil)
        let folded = try await fold.run(only: [subject.subject])
        let judged = try await judge(folded.filter { $0.logID == subject.logID })
        if !isInTransaction { try await connection.script("commit") }
        return judged.findings.flatMap { $0 }
    }

    // MARK: Rows of nobody

    /// Finds projection rows of subjects that have no events.
    func checkOrphans(_ report: inout VerificationReport) async throws {
        var after: (logID: Int32, app: UInt128, subject: UInt128) = (.min, 0, 0)
        while true {
            let page = try await connection.rows(
                Statement(
                    "verify_orphans",
                    """
                    select p.log_id, p.app_id, p.subject, exists (
                        select from ledger.event e
                        where e.subject = p.subject and e.subject_version = 1
                            and e.log_id = p.log_id and e.app_id = p.app_id)
                    from vault.user_state p
                    where (p.log_id, p.app_id, p.subject) > ($1, $2, $3)
                    order by p.log_id, p.app_id, p.subject limit 5000
                    """,
                    .int4(after.logID),
                    .uuid(after.app),
                    .uuid(after.subject)
                )
            ) {
                result,
                row throws(PostgresError) -> (
                    logID: Int32, app: UInt128, subject: UInt128, isKnown: Bool
                ) in
                (
                    try result.int4(row, 0), try result.uuid(row, 1),
                    try result.uuid(row, 2), try result.bool(row, 3)
                )
            }
            guard let last = page.last else { return }
            for row in page where !row.isKnown {
                let subject = Identifier(value: row.subject)
                report.add(row.logID, nil, .projectionOfNobody(subject: subject))
            }
            after = (last.logID, last.app, last.subject)
        }
    }
}

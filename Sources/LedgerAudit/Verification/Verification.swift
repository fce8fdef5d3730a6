internal import Ledger
package import LedgerStore
internal import MerkleLog
package import Postgres
internal import Synchronization
internal import Vault

/// Recomputes everything: columns against records, positions without holes, the Merkle tree against
/// every checkpoint and tile, the fold against every projection row, the vault against the log.
///
/// It runs beside a live service: what never changes is read page by page, and what changes is
/// looked at again within one short snapshot before it is called wrong.
package enum Verification {
    /// How many connections read side by side, here and in a rebuild: one per core of the reference machine.
    static let readersMax = 2

    /// Runs all checks that the plan has the means for.
    ///
    /// Throws `PostgresError` when a database cannot be read, `VaultError` when the root key is
    /// another one, and `VerificationFailure` when there is nothing to go on from.
    package static func run(
        _ databases: DatabaseMap,
        plan: VerificationPlan = VerificationPlan(),
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        for logID in plan.since.keys {
            let pair = Log(id: logID)?.pair ?? .max
            guard databases.parts.contains(where: { $0.pairs.contains(pair) }) else {
                throw VerificationFailure.noLog(logID)
            }
        }
        var readers: [[PostgresConnection]] = []
        for part in databases.parts {
            var ofPart: [PostgresConnection] = []
            for _ in 0..<readersMax {
                ofPart.append(try await PostgresConnection.connect(part.database.withLongLimits))
            }
            readers.append(ofPart)
        }
        let plan = try await named(plan, readers[0][0])
        var report = VerificationReport()
        var administration: VerificationAdministration?
        for (place, part) in databases.parts.enumerated() {
            var plan = plan
            plan.since = plan.since.filter { part.pairs.contains(Log(id: $0.key)?.pair ?? 0) }
            var vault: Vault?
            if let rootKeys = plan.rootKeys {
                vault = try await VerificationKeys(rootKeys: rootKeys, logID: Log.facts.id)
                    .vault(readers[place][0], &report)
            }
            let administrator = administration ?? VerificationAdministration(plan, vault)
            administration = administrator
            report.merge(
                try await run(
                    on: readers[place],
                    isInTransaction: false,
                    vault: vault,
                    plan: plan,
                    administration: administrator,
                    databases: VerificationDatabases(
                        map: databases,
                        connections: readers.map { $0[0] },
                        place: place
                    ),
                    progress: progress
                )
            )
        }
        for reader in readers.joined() { await reader.close() }
        report.logs.sort { $0.logID < $1.logID }
        return report
    }

    /// The same of a deployment of one database.
    package static func run(
        _ database: PostgresConfiguration,
        plan: VerificationPlan = VerificationPlan(),
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        try await run(DatabaseMap(database), plan: plan, progress: progress)
    }

    /// The same on connections that are open, perhaps within a transaction.
    static func run(
        on readers: [PostgresConnection],
        isInTransaction: Bool,
        vault: Vault?,
        plan: VerificationPlan,
        administration: VerificationAdministration? = nil,
        databases: VerificationDatabases? = nil,
        progress: @escaping @Sendable (VerificationProgress) -> Void = { _ in }
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        let administration = administration ?? VerificationAdministration(plan, vault)
        let deployment = try await deployment(readers[0])
        let logs = try await logs(readers, deployment, vault, plan, administration, &report)
        let total = logs.reduce(0) { $0 + $1.log.size }
        var done: Int64 = 0
        for (log, verdict) in logs {
            let before = done
            report.merge(
                try await log.run(verdict) { position in
                    progress(
                        VerificationProgress(
                            phase: .records,
                            done: before + position,
                            total: total
                        )
                    )
                }
            )
            done += log.size
        }
        let maps = try await maps(logs, readers[0], plan)
        let valueReader = vault.flatMap {
            plan.checks.contains(.vault)
                ? VerificationVault(vault: $0, deployment: deployment, databases: databases) : nil
        }
        let users = readers.map { reader in
            VerificationUsers(
                connection: reader,
                checks: plan.checks,
                macs: plan.checks.contains(.macs) ? vault : nil,
                vault: valueReader,
                deployment: deployment,
                maps: maps,
                isInTransaction: isInTransaction
            )
        }
        // Where the events are not whole, nobody can say what they made.
        if plan.checks.contains(.administration), !logs.contains(where: { $0.log.since > 0 }),
            // Records that the service did not write have made nothing, whole or not.
            !report.findings.contains(where: { $0.position != nil && $0.kind != .recordForged })
        {
            try await administration.check(
                logs.map(\.log.logID).factLogs,
                readers[0],
                from: logs.first { $0.log.logID == Log.facts.id }?.log.size,
                isInTransaction: isInTransaction,
                &report
            )
        }
        report.merge(try await check(users, logs.map(\.log), plan, progress))
        for map in maps {
            if map.isAsStated {
                report.mapped[map.facts.id] = map.end
            } else {
                report.add(map.facts.map.id, map.position, .mapDiffers(size: map.end))
            }
        }
        return report
    }

    /// The same plan, in which every log has a number.
    private static func named(
        _ plan: VerificationPlan,
        _ reader: PostgresConnection
    ) async throws -> VerificationPlan {
        guard !plan.sinceOfOnly.isEmpty else { return plan }
        let pairs = try await deployment(reader).logs.pairs
        var plan = plan
        for (kind, size) in plan.sinceOfOnly {
            let log = Log(kind, pair: 0)
            guard pairs == 1 else { throw VerificationFailure.severalLogs(log) }
            plan.since[log.id] = size
        }
        return plan
    }

    /// The maps of what is current, to be made anew: where everybody is folded.
    private static func maps(
        _ logs: [(log: VerificationLog, verdict: LogVerdict)],
        _ reader: PostgresConnection,
        _ plan: VerificationPlan
    ) async throws(PostgresError) -> [VerificationMap] {
        guard plan.checks.contains(.projection), !plan.since.values.contains(where: { $0 > 0 })
        else { return [] }
        var maps: [VerificationMap] = []
        for (found, _) in logs {
            guard let log = Log(id: found.logID), log.kind == .map,
                let map = try await VerificationMap.read(
                    log,
                    before: found.size,
                    clientIDs: found.apps,
                    reader
                )
            else { continue }
            maps.append(map)
        }
        return maps
    }

    private static func check(
        _ users: [VerificationUsers],
        _ logs: [VerificationLog],
        _ plan: VerificationPlan,
        _ progress: @escaping @Sendable (VerificationProgress) -> Void
    ) async throws -> VerificationReport {
        var report = VerificationReport()
        let total = try await SubjectSlices.rows(users[0].connection)
        let counter = Counter()
        let advance: @Sendable (Int64) -> Void = { count in
            progress(
                VerificationProgress(phase: .users, done: counter.add(count), total: total)
            )
        }
        if plan.since.values.contains(where: { $0 > 0 }) {
            for log in logs {
                report.merge(
                    try await users[0].run(
                        logID: log.logID,
                        since: plan.since[log.logID] ?? 0,
                        below: log.size,
                        progress: advance
                    )
                )
            }
            return report
        }
        let slices = try await SubjectSlices.read(users[0].connection, rows: total)
        let collected = CollectedReport()
        try await fold(slices, users, into: collected, progress: advance)
        report.merge(collected.report)
        if plan.checks.contains(.projection),
            try await SubjectSlices.rows(users[0].connection) != report.users
        {
            try await users[0].checkOrphans(&report)
        }
        if let vault = users[0].vault {
            report.values = report.values ?? 0
            if logs.contains(where: { $0.logID == Log.facts.id }) {
                try await vault.checkApps(users[0].connection, &report)
            }
            try await vault.checkOrphans(users[0].connection, &report)
            try await vault.checkDrops(logs.map(\.logID).factLogs, users[0].connection, &report)
            if try await vault.countLookups(users[0].connection) != report.lookups {
                try await vault.checkLookups(users[0].connection, &report)
            }
            try await vault.checkReservations(users[0].connection, &report)
        }
        return report
    }

    /// Has the workers fold one range of subjects after the other.
    private static func fold(
        _ slices: [ClosedRange<UInt128>],
        _ workers: [VerificationUsers],
        into collected: CollectedReport,
        progress: @escaping @Sendable (Int64) -> Void
    ) async throws {
        var waiting = slices[...]
        try await withThrowingTaskGroup(of: Int.self) { group in
            func start(_ index: Int) {
                guard let slice = waiting.popFirst() else { return }
                let worker = workers[index]
                group.addTask {
                    try await worker.run(slice, into: collected, progress: progress)
                    return index
                }
            }
            for index in workers.indices { start(index) }
            while let index = try await group.next() { start(index) }
        }
    }
}

/// Counts what several workers have done.
private final class Counter: Sendable {
    private let value = Mutex<Int64>(0)

    func add(_ count: Int64) -> Int64 {
        value.withLock { value in
            value += count
            return value
        }
    }
}

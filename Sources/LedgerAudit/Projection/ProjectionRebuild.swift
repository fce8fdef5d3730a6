package import Ledger
package import LedgerStore
package import Postgres
package import Vault

/// What a rebuild found and did.
package struct ProjectionRebuildReport: Sendable, Equatable {
    /// How many users the new projection holds.
    package internal(set) var users: Int64 = 0
    /// How many rows differed from the projection that was live.
    package internal(set) var differences: Int64 = 0
    /// Whose they were, some of them.
    package var named: [Identifier] = []
    /// How many events the service did not write, which were passed over: `verify` says which.
    package internal(set) var forged: Int64 = 0
    /// Of how many users and endpoints the problems differed, up to where the log was folded into them.
    package var problems: Int64 = 0
    /// For each log one number for all states, of both projections; none without keys, for they name the
    /// deployment.
    package var maps: [ProjectionMapReport] = []
}

extension ProjectionRebuildReport {
    /// Takes over what was found in another database.
    fileprivate mutating func merge(_ other: ProjectionRebuildReport) {
        users += other.users
        differences += other.differences
        named += other.named
        forged += other.forged
        problems += other.problems
        maps += other.maps
    }
}

/// Builds the projection anew from the log beside the live one, compares, and mends what differs.
///
/// Appends go on while the bulk is folded and compared. They wait only while the tail is folded,
/// which is what was appended since the last of several rounds, and while rows are mended. Records
/// that the service did not write change nothing, and a token that they put away comes back; no key
/// and no other value is touched. Needs the rights of the schema's owner, and in memory the map of states
/// (some 110 bytes a user).
package enum ProjectionRebuild {
    /// A tail of so many events is folded within some ten milliseconds, so appends may wait for it.
    private static let tailEventsMax: Int64 = 500
    /// If the tail does not get that short, appends are faster than the fold, and wait a little.
    private static let roundsMax = 10

    /// Rebuilds; throws `PostgresError`, `VaultError` or `VerificationFailure`, and then nothing has
    /// changed.
    ///
    /// Only a database without keys, which a replay makes, needs no root key. Of several databases one is mended
    /// after the other.
    package static func run(
        _ databases: DatabaseMap,
        rootKeys: RootKeys?
    ) async throws -> ProjectionRebuildReport {
        var report = ProjectionRebuildReport()
        for part in databases.parts {
            report.merge(try await run(part.database, rootKeys: rootKeys))
        }
        return report
    }

    /// The same of one database.
    package static func run(
        _ configuration: PostgresConfiguration,
        rootKeys: RootKeys?
    ) async throws -> ProjectionRebuildReport {
        var connections: [PostgresConnection] = []
        let result: Result<ProjectionRebuildReport, any Error>
        do {
            for _ in 0...Verification.readersMax {
                connections.append(
                    try await PostgresConnection.connect(configuration.withLongLimits)
                )
            }
            let vault = try await vault(rootKeys, connections[0])
            let readers = Array(connections.dropFirst())
            result = .success(try await run(on: connections[0], readers, vault))
        } catch {
            result = .failure(error)
        }
        for connection in connections { await connection.close() }
        return try result.get()
    }

    private static func vault(
        _ rootKeys: RootKeys?,
        _ connection: PostgresConnection
    ) async throws -> Vault? {
        guard let rootKeys else {
            let hasKeys = try await connection.query(
                Statement("rebuild_has_keys", "select exists (select from vault.master_key)")
            ) { result throws(PostgresError) in try result.bool(0, 0) }
            guard !hasKeys else { throw VerificationFailure.rootKeyMissing }
            return nil
        }
        var report = VerificationReport()
        let vault = try await VerificationKeys(rootKeys: rootKeys, logID: Log.facts.id)
            .vault(connection, &report)
        guard report.vault != .keysMissing else { throw VerificationFailure.keysMissing }
        return vault
    }

    private static func run(
        on connection: PostgresConnection,
        _ readers: [PostgresConnection],
        _ vault: Vault?
    ) async throws -> ProjectionRebuildReport {
        // Two rebuilds at once have tables of their own, and mend the same rows in the same way, one
        // after the other: no lock keeps them apart, which somebody else could hold.
        try await connection.script(prepare)
        var folded = try await sizes(connection)
        var progress = Progress(vault)
        let logs = folded.keys.factLogs
        if let vault {
            let clientIDs = try await Verification.apps(connection)
            progress.maps = logs.map { ProjectionMap($0, vault, clientIDs: clientIDs) }
        }
        var mendings = logs.map { ProblemMending($0, connection, vault: vault) }
        try await foldAll(readers, vault) { folded in
            try await insert(folded, connection, &progress)
            for index in mendings.indices { try await mendings[index].mend(folded) }
        }
        for index in mendings.indices { try await mendings[index].mendOthers() }
        try await connection.script("analyze rebuilt")
        async let compared: Void = RebuildComparison.compareAll(connection)
        // What is left for later are the nodes that the tail changes.
        for map in progress.maps { _ = map.rebuilt() }
        try await compared
        for _ in 0..<roundsMax {
            let now = try await sizes(connection)
            let tail = now.reduce(0) { $0 + $1.value - (folded[$1.key] ?? 0) }
            try await catchUp(from: folded, to: now, connection, &progress)
            folded = now
            if tail <= tailEventsMax { break }
        }
        // Hashed before anybody waits; what is left for then are the nodes that the tail changes.
        for map in progress.maps { _ = map.rebuilt() }
        // From here on appends wait for the commit.
        try await connection.script("begin")
        for logID in folded.keys.sorted() {
            // One by one: each may be on another server.
            try await connection.script(
                "select 1 from ledger.log where log_id = \(logID) for update"
            )
        }
        let ends = try await sizes(connection)
        try await catchUp(from: folded, to: ends, connection, &progress)
        var maps: [ProjectionMapReport] = []
        for (log, map) in zip(logs, progress.maps) {
            maps += try await map.report(at: ends[log.id] ?? 0, connection)
        }
        let differences = try await RebuildComparison.count(connection)
        let named = try await RebuildComparison.named(connection)
        try await connection.script(mend)
        if let vault { try await TokenRestoration(vault: vault).run(connection) }
        try await connection.script("commit")
        // The server would do so only some time after the session has ended.
        try await connection.script("discard temp")
        return ProjectionRebuildReport(
            users: progress.users,
            differences: differences,
            named: named,
            forged: progress.forged.values.reduce(0, +),
            problems: mendings.reduce(0) { $0 + $1.mended },
            maps: maps
        )
    }

    /// Users that one of several readers has folded; nil after its last ones.
    private struct Step: Sendable {
        let fold: SubjectFold
        let folded: [FoldedSubject]?
    }

    /// Folds everybody, and hands them over in groups, while the next ones are folded.
    private static func foldAll(
        _ readers: [PostgresConnection],
        _ vault: Vault?,
        _ body: ([FoldedSubject]) async throws -> Void
    ) async throws {
        let rows = try await SubjectSlices.rows(readers[0])
        var slices = try await SubjectSlices.read(readers[0], rows: rows)[...]
        try await withThrowingTaskGroup(of: Step.self) { group in
            func start(_ reader: PostgresConnection) {
                guard let slice = slices.popFirst() else { return }
                go(on: SubjectFold(reader, subjects: slice, vault: vault))
            }
            func go(on fold: SubjectFold) {
                group.addTask { Step(fold: fold, folded: try await fold.next()) }
            }
            for reader in readers { start(reader) }
            while let step = try await group.next() {
                guard let folded = step.folded else {
                    start(step.fold.connection)
                    continue
                }
                go(on: step.fold)
                try await body(folded)
            }
        }
    }

    /// What was folded so far.
    private struct Progress {
        let vault: Vault?
        var maps: [ProjectionMap] = []
        var users: Int64 = 0
        /// How many events of a subject the service did not write, where it is any.
        var forged: [Identifier: Int64] = [:]

        init(_ vault: Vault?) { self.vault = vault }

        /// Counts those that were folded; gives them with the rows that they shall have.
        mutating func take(
            _ folded: [FoldedSubject]
        ) -> [(user: FoldedSubject, row: UserStateRow)] {
            for subject in folded where subject.forged > 0 {
                forged[subject.subject] = subject.forged
            }
            let rows = folded.filter { !$0.isOfNobody }.map { ($0, UserStateRow($0, vault)) }
            users += Int64(rows.count)
            return rows
        }
    }

    private static let prepare = """
        create temp view live as select \(UserStateRow.columns) from vault.user_state;
        create temp table rebuilt as select * from live limit 0;
        alter table rebuilt add primary key (log_id, app_id, subject);
        create temp table differing (
            log_id integer, app_id uuid, subject uuid, primary key (log_id, app_id, subject));
        """

    /// Rows that no events tell of go; a key and values there stay in the vault, of nobody.
    private static let mend = """
        create temp table nobody as select head.* from (
            select log_id, app_id, subject from differing
            except select log_id, app_id, subject from rebuilt
        ) as gone join vault.user_state head using (log_id, app_id, subject);
        insert into vault.data_key (log_id, subject, root_key_id, wrapped)
        select log_id, subject, root_key_id, wrapped_key from nobody where wrapped_key is not null
        on conflict do nothing;
        insert into vault.value (log_id, subject, kind, version, sealed)
        select nobody.log_id, nobody.subject, held.kind, held.version, held.sealed
        from nobody cross join lateral (values
            ('client_user_id', 1, client_user_id), ('human_id', 1, human_id),
            ('access_token', access_token_version, access_token),
            ('public_token', public_token_version, public_token)
        ) as held (kind, version, sealed)
        where held.sealed is not null and held.version is not null
        on conflict do nothing;
        delete from vault.user_state head using nobody
        where head.log_id = nobody.log_id and head.app_id = nobody.app_id
            and head.subject = nobody.subject;
        insert into vault.user_state (\(UserStateRow.columns))
        select rebuilt.* from differing join rebuilt using (log_id, app_id, subject)
        on conflict on constraint user_state_pkey do update
            set subject_version = excluded.subject_version, changed_at = excluded.changed_at,
                status = excluded.status,
                access_token_version = excluded.access_token_version,
                public_token_version = excluded.public_token_version,
                settle_at = excluded.settle_at, state = excluded.state,
                state_mac = excluded.state_mac;
        """

    private static func sizes(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Int32: Int64] {
        let sizes = try await connection.rows(
            Statement("log_sizes", "select log_id, size from ledger.log")
        ) { result, row throws(PostgresError) in
            (try result.int4(row, 0), try result.int8(row, 1))
        }
        return Dictionary(uniqueKeysWithValues: sizes)
    }

    /// Folds and compares those subjects again to whom something happened between two sizes.
    private static func catchUp(
        from sizes: [Int32: Int64],
        to ends: [Int32: Int64],
        _ connection: PostgresConnection,
        _ progress: inout Progress
    ) async throws {
        // After the sizes: whatever app an event below them is of, it is there.
        let clientIDs = try await Verification.apps(connection)
        for map in progress.maps { map.clientIDs = clientIDs }
        for (logID, end) in ends {
            var start = sizes[logID] ?? 0
            while start < end {
                let next = min(end, start + tailEventsMax)
                let subjects = try await changed(logID, start..<next, connection)
                if !subjects.isEmpty {
                    let fold = SubjectFold(connection, vault: progress.vault)
                    let folded = try await fold.run(only: subjects)
                    let forgotten = try await RebuildComparison.forget(folded, connection)
                    try await insert(folded, connection, &progress)
                    try await RebuildComparison.compare(folded, connection)
                    progress.users -= forgotten
                }
                start = next
            }
        }
    }

    private static func changed(
        _ logID: Int32,
        _ positions: Range<Int64>,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Identifier] {
        try await connection.rows(
            Statement(
                "changed_subjects",
                """
                select distinct subject from ledger.event
                where log_id = $1 and position >= $2 and position < $3
                    and subject_version is not null
                """,
                .int4(logID),
                .int8(positions.lowerBound),
                .int8(positions.upperBound)
            )
        ) { result, row throws(PostgresError) in
            Identifier(value: try result.uuid(row, 0))
        }
    }

    private static func insert(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection,
        _ progress: inout Progress
    ) async throws {
        for subject in folded where subject.isUnreadable {
            throw VerificationFailure.unreadable(
                logID: subject.logID,
                position: subject.flaws.first?.position ?? subject.position
            )
        }
        let rows = progress.take(folded)
        guard !rows.isEmpty else { return }
        let insertion = Statement(
            "insert_rebuilt",
            """
            insert into rebuilt select r.* from unnest($1::rebuilt[]) as r
            """,
            .rowArray(rows.map(\.row.row))
        )
        // The maps are made while the server works.
        async let inserted: Void = connection.execute(insertion)
        for map in progress.maps { map.take(rows) }
        try await inserted
    }
}

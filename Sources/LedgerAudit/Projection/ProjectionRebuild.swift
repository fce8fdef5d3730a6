internal import Ledger
internal import LedgerStore
package import Postgres

/// What a rebuild found and did.
package struct ProjectionRebuildReport: Sendable, Equatable {
    /// How many users the new projection holds.
    package let users: Int64
    /// How many rows differed from the projection that was live.
    package let differences: Int64
}

/// Builds the projection anew from the log beside the live one, compares, and mends what differs.
///
/// Appends go on while the bulk is folded and compared. They wait only while the tail is folded,
/// which is what was appended since the last of several rounds, and while rows are mended. Keys and
/// values are touched by none of it. Needs the rights of the schema's owner.
package enum ProjectionRebuild {
    /// A tail of so many events is folded within some ten milliseconds, so appends may wait for it.
    private static let tailEventsMax: Int64 = 500
    /// If the tail does not get that short, appends are faster than the fold, and wait a little.
    private static let roundsMax = 10

    /// Rebuilds; throws `PostgresError` or `VerificationFailure`, and then nothing has changed.
    package static func run(
        _ configuration: PostgresConfiguration
    ) async throws -> ProjectionRebuildReport {
        let connection = try await PostgresConnection.connect(configuration.withoutTimeLimits)
        do {
            let report = try await run(on: connection)
            await connection.close()
            return report
        } catch {
            await connection.close()
            throw error
        }
    }

    private static func run(
        on connection: PostgresConnection
    ) async throws -> ProjectionRebuildReport {
        // Two rebuilds at once would fill and switch one table.
        try await connection.script(
            "select pg_advisory_lock(hashtext('token-ledger projection rebuild'))"
        )
        try await connection.script(prepare)
        var folded = try await sizes(connection)
        var users: Int64 = 0
        var fold = SubjectFold(connection)
        try await fold.run { folded in
            try await insert(folded, connection)
            users += Int64(folded.count)
        }
        try await connection.script("analyze rebuilt")
        try await RebuildComparison.compareAll(connection)
        for _ in 0..<roundsMax {
            let now = try await sizes(connection)
            let tail = now.reduce(0) { $0 + $1.value - (folded[$1.key] ?? 0) }
            users += try await catchUp(from: folded, to: now, connection)
            folded = now
            if tail <= tailEventsMax { break }
        }
        // From here on appends wait for the commit.
        try await connection.script("begin; select 1 from ledger.log for update;")
        users += try await catchUp(from: folded, to: try await sizes(connection), connection)
        let differences = try await RebuildComparison.count(connection)
        try await connection.script(mend)
        return ProjectionRebuildReport(users: users, differences: differences)
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
        create temp table nobody as select head.* from differing
        join vault.user_state head using (log_id, app_id, subject)
        where not exists (
            select from rebuilt where rebuilt.log_id = head.log_id
                and rebuilt.app_id = head.app_id and rebuilt.subject = head.subject);
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
                settle_at = excluded.settle_at, state = excluded.state;
        commit;
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
    ///
    /// Gives how many of them are new.
    private static func catchUp(
        from sizes: [Int32: Int64],
        to ends: [Int32: Int64],
        _ connection: PostgresConnection
    ) async throws -> Int64 {
        var newUsers: Int64 = 0
        for (logID, end) in ends {
            var start = sizes[logID] ?? 0
            while start < end {
                let next = min(end, start + tailEventsMax)
                let subjects = try await changed(logID, start..<next, connection)
                if !subjects.isEmpty {
                    var fold = SubjectFold(connection)
                    let folded = try await fold.run(only: subjects)
                    let forgotten = try await RebuildComparison.forget(folded, connection)
                    try await insert(folded, connection)
                    try await RebuildComparison.compare(folded, connection)
                    newUsers += Int64(folded.count) - forgotten
                }
                start = next
            }
        }
        return newUsers
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
        _ connection: PostgresConnection
    ) async throws {
        guard !folded.isEmpty else { return }
        for subject in folded {
            if let flaw = subject.flaws.first {
                throw VerificationFailure.unreadable(
                    logID: subject.logID,
                    position: flaw.position
                )
            }
        }
        try await connection.execute(
            Statement(
                "insert_rebuilt",
                """
                insert into rebuilt select r.* from unnest($1::rebuilt[]) as r
                """,
                .rowArray(folded.map { UserStateRow($0).row })
            )
        )
    }
}

internal import Ledger
package import Postgres

/// What a rebuild found and did.
package struct ProjectionRebuildReport: Sendable, Equatable {
    /// How many users the new projection holds.
    package let users: Int64
    /// How many rows differed from the projection that was live.
    package let differences: Int64
}

/// Builds the projection anew from the log beside the live one, compares, and switches.
///
/// Appends go on while the bulk is folded; they wait only while the tail is folded and the tables
/// are switched. Needs the rights of the schema's owner.
package enum ProjectionRebuild {
    /// Rebuilds; throws `PostgresError` or `VerificationFailure`, and then nothing has changed.
    package static func run(
        _ configuration: PostgresConfiguration
    ) async throws -> ProjectionRebuildReport {
        let connection = try await PostgresConnection.connect(configuration.withoutTimeLimits)
        try await connection.script(
            """
            drop table if exists ledger.current_token_rebuilt;
            create table ledger.current_token_rebuilt (like ledger.current_token including all);
            """)
        let before = try await sizes(connection)
        var fold = SubjectFold(connection)
        try await fold.run { try await insert($0, connection) }
        // From here on appends wait for the commit.
        try await connection.script("begin; select 1 from ledger.log for update;")
        try await foldTail(since: before, connection)
        let report = try await compare(connection)
        try await connection.script(
            """
            drop table ledger.current_token;
            alter table ledger.current_token_rebuilt rename to current_token;
            alter index ledger.current_token_rebuilt_pkey rename to current_token_pkey;
            alter table ledger.current_token add foreign key (log_id) references ledger.log;
            grant select on ledger.current_token to token_ledger_service;
            commit;
            """)
        await connection.close()
        return report
    }

    private static func sizes(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [(Int32, Int64)] {
        try await connection.query(Statement("log_sizes", "select log_id, size from ledger.log")) {
            result throws(PostgresError) in
            var sizes: [(Int32, Int64)] = []
            for row in 0..<result.rowCount {
                sizes.append((try result.int4(row, 0), try result.int8(row, 1)))
            }
            return sizes
        }
    }

    /// Folds those subjects again to whom something happened while the bulk was folded.
    private static func foldTail(
        since sizes: [(Int32, Int64)], _ connection: PostgresConnection
    ) async throws {
        for (logID, size) in sizes {
            let subjects = try await connection.query(
                Statement(
                    "changed_subjects",
                    """
                    select distinct subject from ledger.event
                    where log_id = $1 and position >= $2 and subject_version is not null
                    """,
                    .int4(logID), .int8(size))
            ) { result throws(PostgresError) in
                var subjects: [Identifier] = []
                for row in 0..<result.rowCount {
                    subjects.append(Identifier(value: try result.uuid(row, 0)))
                }
                return subjects
            }
            guard !subjects.isEmpty else { continue }
            try await connection.query(
                Statement(
                    "drop_changed",
                    "delete from ledger.current_token_rebuilt where log_id = $1 and subject = any ($2)",
                    .int4(logID), .uuidArray(subjects.map(\.value)))
            ) { _ throws(PostgresError) in }
            var fold = SubjectFold(connection)
            try await fold.run(subjects: subjects) { try await insert($0, connection) }
        }
    }

    private static func insert(
        _ folded: [FoldedSubject], _ connection: PostgresConnection
    ) async throws(PostgresError) {
        guard !folded.isEmpty else { return }
        try await connection.query(
            Statement(
                "insert_rebuilt",
                """
                insert into ledger.current_token_rebuilt
                    (log_id, app_id, subject, subject_version, status, changed_at, state)
                select f.log_id, f.app_id, f.subject, f.subject_version, f.status, f.changed_at,
                    f.state::json
                from unnest($1::int[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[],
                        $6::timestamptz[], $7::text[])
                    as f (log_id, app_id, subject, subject_version, status, changed_at, state)
                on conflict do nothing
                """,
                .int4Array(folded.map(\.logID)), .uuidArray(folded.map(\.app.value)),
                .uuidArray(folded.map(\.subject.value)),
                .int8Array(folded.map(\.state.version)),
                .textArray(folded.map(\.state.status.rawValue)),
                .timestamptzArray(folded.map(\.changedAt.microseconds)),
                .textArray(
                    folded.map { String(decoding: $0.state.encoded(), as: UTF8.self) }))
        ) { _ throws(PostgresError) in }
    }

    private static func compare(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> ProjectionRebuildReport {
        try await connection.query(
            Statement(
                "compare_rebuilt",
                """
                select count(rebuilt.subject), count(*) filter (where
                    live.subject_version is distinct from rebuilt.subject_version
                    or live.status is distinct from rebuilt.status
                    or live.changed_at is distinct from rebuilt.changed_at
                    or live.state::text is distinct from rebuilt.state::text)
                from ledger.current_token live
                full join ledger.current_token_rebuilt rebuilt using (log_id, app_id, subject)
                """)
        ) { result throws(PostgresError) in
            ProjectionRebuildReport(
                users: try result.int8(0, 0), differences: try result.int8(0, 1))
        }
    }
}

internal import Postgres

/// The sessions that one of a Citus coordinator's has on the other servers.
enum NodeSessions {
    /// Ends those of a session of our role that has ended itself, and gives whether there is none left.
    ///
    /// A statement that it had sent on may still be on its way, or wait there for a lock: nobody would stop it
    /// any more. On one server there are none.
    static func end(
        ofProcess process: Int32,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        let hasNodes = try await connection.query(
            Statement(
                "has_nodes",
                "select to_regproc('pg_catalog.run_command_on_all_nodes') is not null"
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        guard hasNodes else { return true }
        return try await connection.query(
            Statement(
                "end_node_sessions",
                """
                select coalesce(bool_and(r.success and r.result = 't'), true)
                from run_command_on_all_nodes(format(
                    'select coalesce(bool_and(pg_terminate_backend(a.pid, %s)), true)
                    from pg_stat_activity a where a.usename = session_user
                        and a.application_name = ''citus_internal gpid=%s''',
                    $2, citus_calculate_gpid(citus_nodeid_for_gpid(citus_backend_gpid()), $1))) r
                """,
                .int4(process),
                .int8(Int64(StoreLimits.sessionEndTimeMax / .milliseconds(1)))
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }
}

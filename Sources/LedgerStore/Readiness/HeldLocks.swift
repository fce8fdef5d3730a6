internal import Logging
internal import Postgres

/// Ends sessions of the service's own role that keep a lock which the service waits for.
///
/// Whoever has the role's password can call our functions in a transaction and leave it open: the
/// locks that a function takes last until the end of the transaction, and no setting of the server
/// bounds that which the session could not lift (docs/threats.md#t20). PostgreSQL lets every role end its
/// own sessions. What others hold, such as the owner, is left alone, and so is a commit that waits
/// for its standby.
struct HeldLocks: Sendable {
    let pool: PostgresPool
    let logger: Logger

    /// Ends what has stood for longer than any statement of ours may take.
    ///
    /// Called after a statement of ours has waited in vain. Does nothing when the database cannot be asked: then the next one that waits will.
    func end() async {
        do throws(PostgresError) {
            let ended = try await pool.rows(Self.sessions, share: .lookups) {
                result,
                row throws(PostgresError) in try result.text(row, 0)
            }
            for session in ended {
                logger.error(
                    "ended a session that held a lock",
                    metadata: ["session": "\(session)"]
                )
            }
            let prepared = try await pool.rows(Self.prepared, share: .lookups) {
                result,
                row throws(PostgresError) in try result.text(row, 0)
            }
            for script in prepared {
                try await pool.withConnection { connection throws(PostgresError) in
                    try await connection.script(script)
                }
                logger.error("rolled back a prepared transaction that held a lock")
            }
        } catch {
            logger.warning("held locks not looked at", metadata: ["error": "\(error)"])
        }
    }

    /// No statement of ours works for twice its limit, so what has lasted longer is not one; and a
    /// lock that somebody waits for while it waits itself counts as well.
    private static let sessions = Statement(
        "end_held_locks",
        """
        select format('process %s, since %s', a.pid,
            to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')
                || case when pg_terminate_backend(a.pid, $2) then '' else ', not gone yet' end)
        from pg_catalog.pg_stat_activity a
        where a.usename = session_user and a.datname = current_database()
            and a.pid <> pg_backend_pid() and a.wait_event is distinct from 'SyncRep'
            and a.xact_start < clock_timestamp() - interval '1 millisecond' * greatest($1, (
                select 2 * s.setting::bigint from pg_catalog.pg_settings s
                where s.name = 'statement_timeout'))
            and exists (
                select from pg_catalog.pg_locks l
                join pg_catalog.pg_class c on c.oid = l.relation
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where l.pid = a.pid and l.granted and l.locktype = 'relation'
                    and l.mode <> 'AccessShareLock' and n.nspname in ('ledger', 'vault')
                    and l.database = (
                        select d.oid from pg_catalog.pg_database d
                        where d.datname = current_database()))
        """,
        .int8(Int64(StoreLimits.heldLockTimeMax / .milliseconds(1))),
        .int8(Int64(StoreLimits.sessionEndTimeMax / .milliseconds(1)))
    )

    /// Without a session there is nothing to end; the service prepares no transactions.
    private static let prepared = Statement(
        "prepared_transactions",
        """
        select format('rollback prepared %L', p.gid) from pg_catalog.pg_prepared_xacts p
        where p.owner = session_user and p.database = current_database()
            and p.prepared < clock_timestamp() - interval '1 millisecond' * $1
        """,
        .int8(Int64(StoreLimits.heldLockTimeMax / .milliseconds(1)))
    )
}

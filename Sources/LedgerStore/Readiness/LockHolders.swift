internal import Postgres

extension LedgerStore {
    /// A table one of whose rows is a lock.
    enum LockTable: String {
        /// The lock of appends.
        case log = "ledger.log"
        /// The lock of checkpoints.
        case publisher = "ledger.publisher"
    }

    /// Which sessions keep a lock that somebody waited for, in words.
    ///
    /// The server shows when a transaction began only to those who may know it.
    func holders(
        of table: LockTable,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> String {
        let holders = try await pool.rows(
            Statement(
                "lock_holders",
                """
                select format('process %s of role %s%s%s', a.pid, a.usename,
                    ', since ' || to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
                    case a.wait_event when 'SyncRep' then
                        ', whose commit waits for a synchronous standby' end)
                from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
                where l.relation = $1::regclass and l.granted and l.mode <> 'AccessShareLock'
                    and l.database = (
                        select d.oid from pg_catalog.pg_database d
                        where d.datname = current_database())
                    and not exists (
                        select from pg_catalog.pg_locks w where w.pid = l.pid and not w.granted)
                    and l.pid <> pg_backend_pid()
                group by a.pid, a.usename, a.xact_start, a.wait_event
                order by a.xact_start limit 5
                """,
                .text(table.rawValue)
            ),
            share: .lookups
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        return holders.isEmpty
            ? "by a session that has ended by now" : holders.joined(separator: "; ")
    }
}

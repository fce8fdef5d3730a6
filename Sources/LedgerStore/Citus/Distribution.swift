internal import Ledger
internal import Postgres

/// Spreads a database over the nodes of a Citus cluster (docs/decisions/0070-citus-by-rows.md).
///
/// What there is tells the server's own catalogue, so a later migration need not say where its tables shall be.
/// All of it needs the rights of the schema's owner, and may be repeated.
struct Distribution {
    private let connection: PostgresConnection

    /// Prepares the session of a connection for it.
    private init(_ connection: PostgresConnection) async throws(PostgresError) {
        self.connection = connection
        try await connection.script(Self.session)
    }

    /// That of a database that is distributed; nil where all tables are on one server.
    static func of(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Distribution? {
        guard try await hasCitus(connection), try await isDistributed(connection) else {
            return nil
        }
        return try await Distribution(connection)
    }

    /// That of a database that is distributed, or can be; throws `StoreOpeningError` or `PostgresError`.
    static func begin(_ connection: PostgresConnection) async throws -> Distribution {
        guard try await hasCitus(connection) else { throw StoreOpeningError.citusMissing }
        guard try await hasWorkers(connection) else { throw StoreOpeningError.citusWithoutWorkers }
        if let distribution = try await of(connection) { return distribution }
        let hasEvents = try await Migrator.hasEvents(connection)
        guard !hasEvents else { throw StoreOpeningError.citusTooLate }
        return try await Distribution(connection)
    }

    /// What Citus needs to be told once for all that follows.
    ///
    /// Our triggers refuse by what is in the row, or look at the same log, which is on the same node. What a
    /// migration does one after the other is not to be done on many connections at once. And a table of the
    /// coordinator stays a plain one, whatever it refers to.
    private static let session = """
        set citus.enable_unsafe_triggers = on;
        set citus.multi_shard_modify_mode = 'sequential';
        set citus.enable_local_reference_table_foreign_keys = off;
        set client_min_messages = warning;
        """

    /// Puts everything that is not yet where it shall be there, or nothing of it.
    func run() async throws(PostgresError) {
        // Of two programs that migrate one waits here for the other.
        try await connection.script(
            "begin; lock table ledger.migration in share row exclusive mode"
        )
        for script in try await scripts() { try await connection.script(script) }
        for (table, isByLog) in try await tables() { try await put(table, isByLog: isByLog) }
        for (function, hasLog) in try await functions() {
            try await put(function: function, hasLog: hasLog)
        }
        // Citus passes on what was granted, and not that it was taken from everybody; nor does it to a worker that
        // comes later.
        try await connection.script(
            "revoke all on all functions in schema ledger, vault from public"
        )
        try await connection.script("commit")
    }

    /// What a migration has made as one server takes it, and a cluster does not.
    ///
    /// A foreign key of a table that stays on the coordinator leads to no row where the other one has a copy on
    /// each node. A function that keeps one plan for all parameters could ask no distributed table.
    private func scripts() async throws(PostgresError) -> [String] {
        try await connection.rows(
            Statement(
                "undistributable",
                """
                select format('alter table %s drop constraint %I', c.conrelid::regclass, c.conname)
                from pg_catalog.pg_constraint c
                where c.contype = 'f' and c.conrelid::regclass::text = any ($1)
                    and c.confrelid::regclass::text <> all ($1)
                union all
                select format('alter function %s set plan_cache_mode = auto', f.oid::regprocedure)
                from pg_catalog.pg_proc f join pg_catalog.pg_namespace n on n.oid = f.pronamespace
                where n.nspname in ('ledger', 'vault')
                    and f.proconfig @> '{plan_cache_mode=force_generic_plan}'
                """,
                .textArray(CitusTables.onTheCoordinator)
            )
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
    }

    private func put(_ table: String, isByLog: Bool) async throws(PostgresError) {
        guard isByLog else {
            try await connection.execute(
                Statement(
                    "copy_table",
                    "select create_reference_table($1::text::regclass)",
                    .text(table)
                )
            )
            return
        }
        guard table != "ledger.log" else {
            try await distributeLogs()
            return
        }
        try await connection.execute(
            Statement(
                "distribute_table",
                """
                select create_distributed_table(
                    $1::text::regclass, 'log_id', colocate_with => 'ledger.log')
                """,
                .text(table)
            )
        )
    }

    /// The first table of those that are distributed: all others have the rows of a log where it has them.
    ///
    /// The trigger that refuses further logs looks at all of them, which it cannot from one node. So it is off
    /// while the rows are moved, and afterwards refuses every new one.
    private func distributeLogs() async throws(PostgresError) {
        try await connection.script("alter table ledger.log disable trigger log_never_shrinks")
        try await connection.execute(
            Statement(
                "distribute_logs",
                "select create_distributed_table('ledger.log', 'log_id', colocate_with => 'none')"
            )
        )
        try await connection.script(
            "alter table ledger.log enable always trigger log_never_shrinks"
        )
    }

    /// A call of one that names a log is carried out on the node of the log.
    private func put(function: String, hasLog: Bool) async throws(PostgresError) {
        let statement =
            hasLog
            ? Statement(
                "distribute_function",
                """
                select create_distributed_function(
                    $1::text::regprocedure, 'log_id', colocate_with => 'ledger.log')
                """,
                .text(function)
            )
            : Statement(
                "copy_function",
                "select create_distributed_function($1::text::regprocedure)",
                .text(function)
            )
        try await connection.execute(statement)
    }

    /// Those that are not yet where they shall be, in the order in which they were made, and whether each is
    /// distributed by log or copied to every node.
    private func tables() async throws(PostgresError) -> [(String, isByLog: Bool)] {
        try await connection.rows(
            Statement(
                "tables_to_distribute",
                """
                with relation as (
                    select c.oid, format('%I.%I', n.nspname, c.relname) as name,
                        exists (
                            select from pg_catalog.pg_attribute a
                            where a.attrelid = c.oid and a.attname = 'log_id'
                                and not a.attisdropped
                        ) as has_log
                    from pg_catalog.pg_class c
                    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                    where n.nspname in ('ledger', 'vault') and c.relkind = 'r'
                        and not pg_catalog.relation_is_a_known_shard(c.oid)
                )
                select relation.name, relation.has_log
                from relation
                left join pg_catalog.pg_dist_partition p on p.logicalrelid = relation.oid
                where case when relation.has_log then p.partmethod is distinct from 'h'
                    else relation.name = any ($1) and p.repmodel is distinct from 't' end
                order by relation.has_log, relation.oid
                """,
                .textArray(CitusTables.onEveryNode)
            )
        ) { result, row throws(PostgresError) in
            (try result.text(row, 0), isByLog: try result.bool(row, 1))
        }
    }

    /// The functions that no node has yet, or that are not yet called on that of their log, and whether they
    /// name one.
    ///
    /// Those with the row of a table as a parameter administer, on the coordinator.
    private func functions() async throws(PostgresError) -> [(String, hasLog: Bool)] {
        try await connection.rows(
            Statement(
                "functions_to_distribute",
                """
                select f.name, f.has_log
                from (
                    select p.oid, p.oid::regprocedure::text as name,
                        'log_id' = any (coalesce(p.proargnames[1:p.pronargs], '{}')) as has_log,
                        exists (
                            select from unnest(p.proargtypes) as argument (type)
                            join pg_catalog.pg_type t
                                on t.oid = argument.type or t.typarray = argument.type
                            join pg_catalog.pg_class c on c.oid = t.typrelid
                            where c.relkind = 'r') as has_row
                    from pg_catalog.pg_proc p
                    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
                    where n.nspname in ('ledger', 'vault')
                ) as f
                left join pg_catalog.pg_dist_object o
                    on o.classid = 'pg_catalog.pg_proc'::regclass and o.objid = f.oid
                where case when f.has_log then o.distribution_argument_index is null
                    else o.objid is null and not f.has_row end
                order by f.oid
                """
            )
        ) { result, row throws(PostgresError) in
            (try result.text(row, 0), hasLog: try result.bool(row, 1))
        }
    }

    private static func hasCitus(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement(
                "has_citus",
                "select exists (select from pg_catalog.pg_extension where extname = 'citus')"
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }

    private static func isDistributed(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement(
                "is_distributed",
                """
                select exists (
                    select from pg_catalog.pg_dist_partition p
                    where p.logicalrelid = to_regclass('ledger.log'))
                """
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }

    /// Whether this is a coordinator that has said who it is, and knows at least one worker.
    private static func hasWorkers(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement(
                "has_workers",
                """
                select coalesce(bool_or(n.groupid = 0), false)
                    and coalesce(bool_or(n.groupid <> 0 and n.shouldhaveshards), false)
                from pg_catalog.pg_dist_node n where n.noderole = 'primary' and n.isactive
                """
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }
}

package import Postgres

/// The servers of a Citus cluster, and in what each of them differs from the coordinator.
///
/// A call goes to the node of its log, and what is carried out there is that node's own copy of the function.
package struct CitusNodes: Sendable {
    /// One server, the coordinator among them.
    package struct Node: Sendable {
        /// Host and port, as the coordinator knows them.
        package let name: String
        /// How many logs of facts it has; nil where a node that is away keeps that from being told.
        package let factLogs: Int64?
        /// Why it could not be asked, in its own words or those of the coordinator; nil where it answered.
        package let failure: String?
        /// The functions, triggers and the migration that are not as on the coordinator, in order.
        package let differing: [String]
    }

    /// Of Citus.
    package let version: String
    /// The coordinator first.
    package let nodes: [Node]

    /// Asks each node over the coordinator; gives nil where the database is not distributed.
    package static func read(_ pool: PostgresPool) async throws(StoreError) -> CitusNodes? {
        do {
            guard let version = try await version(pool) else { return nil }
            let answers = try await answers(pool)
            guard let coordinator = answers.first?.lines else { return nil }
            let nodes = answers.map { answer in
                Node(
                    name: answer.name,
                    factLogs: answer.factLogs,
                    failure: answer.failure,
                    differing: answer.lines.map { differing($0, coordinator) } ?? []
                )
            }
            return CitusNodes(version: version, nodes: nodes)
        } catch {
            throw StoreError(error)
        }
    }

    /// What a node has said of itself.
    private struct Answer {
        let name: String
        let factLogs: Int64?
        let failure: String?
        /// What it has, and a digest or word of each; nil where it could not be asked.
        let lines: [String: String]?
    }

    /// What one has and the other has not, or in another form.
    private static func differing(_ one: [String: String], _ other: [String: String]) -> [String] {
        Set(one.keys).union(other.keys).filter { one[$0] != other[$0] }.sorted()
    }

    private static func version(_ pool: PostgresPool) async throws(PostgresError) -> String? {
        let has = try await pool.query(
            Statement(
                "has_citus_logs",
                "select to_regclass('pg_catalog.pg_dist_partition') is not null"
            ),
            share: .lookups
        ) { result throws(PostgresError) in try result.bool(0, 0) }
        guard has else { return nil }
        return try await pool.query(
            Statement(
                "citus_version",
                """
                select e.extversion from pg_catalog.pg_extension e
                where e.extname = 'citus' and exists (
                    select from pg_catalog.pg_dist_partition p
                    where p.logicalrelid = to_regclass('ledger.log'))
                """
            ),
            share: .lookups
        ) { result throws(PostgresError) in result.rowCount > 0 ? try result.text(0, 0) : nil }
    }

    private static func answers(_ pool: PostgresPool) async throws(PostgresError) -> [Answer] {
        let factLogs = try? await pool.rows(
            Statement("fact_logs", "select log_id from ledger.log where kind = 'fact'"),
            share: .lookups
        ) { result, row throws(PostgresError) in try result.int4(row, 0) }
        return try await pool.rows(
            Statement(
                "citus_nodes",
                """
                select n.nodename || ':' || n.nodeport, r.success, coalesce(r.result, ''), (
                    select count(*) from unnest($2::int[]) as l (log_id)
                    join pg_catalog.pg_dist_placement p on p.shardid
                        = get_shard_id_for_distribution_column('ledger.log', l.log_id)
                    where p.groupid = n.groupid)
                from run_command_on_all_nodes($1) r
                join pg_catalog.pg_dist_node n on n.nodeid = r.nodeid
                order by n.groupid, n.nodename, n.nodeport
                """,
                .text(question),
                .int4Array(factLogs ?? [])
            ),
            share: .lookups
        ) { result, row throws(PostgresError) in
            let isAnswered = try result.bool(row, 1)
            let text = try result.text(row, 2)
            return Answer(
                name: try result.text(row, 0),
                factLogs: factLogs == nil ? nil : try result.int8(row, 3),
                failure: isAnswered ? nil : text,
                lines: isAnswered ? lines(text) : nil
            )
        }
    }

    private static func lines(_ text: String) -> [String: String] {
        let pairs = text.split(separator: "\n").map { line in
            let parts = line.split(separator: "\t", maxSplits: 1)
            return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// What each node is asked: one text, a line for each thing.
    ///
    /// A trigger is that of the table and of all its shards on the node.
    private static let question = """
        select string_agg(line.name || E'\\t' || line.value, E'\\n' order by line.name)
        from (
            select 'migration' as name, coalesce(max(number), 0)::text as value
            from ledger.migration
            union all
            select 'function ' || p.oid::regprocedure,
                md5(pg_get_functiondef(p.oid) || coalesce((
                    select string_agg(pg_get_userbyid(a.grantee) || a.privilege_type, ',' order by 1)
                    from aclexplode(p.proacl) a), 'everybody'))
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname in ('ledger', 'vault') and exists (
                -- Those of the coordinator alone, which have its tables in their signatures, are none.
                select from pg_catalog.pg_dist_object o
                where o.classid = 'pg_catalog.pg_proc'::regclass and o.objid = p.oid)
            union all
            select 'trigger ' || found.name, case
                when bool_or(found.enabled <> 'A') then 'not always'
                when count(*) < 1 + max(found.shards) then 'not on every shard'
                else 'always' end
            from (
                select named.of_table || '.' || named.name as name, named.enabled, (
                    select count(*) from pg_catalog.pg_dist_shard s
                    join pg_catalog.pg_dist_placement p on p.shardid = s.shardid
                    where s.logicalrelid = to_regclass(named.of_table) and p.groupid
                        = (select groupid from pg_catalog.pg_dist_local_group)) as shards
                from (
                    select regexp_replace(t.tgrelid::regclass::text, '_[0-9]{6,}$', '') as of_table,
                        regexp_replace(t.tgname, '_[0-9]{6,}$', '') as name, t.tgenabled as enabled
                    from pg_catalog.pg_trigger t
                    where not t.tgisinternal
                        and t.tgrelid::regclass::text ~ '^(ledger|vault)[.]'
                ) as named
            ) as found
            group by found.name
        ) as line
        """
}

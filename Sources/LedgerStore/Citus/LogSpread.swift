internal import Ledger
internal import Postgres

/// Which worker of a Citus cluster has how many logs of facts, and what is to be moved until they are even.
///
/// Citus puts a log somewhere by a hash of its number, so of eight logs seven may be on one of two workers.
struct LogSpread {
    /// A part of all tables, which is moved as a whole.
    struct Shard: Sendable, Equatable {
        let id: Int64
        /// The number of the worker that has it.
        var worker: Int32
        /// How many logs of facts are in it, at least one.
        let logs: Int
    }

    /// A shard, and the worker that shall have it.
    struct Move: Sendable, Equatable {
        let shard: Shard
        let worker: Int32
    }

    let shards: [Shard]
    /// All workers, also those that have no log.
    let workers: [Int32]

    /// What makes it as even as whole shards can be made so one after the other.
    ///
    /// Each move makes the difference of two workers smaller, so they come to an end.
    var moves: [Move] {
        var shards = shards
        var moves: [Move] = []
        while let (index, worker) = next(shards) {
            moves.append(Move(shard: shards[index], worker: worker))
            shards[index].worker = worker
        }
        return moves
    }

    private func next(_ shards: [Shard]) -> (index: Int, worker: Int32)? {
        func load(_ worker: Int32) -> Int {
            shards.filter { $0.worker == worker }.reduce(0) { $0 + $1.logs }
        }
        let loads = workers.sorted().map { (worker: $0, logs: load($0)) }
        guard let most = loads.max(by: { $0.logs < $1.logs }),
            let least = loads.min(by: { $0.logs < $1.logs })
        else { return nil }
        let difference = most.logs - least.logs
        let best = shards.indices
            .filter { shards[$0].worker == most.worker && shards[$0].logs < difference }
            .min { abs(2 * shards[$0].logs - difference) < abs(2 * shards[$1].logs - difference) }
        return best.map { ($0, least.worker) }
    }

    /// How it is now.
    static func read(_ connection: PostgresConnection) async throws(PostgresError) -> LogSpread {
        // Two questions: no node can be asked where a log is.
        let logs = try await connection.rows(
            Statement("spread_logs", "select log_id from ledger.log where kind = 'fact'")
        ) { result, row throws(PostgresError) in try result.int4(row, 0) }
        let shards = try await connection.rows(
            Statement(
                "log_shards",
                """
                select p.shardid, p.groupid, count(*)
                from unnest($1::int[]) as l (log_id)
                join pg_catalog.pg_dist_placement p on p.shardid
                    = get_shard_id_for_distribution_column('ledger.log', l.log_id)
                group by p.shardid, p.groupid order by p.shardid
                """,
                .int4Array(logs)
            )
        ) { result, row throws(PostgresError) in
            Shard(
                id: try result.int8(row, 0),
                worker: try result.int4(row, 1),
                logs: Int(try result.int8(row, 2))
            )
        }
        let workers = try await connection.rows(
            Statement(
                "log_workers",
                """
                select n.groupid from pg_catalog.pg_dist_node n
                where n.noderole = 'primary' and n.isactive and n.shouldhaveshards
                """
            )
        ) { result, row throws(PostgresError) in try result.int4(row, 0) }
        return LogSpread(shards: shards, workers: workers)
    }

    /// Makes it even; nobody can write to a shard meanwhile, so it is for a database without events.
    static func even(_ connection: PostgresConnection) async throws(PostgresError) {
        for move in try await read(connection).moves {
            try await connection.execute(
                Statement(
                    "move_shard",
                    """
                    select citus_move_shard_placement($1, own.nodename, own.nodeport, other.nodename,
                        other.nodeport, 'block_writes')
                    from pg_catalog.pg_dist_node own, pg_catalog.pg_dist_node other
                    where own.groupid = $2 and own.noderole = 'primary'
                        and other.groupid = $3 and other.noderole = 'primary'
                    """,
                    .int8(move.shard.id),
                    .int4(move.shard.worker),
                    .int4(move.worker)
                )
            )
        }
    }
}

internal import Crypto
package import Ledger
package import LedgerStore
package import MerkleLog
package import Postgres

/// What a replay made.
package struct ReplayReport: Sendable {
    /// How many records the log has now.
    package let size: Int64
    /// The Merkle root over them.
    package let root: MerkleHash
    /// The largest signed size that was met on the way; nil when no checkpoint was given.
    package let signedSize: Int64?
    /// How many users the rebuilt projection has.
    package let users: Int64
}

/// Why a replay stops; nothing of the log was written then.
package enum ReplayError: Error, Equatable, CustomStringConvertible {
    /// The log has records already, or the database holds an app of its own.
    case notEmpty
    /// The database has no such log.
    case noLog(Log)
    /// The ledger would not write what stands at this position.
    case notARecord(position: Int64)
    /// What stands at this position was written into this other log: its id says so.
    case otherLog(position: Int64, Log)
    /// The records so far are not those that the checkpoint of this size was signed over.
    case rootDiffers(size: Int64)

    package var description: String {
        switch self {
        case .notEmpty: "the database holds records already; a replay needs an empty one"
        case .noLog(let log):
            "the database has no log \(log.ownName); --fact-logs says how many an empty one shall have"
        case .notARecord(let position):
            "what stands at position \(position) is not a record that the ledger writes"
        case .otherLog(let position, let log):
            "what stands at position \(position) is of the log \(log.ownName)"
        case .rootDiffers(let size):
            "the first \(size) records are not those that their checkpoint was signed over"
        }
    }
}

/// Rebuilds a log, its tree and its projection in an empty database from exported records.
///
/// The log is written in one transaction: it is there whole, or not at all. Values are not part of
/// an export, so the vault stays empty and no service can be run on the result; it is there to be
/// asked with SQL, to be verified and compared. Needs the rights of the schema's owner.
package struct LogReplay: Sendable {
    private let configuration: PostgresConfiguration
    private let connection: PostgresConnection
    private let log: Log
    private let checkpoints: [PublishedCheckpoint]
    private var builder = TileBuilder()
    private var apps: [String: Identifier] = [:]
    private var signedSize: Int64?

    /// Prepares the database: brings its schema up to date and takes the log's lock.
    ///
    /// `checkpoints` are met on the way, in the order of their sizes; those beyond the records that
    /// follow must not be among them. Throws `ReplayError`, `StoreOpeningError` or `PostgresError`.
    package init(
        into configuration: PostgresConfiguration,
        log: Log,
        checkpoints: [PublishedCheckpoint]
    ) async throws {
        _ = try await Migrator.migrate(configuration)
        self.configuration = configuration
        self.log = log
        self.checkpoints = checkpoints.sorted { $0.size < $1.size }
        connection = try await PostgresConnection.connect(configuration.withLongLimits)
        try await connection.script("begin")
        try await checkEmpty()
        // A checkpoint of nothing is met before the first record.
        try await meetCheckpoint()
    }

    /// Ends without having written anything of the log.
    package func cancel() async {
        await connection.close()
    }

    /// Appends records in the order of their positions.
    package mutating func append(_ records: [[UInt8]]) async throws {
        var start = 0
        while start < records.count {
            let room = (nextCheckpoint?.size ?? .max) - size
            let end = start + Int(min(Int64(records.count - start), room))
            try await write(records[start..<end])
            try await meetCheckpoint()
            start = end
        }
    }

    /// Commits the log, then folds the projection.
    package func finish() async throws -> ReplayReport {
        try await connection.execute(
            Statement(
                "replay_size",
                "update ledger.log set size = $2 where log_id = $1",
                .int4(log.id),
                .int8(size)
            )
        )
        try await connection.script("commit; analyze ledger.event;")
        await connection.close()
        let rebuilt = try await ProjectionRebuild.run(configuration, rootKeys: nil)
        return ReplayReport(
            size: size,
            root: builder.root,
            signedSize: signedSize,
            users: rebuilt.users
        )
    }

    private var size: Int64 { Int64(builder.size) }

    private var nextCheckpoint: PublishedCheckpoint? {
        checkpoints.first { $0.size > signedSize ?? -1 }
    }

    private func checkEmpty() async throws {
        let found = try await connection.firstRow(
            Statement(
                "replay_is_empty",
                """
                select log.size = 0
                    and not exists (select from ledger.event where event.log_id = $1)
                    and not exists (select from vault.master_key)
                from ledger.log where log.log_id = $1 for update of log
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in try result.bool(row, 0) }
        guard let isEmpty = found else { throw ReplayError.noLog(log) }
        guard isEmpty else { throw ReplayError.notEmpty }
    }

    private mutating func meetCheckpoint() async throws {
        while let checkpoint = nextCheckpoint, checkpoint.size == size {
            guard checkpoint.root == builder.root else {
                throw ReplayError.rootDiffers(size: size)
            }
            signedSize = checkpoint.size
            try await connection.execute(
                Statement(
                    "replay_checkpoint",
                    """
                    insert into ledger.checkpoint (log_id, size, root, note)
                    values ($1, $2, $3, $4)
                    """,
                    .int4(log.id),
                    .int8(checkpoint.size),
                    .bytea(checkpoint.root.bytes),
                    .text(checkpoint.note)
                )
            )
        }
    }

    private mutating func write(_ records: ArraySlice<[UInt8]>) async throws {
        var rows = ReplayRows()
        var position = size
        for bytes in records {
            guard let record = try? Record(decoding: bytes) else {
                throw ReplayError.notARecord(position: position)
            }
            guard Log(of: record.id) == log else {
                throw ReplayError.otherLog(position: position, Log(of: record.id))
            }
            rows.add(record, bytes, app: try await app(of: record))
            builder.append(MerkleHash(leaf: bytes))
            position += 1
        }
        try await connection.execute(rows.statement(logID: log.id, from: position - rows.count))
        let tiles = builder.takeTiles().filter(\.address.isFull)
        // Tiles belong to what was signed; those beyond would have nobody to vouch for them.
        guard !tiles.isEmpty, size <= checkpoints.last?.size ?? -1 else { return }
        try await connection.execute(Tile.storing(tiles, logID: log.id))
    }

    /// The app of a record.
    ///
    /// Records name an app by its `clientId` alone. What else a running ledger knows of it is not
    /// in the log, so the id is derived and the addresses are left empty.
    private mutating func app(of record: Record) async throws -> Identifier {
        let digest = SHA256.hash(data: Array("token-ledger replay \(record.clientID)".utf8))
        guard
            let app = apps[record.clientID]
                ?? Identifier(custom: Array(digest).prefix(16), in: .facts)
        else {
            preconditionFailure("A SHA-256 has 16 bytes to take.")
        }
        var name: String?
        if case .appAdded(let given) = record.event { name = given }
        guard apps[record.clientID] == nil || name != nil else { return app }
        apps[record.clientID] = app
        try await connection.execute(
            Statement(
                "replay_app",
                """
                insert into ledger.app
                    (app_id, client_id, name, connect_url, user_url, api_url, allowed_origins)
                values ($1, $2, coalesce($3, ''), '', '', '', '{}')
                on conflict (client_id) do update set name = coalesce($3, app.name)
                """,
                .uuid(app.value),
                .text(record.clientID),
                .text(name)
            )
        )
        return app
    }
}

/// The columns of records that are inserted together.
private struct ReplayRows {
    private var ids: [UInt128?] = []
    private var apps: [UInt128?] = []
    private var subjects: [UInt128?] = []
    private var versions: [Int64?] = []
    private var types: [String?] = []
    private var times: [Int64?] = []
    private var records: [[UInt8]?] = []

    var count: Int64 { Int64(ids.count) }

    mutating func add(_ record: Record, _ bytes: [UInt8], app: Identifier) {
        ids.append(record.id.value)
        apps.append(app.value)
        subjects.append(record.subject?.value)
        versions.append(record.subjectVersion)
        types.append("\(record.event.type)")
        times.append(record.time.microseconds)
        records.append(bytes)
    }

    func statement(logID: Int32, from position: Int64) -> Statement {
        Statement(
            "replay_events",
            """
            insert into ledger.event
                (log_id, position, event_id, app_id, subject, subject_version, type, recorded_at,
                record)
            select $1, $2 + e.number - 1, e.id, e.app, e.subject, e.version, e.type, e.time,
                e.record
            from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::text[],
                    $8::timestamptz[], $9::bytea[])
                with ordinality as e (id, app, subject, version, type, time, record, number)
            """,
            .int4(logID),
            .int8(position),
            .uuidArray(ids),
            .uuidArray(apps),
            .uuidArray(subjects),
            .int8Array(versions),
            .textArray(types),
            .timestamptzArray(times),
            .byteaArray(records)
        )
    }
}

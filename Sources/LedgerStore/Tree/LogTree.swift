internal import Ledger
internal import MerkleLog
internal import Postgres
internal import Vault

/// One log's tree as the integrator grows it: what was recomputed from stored records, and nothing
/// that was read from anywhere else.
struct LogTree: Sendable {
    /// A root that the tree must have at a size, and who says so.
    struct Expectation: Sendable {
        let size: Int64
        let root: MerkleHash
        /// For the alarm, such as "the checkpoint folder".
        let source: String
    }

    let log: Log
    private let vault: Vault
    private var builder = TileBuilder()
    /// Full tiles that are not stored yet.
    private(set) var tiles: [Tile] = []
    /// Per level the tile at the right edge, as far as one is not full.
    private var edge: [Int32: Tile] = [:]
    /// The size of the last checkpoint that is known to be stored.
    private(set) var publishedSize: Int64?
    private var expectations: [Expectation] = []
    /// Where the first record stands that the service did not write, and how many there are.
    ///
    /// They are signed like all others: what is in the log stays in it.
    private(set) var forged: (first: Int64, count: Int64)?

    /// Records per round trip.
    private static let pageRecords: Int64 = 5_000

    init(log: Log, vault: Vault) {
        self.log = log
        self.vault = vault
    }

    var size: Int64 { Int64(builder.size) }
    var root: MerkleHash { builder.root }

    /// Adds a root that must come out when the tree passes its size.
    mutating func expect(_ expectation: Expectation) {
        expectations.append(expectation)
        expectations.sort { $0.size < $1.size }
    }

    /// What somebody vouches for at the largest size, while the tree has not reached it.
    var lastExpectation: Expectation? { expectations.last }

    /// Reads records until the tree has this size; compares the roots that are expected on the way.
    ///
    /// Throws `IntegrationAlarm` when a root differs or records are missing. Tiles that are stored
    /// already need not be kept, or a first start would hold those of the whole log. `hasRead` is
    /// told of every page.
    mutating func grow(
        to target: Int64,
        _ pool: PostgresPool,
        keepsTiles: Bool = true,
        hasRead: @Sendable () -> Void = {}
    ) async throws {
        try compare()
        while size < target {
            let goal = min(target, expectations.first?.size ?? target, size + Self.pageRecords)
            var (leaves, forged) = try await leaves(upTo: goal, pool)
            // What was cold when the records were asked for may be back by now.
            if leaves.isEmpty { (leaves, forged) = try await self.leaves(upTo: goal, pool) }
            guard !leaves.isEmpty else { throw IntegrationAlarm.missingRecords(from: size) }
            hasRead()
            for leaf in leaves { builder.append(leaf) }
            if let first = forged.first {
                self.forged = (
                    first: self.forged?.first ?? first,
                    count: (self.forged?.count ?? 0) + Int64(forged.count)
                )
            }
            let grown = builder.takeTiles()
            if keepsTiles { tiles += grown.filter(\.address.isFull) }
            for tile in grown where !tile.address.isFull { edge[tile.level] = tile }
            try compare()
        }
    }

    /// Notes that a checkpoint of this size is stored, and all its tiles.
    mutating func tilesAreStored() {
        tiles = []
        publishedSize = size
    }

    /// The tiles that need not be read.
    var tilesAtHand: TileSet {
        var set = TileSet()
        for tile in tiles { set.insert(tile) }
        for tile in edge.values { set.insert(tile) }
        return set
    }

    /// Forgets what a copy of this tree has met.
    mutating func expectationsAreMet() { expectations = [] }

    private mutating func compare() throws(IntegrationAlarm) {
        while let next = expectations.first, next.size <= size {
            guard next.size == size, next.root == root else {
                throw .differentRoot(size: next.size, source: next.source)
            }
            expectations.removeFirst()
        }
    }

    /// The leaves that records have left in tiles where some are cold: whoever grows the tree compares its root with
    /// what was signed.
    private func coldLeaves(
        upTo end: Int64,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [MerkleHash] {
        guard log.kind != .map else { return [] }
        let history = ColdHistory(
            try await pool.rows(ColdHistory.statement(log.id), ColdStretch.init)
        )
        let positions = size..<max(size, min(end, history.before))
        let tiles = try await pool.rows(
            ColdHistory.tiles(log.id, positions),
            ColdHistory.leaves
        )
        return ColdHistory.leaves(positions, of: tiles)
    }

    /// The next leaves: of each record that is there its own, and of what is cold that which it left in a tile.
    private func leaves(
        upTo end: Int64,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> (leaves: [MerkleHash], forged: [Int64]) {
        let rows = try await rows(upTo: end, pool)
        if rows.count == Int(end - size), rows.first?.position == size {
            return (rows.map(\.leaf), rows.filter(\.isForged).map(\.position))
        }
        let cold = try await coldLeaves(upTo: end, pool)
        var leaves: [MerkleHash] = []
        var forged: [Int64] = []
        var rest = rows[...]
        for index in 0..<Int(end - size) {
            if let row = rest.first, row.position == size + Int64(index) {
                leaves.append(row.leaf)
                if row.isForged { forged.append(row.position) }
                rest = rest.dropFirst()
            } else if index < cold.count {
                leaves.append(cold[index])
            } else {
                // A hole in positions ends the page; the next one is empty and raises the alarm.
                break
            }
        }
        return (leaves, forged)
    }

    private func rows(
        upTo end: Int64,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> [(position: Int64, leaf: MerkleHash, isForged: Bool)] {
        let start = size
        let (vault, logID) = (vault, log.id)
        return try await pool.query(
            Statement(
                "integrate",
                """
                select position, record, mac, event_id, app_id, subject, subject_version
                from ledger.event
                where log_id = $1 and position >= $2 and position < $3 order by position
                """,
                .int4(log.id),
                .int8(start),
                .int8(end)
            )
        ) { result throws(PostgresError) in
            var rows: [(position: Int64, leaf: MerkleHash, isForged: Bool)] = []
            rows.reserveCapacity(result.rowCount)
            var record: [UInt8] = []
            for row in 0..<result.rowCount {
                record.removeAll(keepingCapacity: true)
                try result.appendBytes(row, 1, to: &record)
                rows.append(
                    (
                        position: try result.int8(row, 0),
                        leaf: MerkleHash(leaf: record),
                        isForged: !vault.hasWritten(result, row, from: 1, logID: logID)
                    )
                )
            }
            return rows
        }
    }
}

/// Why nothing is signed any more: what is stored contradicts what was signed before.
package enum IntegrationAlarm: Error, Equatable, CustomStringConvertible {
    /// The log has fewer records than a checkpoint says.
    case behind(size: Int64, checkpoint: Int64, source: String)
    /// The records up to this size have another root than a checkpoint says.
    case differentRoot(size: Int64, source: String)
    /// Positions from here on are missing although the log's head counts them.
    case missingRecords(from: Int64)
    /// A checkpoint that was kept is not one of ours.
    case foreignCheckpoint(source: String)
    /// A checkpoint that was published is not in the database any more.
    case lostCheckpoint(size: Int64)
    /// A witness does not sign the checkpoint of this size.
    case witnessRefused(size: Int64, witness: String, why: String)
    /// The stored tiles of the records up to this size are not those of the records.
    case damagedTiles(size: Int64)

    package var description: String {
        switch self {
        case .behind(let size, let checkpoint, let source):
            "the log has \(size) records, but \(source) says it had \(checkpoint): "
                + "an older database was restored, or records were removed"
        case .differentRoot(let size, let source):
            "the first \(size) records are not those that \(source) was signed over"
        case .missingRecords(let position):
            "the record at position \(position) is missing"
        case .foreignCheckpoint(let source):
            "\(source) is not signed with this deployment's key, or says something else than was "
                + "signed"
        case .lostCheckpoint(let size):
            "the checkpoint of size \(size), which was published, is not in the database any more: "
                + "an older database was restored, or checkpoints were removed"
        case .witnessRefused(let size, let witness, let why):
            "the witness \(witness) refuses to sign the log's checkpoint of \(size) records: \(why)"
        case .damagedTiles(let size):
            "the stored tiles of the first \(size) records are not those of the records"
        }
    }
}

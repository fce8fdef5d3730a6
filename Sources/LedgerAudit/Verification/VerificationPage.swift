internal import LedgerStore
internal import MerkleLog
internal import Postgres
internal import StateMap

/// A stretch of a log with what is stored about its place in the tree, read and hashed.
struct VerificationPage: Sendable {
    /// Leaves that make one full tile, or fewer at the end.
    struct Unit: Sendable {
        let start: Int64
        let leaves: [MerkleHash]
        /// The stored tile's hashes, where they are others.
        var differing: [MerkleHash]?
        /// Those within the unit whose own form is sound, in order of their sizes.
        var checkpoints: [SoundCheckpoint] = []

        var end: Int64 { start + Int64(leaves.count) }
        var isFull: Bool { leaves.count == TileAddress.fullWidth }

        /// The root of a full tile.
        static func root(_ leaves: [MerkleHash]) -> MerkleHash {
            var frontier = TreeFrontier()
            for leaf in leaves { frontier.append(leaf) }
            return frontier.root
        }
    }

    let positions: Range<Int64>
    var units: [Unit] = []
    /// The root of each full unit, as computed.
    var roots: [MerkleHash] = []
    var rowCount: Int64 = 0
    var findings: [VerificationReport.Finding] = []
    /// In the log of maps, what is stated where.
    let statements: [(position: Int64, statement: MapStatement)]

    /// How many records one page has: 16 tiles, enough to hide the round trips.
    static let positionsMax: Int64 = 16 * Int64(TileAddress.fullWidth)

    /// Cuts leaves into units and compares them with the stored tiles.
    ///
    /// `tilesEnd` is how many full tiles must be stored.
    init(
        _ stretch: VerificationStretch,
        tiles: [Int64: StoredTile],
        tilesEnd: Int64,
        checkpoints: [SoundCheckpoint]
    ) {
        positions = stretch.positions
        rowCount = stretch.rowCount
        findings = stretch.findings
        statements = stretch.statements
        let width = TileAddress.fullWidth
        for offset in stride(from: 0, to: stretch.leaves.count, by: width) {
            let leaves = Array(stretch.leaves[offset..<min(offset + width, stretch.leaves.count)])
            var unit = Unit(start: positions.lowerBound + Int64(offset), leaves: leaves)
            unit.checkpoints = checkpoints.filter { $0.size > unit.start && $0.size <= unit.end }
            if unit.isFull {
                let root = Unit.root(leaves)
                roots.append(root)
                if stretch.checks.contains(.tiles) {
                    compare(&unit, root, with: tiles, tilesEnd, stretch.logID)
                }
            }
            units.append(unit)
        }
    }

    private mutating func compare(
        _ unit: inout Unit,
        _ root: MerkleHash,
        with tiles: [Int64: StoredTile],
        _ tilesEnd: Int64,
        _ logID: Int32
    ) {
        let number = unit.start / Int64(TileAddress.fullWidth)
        guard let tile = tiles[number] else {
            if number < tilesEnd {
                add(logID, number, .missing)
            }
            return
        }
        guard let hashes = tile.hashes, hashes.count == TileAddress.fullWidth else {
            return add(logID, number, .unreadable)
        }
        if hashes != unit.leaves { unit.differing = hashes }
        if tile.root != (hashes == unit.leaves ? root : Unit.root(hashes)) {
            add(logID, number, .rootDiffers)
        }
    }

    private mutating func add(_ logID: Int32, _ number: Int64, _ flaw: TileFlaw) {
        findings.append(
            VerificationReport.Finding(logID, nil, .tile(level: 0, number: number, flaw))
        )
    }
}

/// A tile as stored.
struct StoredTile: Sendable {
    let hashes: [MerkleHash]?
    let root: MerkleHash?
}

/// A checkpoint whose note says what its columns say and bears the right signature.
struct SoundCheckpoint: Sendable {
    let size: Int64
    let root: MerkleHash
    let source: CheckpointSource
}

/// Where a checkpoint was read.
enum CheckpointSource: CustomStringConvertible {
    /// In the database.
    case stored
    /// In the folder outside of the database.
    case folder

    var description: String {
        switch self {
        case .stored: "the stored checkpoint"
        case .folder: "the checkpoint in the folder"
        }
    }
}

/// Judges a checkpoint's own form.
struct CheckpointJudge: Sendable {
    let logID: Int32
    /// Nil when nobody named a key: signatures are not checked then.
    let key: VerifierKey?

    /// A checkpoint of the database, or what is wrong with it.
    func judge(
        size: Int64,
        root: MerkleHash?,
        note: String
    ) -> Result<SoundCheckpoint, VerificationFlaw> {
        do throws(NoteError) {
            let signed = try SignedNote(Array(note.utf8))
            let checkpoint: Checkpoint
            if let key {
                checkpoint = try Checkpoint(verifying: signed, origin: key.name, keys: [key])
            } else {
                checkpoint = try Checkpoint(signed.text)
            }
            guard Int64(checkpoint.size) == size, checkpoint.root == root else {
                return .failure(.checkpointColumnsDiffer(size: size))
            }
            return .success(
                SoundCheckpoint(
                    size: size,
                    root: checkpoint.root,
                    source: .stored
                )
            )
        } catch {
            return .failure(.checkpointUnsound(size: size, error))
        }
    }

    /// The size of the last sound one up to a size: others prove nothing, and may be of any size.
    func last(
        upTo size: Int64,
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> Int64? {
        var size = size
        while true {
            let row = try await reader.firstRow(
                Statement(
                    "verify_last_checkpoint",
                    """
                    select size, root, note from ledger.checkpoint
                    where log_id = $1 and size <= $2 order by size desc limit 1
                    """,
                    .int4(logID),
                    .int8(size)
                )
            ) { result, row throws(PostgresError) in
                (
                    size: try result.int8(row, 0), root: MerkleHash(try result.bytes(row, 1)),
                    note: (try? result.text(row, 2)) ?? ""
                )
            }
            guard let row else { return nil }
            if case .success = judge(size: row.size, root: row.root, note: row.note) {
                return row.size
            }
            size = row.size - 1
        }
    }
}

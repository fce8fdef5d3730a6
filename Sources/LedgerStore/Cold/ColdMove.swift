package import Ledger
package import MerkleLog
internal import Postgres
internal import Synchronization
internal import Vault

/// A bundle as it was checked: whose signature is in order, and whose records are those that it says.
///
/// An object, as what else is passed here: it goes through asynchronous functions
/// (CONTRIBUTING.md#the-optimized-program).
package final class ColdBundle: Sendable {
    package let export: Identifier
    /// The SHA-256 of its manifest.
    package let manifest: MerkleHash
    /// All records of these positions are in it.
    package let positions: Range<Int64>
    /// The tree in which they are proved.
    package let tree: (size: Int64, root: MerkleHash)

    package init(
        export: Identifier,
        manifest: MerkleHash,
        positions: Range<Int64>,
        tree: (size: Int64, root: MerkleHash)
    ) {
        self.export = export
        self.manifest = manifest
        self.positions = positions
        self.tree = tree
    }
}

/// Moves the first records of a log out of the database, or back, with the rights of the schema's owner
/// (docs/decisions/0072-cold-history.md).
///
/// Each step is a transaction of its own, and a run that was stopped is gone on with by the same call. Records are
/// cold from the moment in which a stretch is noted, and until it is noted that all of them are back; what happens
/// between is seen by nobody.
package final class ColdMove: Sendable {
    let store: LedgerStore
    let log: Log
    let connection: PostgresConnection
    /// Whose launches were looked at in this run, and before which line.
    let settled = Mutex<SettledUsers>(SettledUsers())

    private init(store: LedgerStore, log: Log, connection: PostgresConnection) {
        self.store = store
        self.log = log
        self.connection = connection
    }

    /// Connects to the database of a log.
    package static func open(
        _ store: LedgerStore,
        _ log: Log,
        owner: DatabaseMap
    ) async throws -> ColdMove {
        guard log.kind != .map else { throw ColdRefusal.neverCold(log) }
        return ColdMove(
            store: store,
            log: log,
            connection: try await PostgresConnection.connect(owner[log].withLongLimits)
        )
    }

    /// Ends the connection, and with it what was not committed.
    package func close() async {
        await connection.close()
    }

    /// What is cold now.
    package func history() async throws -> ColdHistory {
        try await ColdHistory.read(log.id, connection)
    }

    /// How many rows of cold records there are still, or again: of a run that was stopped, or because they are
    /// not those that were signed.
    package func rowsLeft() async throws -> Int64 {
        let before = try await history().before
        return try await count(0..<before)
    }

    func count(_ positions: Range<Int64>) async throws(PostgresError) -> Int64 {
        try await connection.query(
            Statement(
                "cold_rows",
                """
                select count(*) from ledger.event
                where log_id = $1 and position >= $2 and position < $3
                """,
                .int4(log.id),
                .int8(positions.lowerBound),
                .int8(positions.upperBound)
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// Compares records of a bundle, which stand from a position on, with the leaves in the tiles of the signed
    /// tree.
    package func compare(_ records: [[UInt8]], at position: Int64) async throws {
        let positions = position..<position + Int64(records.count)
        let leaves = try await leaves(positions)
        for (index, record) in records.enumerated()
        where index >= leaves.count || MerkleHash(leaf: record) != leaves[index] {
            throw ColdRefusal.otherRecord(position: position + Int64(index))
        }
    }

    func leaves(_ positions: Range<Int64>) async throws(PostgresError) -> [MerkleHash] {
        ColdHistory.leaves(
            positions,
            of: try await connection.rows(
                ColdHistory.tiles(log.id, positions),
                ColdHistory.leaves
            )
        )
    }

    /// Begins a transaction in which nobody else moves what is in the log, nor publishes its checkpoints.
    func begin() async throws(PostgresError) {
        try await connection.script("begin")
        try await connection.execute(
            Statement(
                "cold_lock",
                "select from ledger.publisher where log_id = $1 for update",
                .int4(log.id)
            )
        )
    }

    func commit() async throws(PostgresError) {
        try await connection.script("commit")
    }
}

/// Why nothing is moved.
package enum ColdRefusal: Error, Equatable, CustomStringConvertible {
    /// The log is one of maps.
    case neverCold(Log)
    /// Nothing can be cold up to there.
    case noSuchLine(Int64, from: Int64, to: Int64)
    /// The last of them is younger than anything that is still looked for.
    case tooYoung(position: Int64)
    /// Webhook endpoints wait for events from this position on.
    case awaited(position: Int64)
    /// The last statement about the maps is of a state before the line.
    case notStated(Int64, last: Int64)
    /// No checkpoint that stands outside of the database covers the records.
    case notCovered(Int64, largest: Int64?)
    /// A checkpoint that stands outside, or that of the bundle, is of another history.
    case otherHistory(size: Int64, source: String)
    /// The bundle does not have all records.
    case notInBundle(Range<Int64>)
    /// A record of the bundle is not the one that was signed at its position.
    case otherRecord(position: Int64)
    /// Nothing is cold.
    case nothingCold
    /// A record names an app that there is not.
    case noApp(position: Int64)
    /// Not all records are back.
    case notWhole(rows: Int64, of: Int64)
    /// Somebody else moves what is in the log.
    case changedMeanwhile

    package var description: String {
        switch self {
        case .neverCold(let log):
            "the log of \(log.name) is small, and stays: only logs of facts and of accesses can be cold history"
        case .noSuchLine(let line, let from, let to):
            "nothing can be cold before position \(line): it must be a multiple of 256, more than \(from) and "
                + "at most \(to), so that the last records and whole tiles stay"
        case .tooYoung(let position):
            "the record at position \(position) is too young: of facts they must be 30 days old, and of accesses a minute"
        case .awaited(let position):
            "webhook endpoints are still to be sent what stands from position \(position) on: resume them, or remove "
                + "them (token-ledger webhook list)"
        case .notStated(let line, let last):
            "the maps are stated of the first \(last) records, and not yet of those before position \(line)"
        case .notCovered(let line, let largest):
            "no checkpoint outside of the database covers the records before position \(line): "
                + (largest.map { "the largest is of \($0) records" }
                    ?? "there is none, in the checkpoint folder or with the cosignatures of the witness policy")
        case .otherHistory(let size, let source):
            "\(source), of \(size) records, is of another history than the database"
        case .notInBundle(let positions):
            "the bundle does not have all records of positions \(positions.lowerBound) to "
                + "\(positions.upperBound - 1), without a filter"
        case .otherRecord(let position):
            "the bundle's record at position \(position) is not the one that was signed"
        case .nothingCold: "nothing of the log is cold"
        case .noApp(let position):
            "the record at position \(position) names an app that is not in the database"
        case .notWhole(let rows, let all):
            "only \(rows) of \(all) records are back; run it again"
        case .changedMeanwhile: "somebody else moves what is in the log; run it again"
        }
    }
}

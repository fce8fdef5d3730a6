internal import Ledger
internal import MerkleLog
package import Postgres
package import Vault

/// Which records of a log of facts are launches, or reports of launches, tile by tile: only they can be missing.
///
/// Noted with a MAC before a tile is cold, so that nobody can remove anything else and call it cold history
/// (docs/decisions/0072-cold-history.md#facts).
package struct LaunchBits: Sendable {
    /// By the number of a tile: a bit for each record, that of the first one the highest of the first byte.
    private(set) var tiles: [Int64: [UInt8]] = [:]

    private static let width = Int64(TileAddress.fullWidth)

    package init() {}

    /// Whether the record at a position is noted as one.
    package func contains(_ position: Int64) -> Bool {
        guard let bits = tiles[position / Self.width] else { return false }
        let index = Int(position % Self.width)
        return bits[index / 8] & (0x80 >> (index % 8)) != 0
    }

    mutating func insert(_ position: Int64) {
        let index = Int(position % Self.width)
        let none = [UInt8](repeating: 0, count: TileAddress.fullWidth / 8)
        tiles[position / Self.width, default: none][index / 8] |= 0x80 >> (index % 8)
    }

    /// What is noted of some tiles.
    package static func statement(_ logID: Int32, tiles: Set<Int64>) -> Statement {
        Statement(
            "cold_launches",
            "select tile, bits, mac from ledger.cold_launches where log_id = $1 and tile = any ($2)",
            .int4(logID),
            .int8Array(tiles.sorted())
        )
    }

    /// What is noted of the tiles of some positions, as far as the service has noted it; without a vault nobody can tell.
    package static func read(
        _ logID: Int32,
        _ positions: some Sequence<Int64>,
        _ vault: Vault?,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> LaunchBits {
        let rows = try await connection.rows(
            statement(logID, tiles: Set(positions.lazy.map { $0 / width }))
        ) { result, row throws(PostgresError) -> (tile: Int64, bits: [UInt8])? in
            let (tile, bits) = (try result.int8(row, 0), try result.bytes(row, 1))
            let mac = try result.bytes(row, 2)
            let isOurs = vault?.isMAC(mac, ofColdLaunches: bits, logID: logID, tile: tile)
            return bits.count == TileAddress.fullWidth / 8 && isOurs != false ? (tile, bits) : nil
        }
        var read = LaunchBits()
        for row in rows { if let row { read.tiles[row.tile] = row.bits } }
        return read
    }
}

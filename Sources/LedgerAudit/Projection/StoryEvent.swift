internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// An event of somebody's story, as it is stored.
struct StoryEvent: Sendable {
    let logID: Int32
    let app: Identifier
    let subject: Identifier
    let version: Int64
    let position: Int64
    let bytes: [UInt8]
    /// Whether the service did not write it; false too where nobody can tell.
    let isForged: Bool

    /// Reads the columns `log_id, position, record, mac, event_id, app_id, subject, subject_version`.
    static func decoder(_ vault: Vault?) -> RowDecoder<StoryEvent> {
        { result, row throws(PostgresError) in try StoryEvent(result, row, vault) }
    }

    private init(
        _ result: borrowing PostgresResult,
        _ row: Int,
        _ vault: Vault?
    ) throws(PostgresError) {
        logID = try result.int4(row, 0)
        position = try result.int8(row, 1)
        bytes = try result.bytes(row, 2)
        app = Identifier(value: try result.uuid(row, 5))
        subject = Identifier(value: try result.uuid(row, 6))
        version = try result.int8(row, 7)
        isForged = vault?.hasWritten(result, row, from: 2, logID: logID) == false
    }
}

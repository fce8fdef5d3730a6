internal import Ledger
internal import MerkleLog
internal import Postgres
internal import Vault

/// A user's row of the projection, as the maps take it.
struct StateRow: Sendable {
    let user: MapUser
    /// The user's version, as its column says.
    let version: Int64
    /// As it is stored.
    let state: [UInt8]
    let mac: [UInt8]?
    /// The user's key and `clientUserId`, sealed; nil of who was erased.
    let wrappedKey: [UInt8]?
    let clientUserID: [UInt8]?

    /// Reads the columns `app_id, subject, subject_version, state, state_mac, wrapped_key,
    /// client_user_id` from one on; nil where there is no row.
    init?(
        _ result: borrowing PostgresResult,
        _ row: Int,
        from column: Int
    ) throws(PostgresError) {
        guard let version = try result.int8OrNil(row, column + 2) else { return nil }
        user = MapUser(
            app: Identifier(value: try result.uuid(row, column)),
            subject: Identifier(value: try result.uuid(row, column + 1))
        )
        self.version = version
        state = Array(try result.text(row, column + 3).utf8)
        mac = try result.bytesOrNil(row, column + 4)
        wrappedKey = try result.bytesOrNil(row, column + 5)
        clientUserID = try result.bytesOrNil(row, column + 6)
    }

    /// Whose row it is, of this log.
    func owner(_ log: Log) -> ValueOwner {
        ValueOwner(logID: log.id, app: user.app, subject: user.subject)
    }

    /// Whether the service wrote the state, as this user's and of this version: a state of before has a MAC
    /// of the service, too.
    func isWritten(by vault: Vault, _ log: Log) -> Bool {
        state.starts(with: Array("{\"version\":\(version),".utf8))
            && vault.isMAC(mac, ofState: state, for: owner(log))
    }
}

/// The newest event of a user, as far as the log was read.
struct NewestEvent: Sendable {
    let user: MapUser
    let version: Int64
    let position: Int64
    /// Its hash in the log's tree.
    let leaf: MerkleHash
}

/// A user's row, and the newest event that it tells of.
///
/// An object: as two values it would be dozens of words, which this compiler's asynchronous functions
/// do not give back as they should.
final class CurrentRow: Sendable {
    let row: StateRow?
    let event: NewestEvent?

    init(_ row: StateRow?, _ event: NewestEvent?) {
        self.row = row
        self.event = event
    }
}

internal import Ledger
internal import LedgerStore
internal import Postgres

/// The databases of a deployment while one of them is verified: what stands in another one is looked up there.
struct VerificationDatabases: Sendable {
    let map: DatabaseMap
    /// One to each, in the order of the map.
    let connections: [PostgresConnection]
    /// The place of the one that is verified.
    let place: Int

    /// The number of the database in which a log stands.
    func place(of logID: Int32) -> Int { map.place(of: Log(id: logID) ?? .facts) }

    /// The connection to the database at a place; nil for the one that is verified, which has its own.
    func connection(_ place: Int) -> PostgresConnection? {
        place == self.place ? nil : connections[place]
    }
}

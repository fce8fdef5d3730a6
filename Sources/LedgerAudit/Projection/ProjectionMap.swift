package import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres
package import StateMap
internal import Vault

/// The map of states of a projection: one number for all its rows of a log of facts.
package struct ProjectionMapReport: Sendable, Equatable {
    /// What the log of maps says of the map at this size of the log of facts.
    package enum Statement: String, Sendable {
        case same
        case different
        /// The last statement is of another size: something has happened since, or nobody states any.
        case none
    }

    package let log: Log
    /// How many facts the projection was made of.
    package let size: Int64
    /// As the log gives it.
    package let rebuilt: MapStatement.Map
    /// As the rows gave it that were live.
    package let live: MapStatement.Map
    package let stated: Statement
}

/// Makes the map of states of the projection of a log that is rebuilt, and then that of the live one.
///
/// The maps are equal just where no row's state differs. Only rows that differ are read for the second.
/// A user takes what a key of a `MerkleMap` takes.
final class ProjectionMap {
    private let log: Log
    private let origin: String
    /// Of every app whose users are taken.
    var clientIDs: [UInt128: String]
    private var map = MerkleMap()

    init(_ log: Log, _ vault: Vault, clientIDs: [UInt128: String]) {
        self.log = log
        self.clientIDs = clientIDs
        origin = vault.checkpointSigner(logID: log.id).key.name
    }

    /// Takes what the log tells of users, with the row that each shall have.
    func take(_ rows: [(user: FoldedSubject, row: UserStateRow)]) {
        for (user, row) in rows where user.logID == log.id {
            guard let key = key(app: user.app.value, subject: user.subject) else { continue }
            map.set(user.mapState(row.state).value, for: key)
        }
    }

    /// The map of all that was taken.
    func rebuilt() -> MapStatement.Map {
        MapStatement.Map(count: map.nextCount, root: map.nextRoot())
    }

    /// Makes of it the map of the rows that are live: those that differ take the place of those that were
    /// taken.
    private func takeLive(_ connection: PostgresConnection) async throws(PostgresError) {
        for row in try await differing(connection) {
            guard let key = key(app: row.app, subject: row.subject) else { continue }
            if let state = row.state { map.set(state.value, for: key) } else { map.remove(key) }
        }
    }

    private func key(app: UInt128, subject: Identifier) -> MerkleHash? {
        clientIDs[app].map { MapKey.state(origin: origin, clientID: $0, subject: subject) }
    }

    private struct LiveState: Sendable {
        let app: UInt128
        let subject: Identifier
        /// Nil where there is no row.
        let state: MapState?
    }

    /// What the rows say that differ, each at the newest event of its user.
    private func differing(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [LiveState] {
        try await connection.rows(
            Statement(
                "differing_states",
                """
                select d.app_id, d.subject, live.subject_version, live.state::text, newest.position,
                    newest.record
                from differing d left join live using (log_id, app_id, subject)
                left join lateral (
                    select e.position, e.record from ledger.event e
                    where e.log_id = $1 and e.subject = d.subject
                        and e.subject_version is not null
                    order by e.subject_version desc limit 1
                ) as newest on true
                where d.log_id = $1
                """,
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in
            let version = try result.int8OrNil(row, 2)
            let position = try result.int8OrNil(row, 4)
            return LiveState(
                app: try result.uuid(row, 0),
                subject: Identifier(value: try result.uuid(row, 1)),
                state: try version.map { version throws(PostgresError) in
                    MapState(
                        version: version,
                        // A row of whom no event tells.
                        position: position ?? -1,
                        record: MerkleHash(leaf: try result.bytesOrNil(row, 5) ?? []),
                        state: Array(try result.text(row, 3).utf8)
                    )
                }
            )
        }
    }

    /// The maps of both projections at a size of the log, before rows are mended; the last thing it is asked for.
    ///
    /// In a list, for wide values are not given back as they should (`CurrentRow`).
    func report(
        at size: Int64,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [ProjectionMapReport] {
        let rebuilt = rebuilt()
        try await takeLive(connection)
        let live = self.rebuilt()
        let stated = try await stated(rebuilt, at: size, connection)
        return [
            ProjectionMapReport(log: log, size: size, rebuilt: rebuilt, live: live, stated: stated)
        ]
    }

    /// What the last statement says of a map at a size of the log of facts.
    private func stated(
        _ map: MapStatement.Map,
        at size: Int64,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> ProjectionMapReport.Statement {
        let record = try await connection.firstRow(
            Statement(
                "rebuild_last_statement",
                "select record from ledger.event where log_id = $1 order by position desc limit 1",
                .int4(log.map.id)
            )
        ) { result, row throws(PostgresError) in try result.bytes(row, 0) }
        guard let record, let statement = try? MapStatement(record),
            statement.facts.size == Int(size)
        else { return .none }
        return statement.states == map ? .same : .different
    }
}

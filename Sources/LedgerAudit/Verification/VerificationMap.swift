internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Synchronization

/// Makes the map of states anew, as it must have been at the checkpoint that the last statement names.
///
/// Several workers put in whom they have folded.
final class VerificationMap: Sendable {
    /// Whose users it is of.
    let facts: Log
    /// What the log of maps says last.
    let statement: MapStatement
    /// Where it says so.
    let position: Int64
    private let clientIDs: [UInt128: String]
    private let map = Mutex(MerkleMap())

    /// Events from this position on came after the statement.
    var end: Int64 { Int64(statement.facts.size) }

    private init(
        _ facts: Log,
        _ statement: MapStatement,
        at position: Int64,
        clientIDs: [UInt128: String]
    ) {
        self.facts = facts
        self.statement = statement
        self.position = position
        self.clientIDs = clientIDs
    }

    /// Takes the last statement before a size of a log of maps; nil where there is none, or none that can
    /// be read.
    static func read(
        _ log: Log,
        before size: Int64,
        clientIDs: [UInt128: String],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> VerificationMap? {
        let last = try await connection.firstRow(
            Statement(
                "verify_last_statement",
                """
                select position, record from ledger.event
                where log_id = $1 and position < $2 order by position desc limit 1
                """,
                .int4(log.id),
                .int8(size)
            )
        ) { result, row throws(PostgresError) in
            (position: try result.int8(row, 0), record: try result.bytes(row, 1))
        }
        guard let last, let statement = try? MapStatement(last.record) else { return nil }
        return VerificationMap(log.facts, statement, at: last.position, clientIDs: clientIDs)
    }

    /// Takes what the log tells of users at the statement's checkpoint.
    func take(_ folded: [FoldedSubject]) {
        for subject in folded where subject.logID == facts.id {
            guard let state = subject.state(before: end),
                let clientID = clientIDs[subject.app.value]
            else { continue }
            let key = MapKey.state(
                origin: statement.facts.origin,
                clientID: clientID,
                subject: subject.subject
            )
            map.withLock { $0.set(state.value, for: key) }
        }
    }

    /// Whether that is what was stated.
    var isAsStated: Bool {
        map.withLock { map in
            map.nextCount == statement.states.count && map.nextRoot() == statement.states.root
        }
    }
}

extension FoldedSubject {
    /// What the map of states holds of the user at a size of the log; nil where it holds nothing.
    func state(before end: Int64) -> MapState? { position < end ? current : atBound }

    /// The same after all that was folded.
    var current: MapState? {
        isOfNobody ? nil : mapState(state.encoded())
    }

    /// The same, with the state as it is encoded.
    func mapState(_ encoded: [UInt8]) -> MapState {
        MapState(
            version: state.version,
            position: position,
            record: MerkleHash(leaf: newest),
            state: encoded
        )
    }
}

extension VerificationRow {
    /// Which columns say something else than the statement in the row, which is no event.
    func flaws(of statement: MapStatement) -> [VerificationFlaw] {
        let columns: [(VerificationFlaw.Column, Bool)] = [
            (.appID, app == 0), (.subject, subject == nil), (.subjectVersion, version == nil),
            (.type, type?.utf8.elementsEqual("map.rooted".utf8) == true),
            (.recordedAt, time == Int64(statement.time) * 1_000_000),
        ]
        return columns.filter { !$0.1 }.map { .columnDiffers($0.0) }
    }
}

extension VerificationLog {
    /// Finds statements of a stretch that name a checkpoint of the facts which is not there, or one of
    /// another deployment's facts.
    ///
    /// Checkpoints that are there are compared with the records themselves.
    func flaws(
        of statements: [(position: Int64, statement: MapStatement)],
        _ reader: PostgresConnection
    ) async throws(PostgresError) -> [VerificationReport.Finding] {
        guard !statements.isEmpty else { return [] }
        let stored = try await reader.rows(
            Statement(
                "verify_stated_checkpoints",
                "select size, root from ledger.checkpoint where log_id = $1 and size = any ($2)",
                .int4(Log(id: logID)?.facts.id),
                .int8Array(Array(Set(statements.map { Int64($0.statement.facts.size) })))
            )
        ) { result, row throws(PostgresError) in
            (try result.int8(row, 0), MerkleHash(try result.bytes(row, 1)))
        }
        let roots = Dictionary(stored) { first, _ in first }
        var findings: [VerificationReport.Finding] = []
        for (position, statement) in statements {
            let facts = statement.facts
            if roots[Int64(facts.size)] != facts.root
                || factsOrigin.map({ !$0.isIdentical(to: facts.origin) }) ?? false
            {
                findings.append(.init(logID, position, .statementUnfounded))
            }
        }
        return findings
    }
}

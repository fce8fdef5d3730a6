internal import Ledger
internal import Postgres
internal import Vault

/// What the projection says of a user, in `vault.user_state` or as the fold gives it.
struct UserStateRow: Sendable, Equatable {
    /// The projection's columns in the order in which `row` gives them.
    ///
    /// The first three say whose they are. The table's further columns are the vault's.
    static let columns = """
        log_id, app_id, subject, subject_version, changed_at, status, access_token_version, \
        public_token_version, settle_at, state, state_mac
        """

    let logID: Int32
    let app: UInt128
    let subject: UInt128
    let version: Int64
    /// Nil for what only tampering writes: a time that is not finite.
    let changedAt: Int64?
    let status: String
    let accessTokenVersion: Int64?
    let publicTokenVersion: Int64?
    let settleAt: Int64?
    /// Bytes, since Swift's strings are equal where Unicode says so.
    let state: [UInt8]
    /// Nil too where nobody can say what it must be.
    var mac: [UInt8]?

    /// The row that a story must have; without the vault nobody can make its MAC.
    init(_ folded: FoldedSubject, _ vault: Vault?) {
        logID = folded.logID
        app = folded.app.value
        subject = folded.subject.value
        version = folded.state.version
        changedAt = folded.changedAt.microseconds
        status = folded.state.status.rawValue
        accessTokenVersion = folded.state.accessToken?.version
        publicTokenVersion = folded.state.publicToken?.version
        settleAt = folded.state.settleAt?.microseconds
        state = folded.state.encoded()
        mac = vault?.mac(
            ofState: state,
            for: ValueOwner(logID: logID, app: folded.app, subject: folded.subject)
        )
    }

    private init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        logID = try result.int4(row, 0)
        app = try result.uuid(row, 1)
        subject = try result.uuid(row, 2)
        version = try result.int8(row, 3)
        changedAt = try? result.timestamptz(row, 4)
        status = try result.text(row, 5)
        accessTokenVersion = try result.int8OrNil(row, 6)
        publicTokenVersion = try result.int8OrNil(row, 7)
        settleAt = Self.settleAt(result, row)
        state = Array(try result.text(row, 9).utf8)
        mac = try result.bytesOrNil(row, 10)
    }

    /// What only tampering writes, a time that is not finite, is a time that the fold never gives.
    private static func settleAt(_ result: borrowing PostgresResult, _ row: Int) -> Int64? {
        do {
            return try result.timestamptzOrNil(row, 8)
        } catch {
            return .min
        }
    }

    /// The row as PostgreSQL has it.
    var row: PostgresRow {
        PostgresRow(
            .int4(logID),
            .uuid(app),
            .uuid(subject),
            .int8(version),
            .timestamptz(microsecondsSince1970: changedAt),
            .text(status),
            .int8(accessTokenVersion),
            .int8(publicTokenVersion),
            .timestamptz(microsecondsSince1970: settleAt),
            .json(state),
            .bytea(mac)
        )
    }

    /// The stored rows of subjects, by subject.
    static func rows(
        of folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: UserStateRow] {
        let rows = try await connection.rows(
            Statement(
                "verify_projection",
                """
                select s.log_id, s.app_id, s.subject, s.subject_version, s.changed_at, s.status,
                    s.access_token_version, s.public_token_version, s.settle_at, s.state,
                    s.state_mac
                from unnest($1::int[], $2::uuid[], $3::uuid[]) as f (log_id, app_id, subject)
                join vault.user_state s
                    on s.log_id = f.log_id and s.app_id = f.app_id and s.subject = f.subject
                """,
                .int4Array(folded.map(\.logID)),
                .uuidArray(folded.map(\.app.value)),
                .uuidArray(folded.map(\.subject.value))
            )
        ) { result, row throws(PostgresError) in
            (try result.uuid(row, 2), try UserStateRow(result, row))
        }
        // A subject may have been given rows of two logs or apps by whoever forged one.
        return Dictionary(rows) { _, last in last }
    }
}

internal import Ledger
internal import Postgres
internal import Vault

/// Reads users, many at a time.
final class UserReader: Sendable {
    struct Question: Sendable {
        let log: Log
        let app: Identifier
        let fingerprint: Fingerprint?
        let subject: Identifier?
    }

    struct Answer: Sendable {
        let subject: Identifier
        let state: [UInt8]
        let wrappedKey: [UInt8]?
        let sealed: [ValueKind: [UInt8]]
    }

    private let batcher: Batcher<Question, Answer?>
    private let bulk: StoreDatabase

    /// `bulk` is for those who read many at once.
    init(database: StoreDatabase, bulk: StoreDatabase) {
        self.bulk = bulk
        batcher = Batcher(
            batchMax: StoreLimits.batchUsersMax,
            queueMax: StoreLimits.queuedCommandsMax,
            queueTimeMax: database.pool.waitMax,
            workerCount: StoreLimits.userReadersMax,
            furtherBatchMin: StoreLimits.furtherReadMin
        ) { await Self.read($0, database) }
    }

    func read(_ question: Question) async throws(StoreError) -> Answer? {
        try await batcher.submit(question)
    }

    /// Reads many users for one caller; the caller bounds their number.
    func readAll(_ questions: [Question]) async -> [Result<Answer?, StoreError>] {
        questions.isEmpty ? [] : await Self.read(questions, bulk)
    }

    var isCrowded: Bool { batcher.isCrowded() }

    func run() async { await batcher.run() }

    func close() { batcher.close() }

    private static func read(
        _ questions: [Question],
        _ database: StoreDatabase
    ) async -> [Result<Answer?, StoreError>] {
        do {
            let answers = try await database.query(statement(questions)) {
                result throws(PostgresError) in
                var answers = [Answer?](repeating: nil, count: questions.count)
                for row in 0..<result.rowCount {
                    answers[Int(try result.int8(row, 0)) - 1] = try answer(result, row)
                }
                return answers
            }
            return answers.map { .success($0) }
        } catch {
            return questions.map { _ in .failure(error) }
        }
    }

    static func statement(_ questions: [Question]) -> Statement {
        Statement(
            "read_users",
            """
            select number, user_subject, state, wrapped_key, access_token, public_token, human_id,
                client_user_id
            from vault.read_users($1, $2, $3, $4)
            """,
            .int4Array(questions.map(\.log.id)),
            .uuidArray(questions.map(\.app.value)),
            .byteaArray(questions.map { $0.fingerprint?.bytes }),
            .uuidArray(questions.map { $0.subject?.value })
        )
    }

    private static func answer(
        _ result: borrowing PostgresResult,
        _ row: Int
    ) throws(PostgresError) -> Answer {
        var sealed: [ValueKind: [UInt8]] = [:]
        sealed[.accessToken] = try result.bytesOrNil(row, 4)
        sealed[.publicToken] = try result.bytesOrNil(row, 5)
        sealed[.humanID] = try result.bytesOrNil(row, 6)
        sealed[.clientUserID] = try result.bytesOrNil(row, 7)
        return Answer(
            subject: Identifier(value: try result.uuid(row, 1)),
            state: Array(try result.text(row, 2).utf8),
            wrappedKey: try result.bytesOrNil(row, 3),
            sealed: sealed
        )
    }
}

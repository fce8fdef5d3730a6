internal import Ledger
internal import Measures
internal import Postgres
internal import Traces
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
        /// The user's version, as its column says.
        let version: Int64
        let state: [UInt8]
        let stateMAC: [UInt8]?
        let wrappedKey: [UInt8]?
        let sealed: SealedValues
    }

    private let batcher: Batcher<Question, Answer?>

    init(queueTimeMax: Duration, _ databases: StoreDatabases) {
        batcher = Batcher(
            batchMax: StoreLimits.batchUsersMax,
            queueMax: StoreLimits.queuedCommandsMax,
            queueTimeMax: queueTimeMax,
            workerCount: StoreLimits.userReadersMax,
            furtherBatchMin: StoreLimits.furtherReadMin
        ) { await Self.read($0, databases) }
    }

    func read(_ question: Question) async throws(StoreError) -> Answer? {
        try await Trace.batched("read_users") { () async throws(StoreError) in
            // A call reads one log.
            try await batcher.submit(question, company: Int(question.log.id))
        }
    }

    /// Reads many users for one caller; the caller bounds their number.
    static func readAll(
        _ questions: [Question],
        _ databases: StoreDatabases
    ) async -> [Result<Answer?, StoreError>] {
        var answers = [Result<Answer?, StoreError>](
            repeating: .success(nil),
            count: questions.count
        )
        for places in Dictionary(grouping: questions.indices, by: { questions[$0].log }).values {
            let read = await read(places.map { questions[$0] }, databases)
            for (place, answer) in zip(places, read) { answers[place] = answer }
        }
        return answers
    }

    var isCrowded: Bool { batcher.isCrowded() }

    /// Adds how many wait, for all readers together, to a page of metrics.
    static func fill(_ page: inout MetricPage, _ readers: [UserReader]) {
        let figures = readers.map(\.batcher.figures)
        page.add(.waitingReads, figures.reduce(0) { $0 + $1.waiting })
        page.add(.waitingReadsMax, figures.reduce(0) { $0 + $1.waitingMax })
    }

    func run() async { await batcher.run() }

    func close() { batcher.close() }

    private static func read(
        _ questions: [Question],
        _ databases: StoreDatabases
    ) async -> [Result<Answer?, StoreError>] {
        guard let log = questions.first?.log else { return [] }
        do {
            let answers = try await databases[log].query(statement(questions)) {
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

    /// Asks for users of the log of the first question, which must be that of all.
    static func statement(_ questions: [Question]) -> Statement {
        Statement(
            "read_users",
            """
            select number, user_subject, subject_version, state, state_mac, wrapped_key,
                access_token, public_token, human_id, client_user_id
            from vault.read_users($1, $2, $3, $4)
            """,
            .int4(questions.first?.log.id),
            .uuidArray(questions.map(\.app.value)),
            .byteaArray(questions.map { $0.fingerprint?.bytes }),
            .uuidArray(questions.map { $0.subject?.value })
        )
    }

    private static func answer(
        _ result: borrowing PostgresResult,
        _ row: Int
    ) throws(PostgresError) -> Answer {
        var sealed = SealedValues()
        sealed[.accessToken] = try result.bytesOrNil(row, 6)
        sealed[.publicToken] = try result.bytesOrNil(row, 7)
        sealed[.humanID] = try result.bytesOrNil(row, 8)
        sealed[.clientUserID] = try result.bytesOrNil(row, 9)
        return Answer(
            subject: Identifier(value: try result.uuid(row, 1)),
            version: try result.int8(row, 2),
            state: try result.textBytes(row, 3),
            stateMAC: try result.bytesOrNil(row, 4),
            wrappedKey: try result.bytesOrNil(row, 5),
            sealed: sealed
        )
    }
}

extension MetricFamily {
    fileprivate static let waitingReads = gauge(
        "token_ledger_waiting_user_reads",
        "Reads of users that wait for the next statement"
    )
    fileprivate static let waitingReadsMax = gauge(
        "token_ledger_waiting_user_reads_max",
        "How many reads of users may wait; more are refused"
    )
}

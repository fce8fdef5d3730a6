package import Ledger
package import Postgres
internal import Vault

/// Problems of some users and endpoints of a log, and what that tells of them next.
package struct ProblemBatch: Sendable {
    package let log: Log
    package private(set) var folds: [ProblemPlace: ProblemFold]

    /// Takes them up where they are.
    package init(_ log: Log, _ places: some Sequence<ProblemPlace>, _ known: [StoredProblem]) {
        self.log = log
        folds = Dictionary(places.map { ($0, ProblemFold()) }) { first, _ in first }
        let byPlace = Dictionary(grouping: known) {
            ProblemPlace(app: $0.app, about: $0.problem.name.about)
        }
        for (place, problems) in byPlace { folds[place] = ProblemFold(problems.map(\.problem)) }
    }

    /// Takes the next record into account.
    package mutating func apply(_ record: Record, at position: Int64, in place: ProblemPlace) {
        folds[place, default: ProblemFold()].apply(record, at: position)
    }

    /// The rows that there must be.
    package var rows: [StoredProblem] {
        folds.flatMap { place, fold in
            fold.problems.values.map { StoredProblem(app: place.app, problem: $0) }
        }
    }

    /// Writes them, where the log was folded up to `known`; false, and nothing is written, elsewhere.
    ///
    /// Without a secret the rights of the owner are needed.
    package func statement(from known: Int64, to next: Int64, secret: [UInt8]?) -> Statement {
        let places = Array(folds.keys)
        return Statement(
            "record_problems",
            "select ledger.record_problems($1, $2, $3, $4, $5, $6::ledger.problem[], $7)",
            .int4(log.id),
            .int8(known),
            .int8(next),
            .uuidArray(places.map(\.app.value)),
            .uuidArray(places.map(\.about.value)),
            .rowArray(rows.map(\.row)),
            .bytea(secret)
        )
    }
}

/// What came of folding a stretch of the log.
enum ProblemStep: Sendable, Equatable {
    /// Nothing has come.
    case nothing
    /// The whole log is folded now.
    case atEnd
    /// So far; there is more.
    case folded
    /// Another copy of the service was faster.
    case overtaken
}

extension LedgerStore {
    /// Folds the next stretch of a log of facts; bounded.
    ///
    /// Position and rows are written in one transaction, so who is killed before or after it leaves what
    /// the log gives up to there.
    func foldProblems(
        _ log: Log,
        eventsMax: Int = StoreLimits.problemEventsMax,
        positionsMax: Int64 = StoreLimits.scannedEventsMax
    ) async throws(StoreError) -> ProblemStep {
        let (known, size) = try await problemProgress(log)
        guard known < size else { return .nothing }
        let end = min(size, known + positionsMax)
        let events = try await problemEvents(log, known..<end, limit: eventsMax)
        let next = events.count < eventsMax ? end : events[eventsMax - 1].position + 1
        var told: [(place: ProblemPlace, record: Record, position: Int64)] = []
        for event in events {
            guard let record = try event.genuineRecord(), let about = ProblemFold.about(record)
            else { continue }
            told.append((ProblemPlace(app: event.app, about: about), record, event.position))
        }
        let places = Set(told.map(\.place))
        var batch = ProblemBatch(
            log,
            places,
            places.isEmpty ? [] : try await problems(at: Array(places), log)
        )
        for (place, record, position) in told { batch.apply(record, at: position, in: place) }
        return try await record(batch, from: known, to: next)
            ? (next < size ? .folded : .atEnd) : .overtaken
    }

    /// Folds what has come to a log, for who changes something and wants to see at once what he has done.
    ///
    /// - Throws: `StoreError.overloaded` where that is much: what the rows say is not how it is.
    package func catchUpProblems(
        _ log: Log,
        stepsMax: Int = StoreLimits.problemCatchUpSteps
    ) async throws(StoreError) {
        for _ in 0..<stepsMax {
            let step = try await foldProblems(log)
            if step == .nothing || step == .atEnd { return }
        }
        throw .overloaded
    }

    /// The events of a stretch that say anything of a problem.
    private func problemEvents(
        _ log: Log,
        _ positions: Range<Int64>,
        limit: Int
    ) async throws(StoreError) -> [StoredEvent] {
        try await bulk[log].rows(
            Statement(
                "problem_events",
                """
                select log_id, position, record, mac, event_id, app_id, subject, subject_version
                from ledger.event
                where log_id = $1 and position >= $2 and position < $3 and type = any ($4)
                order by position limit $5
                """,
                .int4(log.id),
                .int8(positions.lowerBound),
                .int8(positions.upperBound),
                .textArray(ProblemFold.types),
                .int8(Int64(limit))
            ),
            decode
        )
    }

    private func record(
        _ batch: ProblemBatch,
        from known: Int64,
        to next: Int64
    ) async throws(StoreError) -> Bool {
        do {
            return try await bulk[batch.log].retried(
                batch.statement(from: known, to: next, secret: vault.databaseSecret)
            ) { result throws(PostgresError) in try result.bool(0, 0) }
        } catch {
            throw StoreError(error)
        }
    }
}

internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Makes the rows of problems anew where they are not what the log gives.
///
/// Written like by the service: under the position up to which the log was folded, and anew when the
/// service has moved that meanwhile. So nobody waits for it.
struct ProblemMending: Sendable {
    /// How often rows are made anew because the service was faster.
    private static let triesMax = 100
    /// How many positions of the log one read goes over.
    private static let positionsMax: Int64 = 50_000

    private let connection: PostgresConnection
    private let vault: Vault?
    private let comparison: ProblemComparison
    /// Of how many users and endpoints rows were wrong.
    private(set) var mended: Int64 = 0

    init(_ log: Log, _ connection: PostgresConnection, vault: Vault?) {
        self.connection = connection
        self.vault = vault
        comparison = ProblemComparison(log: log, connection: connection, vault: vault)
    }

    /// Mends those of users of the log whose stories were just folded.
    mutating func mend(_ folded: [FoldedSubject]) async throws {
        var wrong = try await wrong(folded, at: try await comparison.progress())
        var tries = 0
        while !wrong.isEmpty {
            guard tries < Self.triesMax else { throw VerificationFailure.problemsMove }
            tries += 1
            // Something may have been appended or folded meanwhile: they are looked at again.
            let known = try await comparison.progress()
            let fold = SubjectFold(connection, vault: vault)
            let again = try await fold.run(only: wrong.map(\.about))
            wrong = try await self.wrong(again, at: known)
            let events = again.problemEvents(in: comparison.log).filter { wrong.contains($0.key) }
            if try await write(events, at: known) {
                mended += Int64(wrong.count)
                return
            }
        }
    }

    private func wrong(
        _ folded: [FoldedSubject],
        at position: Int64
    ) async throws(PostgresError) -> Set<ProblemPlace> {
        try await comparison.differing(folded.problemEvents(in: comparison.log), at: position)
    }

    /// Mends those of endpoints, rows of nobody, and the numbers.
    mutating func mendOthers() async throws {
        var events: [ProblemPlace: [ProblemEvent]] = [:]
        var read: Int64 = 0
        for attempt in 0... {
            guard attempt < Self.triesMax else { throw VerificationFailure.problemsMove }
            let known = try await comparison.progress()
            while read < known {
                let end = min(known, read + Self.positionsMax)
                for event in try await comparison.endpointEvents(read..<end) {
                    events[event.place, default: []].append(event)
                }
                read = end
            }
            var wrong = events.filter { _ in false }
            for place in try await comparison.differing(events, at: known) {
                wrong[place] = events[place]
            }
            for place in try await ofNobody(Set(events.keys)) { wrong[place] = [] }
            let hasRightCounts = try await comparison.hasRightCounts()
            if wrong.isEmpty, hasRightCounts { return }
            guard try await write(wrong, at: known) else { continue }
            mended += Int64(wrong.count)
            try await connection.script(recount)
            return
        }
    }

    private func ofNobody(
        _ endpoints: Set<ProblemPlace>
    ) async throws(PostgresError) -> [ProblemPlace] {
        var places: [ProblemPlace] = []
        var last: ProblemPlace?
        while true {
            let page = try await comparison.ofNobody(after: last, endpoints: endpoints)
            places += page.places
            guard page.last != nil else { return places }
            last = page.last
        }
    }

    private var recount: String {
        """
        begin;
        select 1 from ledger.problem_progress where log_id = \(comparison.log.id) for update;
        delete from ledger.problem_count where log_id = \(comparison.log.id);
        insert into ledger.problem_count (log_id, app_id, kind, state, count)
        select log_id, app_id, kind, state, count(*) from ledger.problem
        where log_id = \(comparison.log.id) group by log_id, app_id, kind, state;
        commit;
        """
    }

    /// Writes what the events give; false when the service has folded more of the log meanwhile.
    private func write(
        _ events: [ProblemPlace: [ProblemEvent]],
        at known: Int64
    ) async throws(PostgresError) -> Bool {
        var batch = ProblemBatch(comparison.log, events.keys, [])
        for event in events.values.joined() where event.position < known {
            batch.apply(event.record, at: event.position, in: event.place)
        }
        return try await connection.query(batch.statement(from: known, to: known, secret: nil)) {
            result throws(PostgresError) in try result.bool(0, 0)
        }
    }
}

extension [FoldedSubject] {
    /// What their stories say of problems, of those that are users of a log of facts.
    func problemEvents(in log: Log) -> [ProblemPlace: [ProblemEvent]] {
        var events: [ProblemPlace: [ProblemEvent]] = [:]
        for folded in self where folded.logID == log.id {
            let place = ProblemPlace(app: folded.app, about: folded.subject)
            events[place, default: []] += folded.problemEvents
        }
        return events
    }
}

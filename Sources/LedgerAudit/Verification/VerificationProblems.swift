internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Synchronization
internal import Vault

/// Compares the rows of problems that are about endpoints, or about nobody, with the events.
///
/// Those of users are compared as their stories are folded.
final class VerificationProblems: Sendable {
    private let events = Mutex<[ProblemEvent]>([])
    /// Tells which records the service wrote; others say nothing.
    private let macs: Vault?

    init(macs: Vault?) {
        self.macs = macs
    }

    /// Takes a row of the log of facts, if it is about an endpoint.
    func take(_ row: VerificationRow) {
        guard row.subject == nil, let app = row.app, let type = row.type,
            ProblemFold.types.contains(type)
        else { return }
        if let macs, !row.isWritten(by: macs, logID: Log.facts.id) { return }
        guard let record = try? Record(decoding: row.record),
            let about = ProblemFold.about(record)
        else { return }
        let event = ProblemEvent(
            place: ProblemPlace(app: Identifier(value: app), about: about),
            position: row.position,
            record: record
        )
        events.withLock { $0.append(event) }
    }

    /// Compares those of the logs of facts within one snapshot, in which the connection is, with what was appended
    /// to the first of them since its head was read, which was at `size`.
    func check(
        _ logs: [Log],
        _ connection: PostgresConnection,
        from size: Int64,
        _ report: inout VerificationReport
    ) async throws {
        for log in logs where log != .facts {
            // Endpoints have their problems in the log of administration.
            let comparison = ProblemComparison(log: log, connection: connection, vault: macs)
            try await checkRest(comparison, endpoints: [], &report)
        }
        let comparison = ProblemComparison(log: .facts, connection: connection, vault: macs)
        let known = try await comparison.progress()
        let head = events.withLock { $0.sorted { $0.position < $1.position } }
        let tail = try await comparison.endpointEvents(size..<max(size, known))
        let events = Dictionary(grouping: head + tail, by: \.place)
        for place in try await comparison.differing(events, at: known) {
            report.add(Log.facts.id, nil, .problemsDiffer(about: place.about))
        }
        try await checkRest(comparison, endpoints: Set(events.keys), &report)
    }

    /// Rows of nobody, and the numbers.
    private func checkRest(
        _ comparison: ProblemComparison,
        endpoints: Set<ProblemPlace>,
        _ report: inout VerificationReport
    ) async throws {
        var last: ProblemPlace?
        while true {
            let page = try await comparison.ofNobody(after: last, endpoints: endpoints)
            for place in page.places {
                report.add(comparison.log.id, nil, .problemsDiffer(about: place.about))
            }
            guard page.last != nil else { break }
            last = page.last
        }
        if try await !comparison.hasRightCounts() {
            report.add(comparison.log.id, nil, .problemCountsDiffer)
        }
    }
}

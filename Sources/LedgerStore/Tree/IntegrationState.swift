internal import Ledger
internal import Measures

/// How the integration of one log goes.
struct IntegrationState: Sendable {
    /// When the last look ended well, or records were read.
    var progress: ContinuousClock.Instant
    /// What does not fit; stays until the service is started anew.
    var alarm: IntegrationAlarm?
    /// That witnesses are away, once that lasts.
    var outage: String?
    /// Why the last look failed.
    var problem: String?

    /// How many records are known that the service did not write; nil until the log was read once.
    private var forgedKnown: Int64?
    /// How many of them came since then: nobody can take those from before out of the log.
    private var forgedSince: Int64 = 0

    /// How many records there were at the last look; nil before the first.
    private var size: Int64?
    /// The last checkpoint that is stored.
    private var checkpoint: (size: Int64, publishedAt: Timestamp)?
    /// Sizes of the log that no checkpoint covers, and when they were seen first, in order.
    private var seen: [(size: Int64, at: ContinuousClock.Instant)] = []

    /// How many sizes are kept.
    private static let seenMax = 256

    init(start: ContinuousClock.Instant) {
        progress = start
    }

    /// Takes how far the log and its checkpoints go.
    mutating func saw(
        size: Int64,
        checkpoint: (size: Int64, publishedAt: Timestamp)?,
        at now: ContinuousClock.Instant
    ) {
        if size > max(seen.last?.size ?? 0, checkpoint?.size ?? 0) { seen.append((size, now)) }
        seen.removeAll { $0.size <= checkpoint?.size ?? 0 }
        // The oldest stays: it says how late the checkpoint is.
        if seen.count > Self.seenMax { seen.remove(at: 1) }
        self.size = size
        self.checkpoint = checkpoint
    }

    mutating func succeeded(at now: ContinuousClock.Instant) {
        progress = now
        outage = nil
        problem = nil
    }

    /// Takes how many records are known that the service did not write, once a look at the log is over
    /// or, where it is not whole, has failed; whether that is news.
    mutating func take(forged count: Int64, isWhole: Bool) -> Bool {
        guard let known = forgedKnown else {
            guard isWhole else { return false }
            forgedKnown = count
            return count > 0
        }
        guard count > known else { return false }
        forgedKnown = count
        forgedSince += count - known
        return true
    }

    /// What is to be told: the worst, and whether somebody else writes.
    ///
    /// A standstill is one after `standstillMax` without progress.
    func conditions(
        of log: Log,
        at now: ContinuousClock.Instant,
        standstillMax: Duration
    ) -> [ReadinessCondition] {
        let worst = condition(of: log, at: now, standstillMax: standstillMax)
        return [worst, forgedSince > 0 ? .recordsForged(log, count: forgedSince) : nil]
            .compactMap { $0 }
    }

    private func condition(
        of log: Log,
        at now: ContinuousClock.Instant,
        standstillMax: Duration
    ) -> ReadinessCondition? {
        if let alarm { return .historyMismatch(log, alarm) }
        let silence = progress.duration(to: now)
        if silence > standstillMax {
            return .checkpointsStopped(
                log,
                seconds: silence.components.seconds,
                why: problem ?? "its last question to the database has no answer yet"
            )
        }
        return outage.map { .witnessesAway(log, why: $0) }
    }
}

extension IntegrationState {
    /// Adds how the log stands; what was not looked at yet is not there.
    func fill(_ page: inout MetricPage, _ log: Log, at now: ContinuousClock.Instant) {
        let own: MetricPage.Labels = ["log": log.name]
        for family in [MetricFamily.records, .checkpointRecords, .checkpointTime, .forged] {
            page.name(family)
        }
        page.add(.lookAge, progress.duration(to: now), own)
        page.add(.checkpointLag, seen.first.map { $0.at.duration(to: now) } ?? .zero, own)
        if let size { page.add(.records, Int(size), own) }
        if let forgedKnown { page.add(.forged, Int(forgedKnown), own) }
        guard let checkpoint else { return }
        page.add(.checkpointRecords, Int(checkpoint.size), own)
        let published = Double(checkpoint.publishedAt.microseconds) / 1e6
        page.add(.checkpointTime, published, own)
    }
}

extension MetricFamily {
    fileprivate static let records = gauge(
        "token_ledger_log_records",
        "Records in a log, which is the position of the next one"
    )
    fileprivate static let checkpointRecords = gauge(
        "token_ledger_checkpoint_records",
        "Records that the last checkpoint of a log covers"
    )
    fileprivate static let checkpointTime = gauge(
        "token_ledger_checkpoint_timestamp_seconds",
        "When the last checkpoint of a log was published, in seconds since 1970"
    )
    fileprivate static let checkpointLag = gauge(
        "token_ledger_checkpoint_lag_seconds",
        "For how long there have been records that no checkpoint covers; 0 when it covers all"
    )
    fileprivate static let lookAge = gauge(
        "token_ledger_integration_age_seconds",
        "How long ago the last look at a log ended well, or read records"
    )
    fileprivate static let forged = gauge(
        "token_ledger_forged_records",
        "Records in a log that the service did not write"
    )
}

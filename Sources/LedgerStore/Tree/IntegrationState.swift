internal import Ledger

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

    init(start: ContinuousClock.Instant) {
        progress = start
    }

    mutating func succeeded(at now: ContinuousClock.Instant) {
        progress = now
        outage = nil
        problem = nil
    }

    /// The worst that is to be told.
    ///
    /// A standstill is one after `standstillMax` without progress.
    func condition(
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

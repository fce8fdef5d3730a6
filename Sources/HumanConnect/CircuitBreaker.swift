/// Whether a host is worth calling, told from what became of the calls before.
///
/// It opens when calls fail one after the other, or hang together; then one call every
/// `probePause` is let through, until one is answered. Pure: the time comes in. It holds no
/// permits, so a caller that was let through and never called blocks nobody.
package struct CircuitBreaker: Sendable {
    /// Whether to call.
    package enum Admission: Sendable, Equatable {
        case allowed
        /// The next call is let through after this time.
        case refused(retryAfter: Duration)
    }

    /// What became of a call.
    enum Report: Sendable, Equatable {
        /// The host works, whatever it said.
        case answered
        /// No connection, no answer in time, or one that tells of a failure of the host's own.
        case failed
        /// The host named a time before which it wants no call.
        case askedToWait(Duration)
        /// The host works, and has had too many calls of this caller: others are none of its business.
        case askedOneToWait(Duration)
        /// It tells nothing of the host: the caller went away.
        case abandoned
    }

    /// The breaker's numbers.
    struct Limits: Sendable {
        /// So many failures in a row are no coincidence.
        var failuresMax = 3
        /// A failure is in a row with the one before if that is not older.
        var rowTimeMax: Duration = .seconds(60)
        /// A call without an answer for so long counts as failed while it goes on: a host that
        /// hangs would otherwise be noticed only when the first calls time out.
        var patience: Duration = .seconds(5)
        /// No call may take so long.
        ///
        /// One that did says that this process stood still meanwhile, and nothing of the host.
        var callTimeMax: Duration = .seconds(17)
        /// One call in this time finds out whether the host is back.
        var probePause: Duration = .seconds(10)
        /// What a host may ask for at most.
        var waitMax: Duration = .seconds(60)
    }

    /// One call that was begun.
    typealias CallNumber = UInt64

    private enum State {
        case closed(failures: Int, last: ContinuousClock.Instant?)
        case open(nextProbe: ContinuousClock.Instant)
    }

    private let limits: Limits
    private var state = State.closed(failures: 0, last: nil)
    private var pending: [CallNumber: ContinuousClock.Instant] = [:]
    private var nextNumber: CallNumber = 0
    /// What was begun before it and still hangs says nothing of the host.
    private var lastAnswer: ContinuousClock.Instant?

    init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Whether a call may be made now.
    ///
    /// While the breaker is open, `allowed` is said to one caller only, who is the probe.
    mutating func admit(at now: ContinuousClock.Instant) -> Admission {
        switch state {
        case .closed(let failures, let last):
            let overdue = pending.values.count { begin in
                (limits.patience..<limits.callTimeMax).contains(now - begin)
                    && (lastAnswer.map { begin > $0 } ?? true)
            }
            let inRow = isInRow(last, now) ? failures : 0
            guard inRow + overdue >= limits.failuresMax else { return .allowed }
            state = .open(nextProbe: now + limits.probePause)
            return admit(at: now)
        case .open(let nextProbe):
            guard now >= nextProbe else { return .refused(retryAfter: nextProbe - now) }
            state = .open(nextProbe: now + limits.probePause)
            return .allowed
        }
    }

    /// Whether only probes are let through.
    var isOpen: Bool {
        switch state {
        case .closed: false
        case .open: true
        }
    }

    /// Notes that a call begins.
    mutating func begin(at now: ContinuousClock.Instant) -> CallNumber {
        defer { nextNumber += 1 }
        pending[nextNumber] = now
        return nextNumber
    }

    /// Notes what became of it.
    mutating func end(_ call: CallNumber, _ report: Report, at now: ContinuousClock.Instant) {
        pending[call] = nil
        switch (report, state) {
        case (.abandoned, _): break
        case (.answered, _), (.askedOneToWait, _):
            state = .closed(failures: 0, last: nil)
            lastAnswer = now
        case (.askedToWait(let wait), _):
            state = .open(nextProbe: now + min(wait, limits.waitMax))
        case (.failed, .closed(let failures, let last)):
            let inRow = isInRow(last, now) ? failures + 1 : 1
            state =
                inRow < limits.failuresMax
                ? .closed(failures: inRow, last: now)
                : .open(nextProbe: now + limits.probePause)
        case (.failed, .open): break
        }
    }

    private func isInRow(
        _ last: ContinuousClock.Instant?,
        _ now: ContinuousClock.Instant
    ) -> Bool {
        last.map { now - $0 <= limits.rowTimeMax } ?? false
    }
}

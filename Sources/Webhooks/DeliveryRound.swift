internal import Ledger
internal import LedgerStore
internal import Synchronization

/// One round of attempts to deliver to an endpoint: what all its lanes go by.
final class DeliveryRound: Sendable {
    /// How the endpoint does.
    struct Health: Sendable, Equatable {
        /// How many attempts have failed in a row, but for messages that were refused.
        var failures = 0
        /// Whose messages were refused since one was taken.
        var refusedLanes: Set<Identifier> = []
        /// When it took an event last.
        var deliveredAt: Timestamp?
        /// After how many rounds in a row it was down.
        var downs = 0
        /// Until when it is left alone.
        var restsUntil: Timestamp?
        var isGone = false
        /// Whether it took a message again after it had counted as down.
        var isMended = false

        var isDown: Bool {
            failures >= DeliveryLimits.failuresMax
                || refusedLanes.count >= DeliveryLimits.refusedLanesMax
        }

        /// Takes what came of an attempt in a lane.
        mutating func take(_ answer: WebhookAnswer, of lane: Identifier, now: Timestamp) {
            guard answer.outcome != .delivered else {
                isMended = isMended || isDown
                (failures, downs, restsUntil) = (0, 0, nil)
                refusedLanes = []
                deliveredAt = now
                return
            }
            if answer.isOfMessage {
                refusedLanes.insert(lane)
            } else {
                failures += 1
            }
            isGone = isGone || answer.outcome == .gone
            if let wait = answer.retryAfter { rest(wait, now) }
        }

        /// A round is over: an endpoint that is down is left alone, longer each time.
        ///
        /// Failures side by side are one: it is the time that makes the difference.
        mutating func endRound(_ schedule: RetrySchedule, now: Timestamp) {
            guard isDown else { return }
            downs += 1
            let next = schedule.next(
                afterAttempts: downs,
                first: now,
                now: now,
                jitter: Double.random(in: 0...1)
            )
            let seconds = (next.microseconds - now.microseconds) / 1_000_000
            rest(min(seconds, DeliveryLimits.downPauseMax), now)
        }

        private mutating func rest(_ seconds: Int64, _ now: Timestamp) {
            guard seconds > 0 else { return }
            restsUntil = max(restsUntil ?? now, now.adding(seconds: seconds))
        }
    }

    private let state: Mutex<Health>
    private let schedule: RetrySchedule
    private let clock: @Sendable () -> Timestamp
    /// Whether another attempt may begin: the lease is held for long enough, and the round not too long.
    private let goesOn: @Sendable () -> Bool

    init(
        _ health: Health,
        schedule: RetrySchedule,
        clock: @escaping @Sendable () -> Timestamp,
        goesOn: @escaping @Sendable () -> Bool
    ) {
        var health = health
        health.isMended = false
        state = Mutex(health)
        self.schedule = schedule
        self.clock = clock
        self.goesOn = goesOn
    }

    /// How the endpoint does after all of it.
    func end() -> Health {
        let now = clock()
        return state.withLock { health in
            health.endRound(schedule, now: now)
            return health
        }
    }

    /// Sends the messages of a lane, one after the other, until one does not arrive; gives those that were
    /// attempted.
    func run(
        _ lane: [DeliveryQueue.Item],
        isProbe: Bool,
        send: (DeliveryQueue.Item) async -> (
            answer: WebhookAnswer, attempt: WebhookDelivery.Attempt
        )
    ) async -> [DeliveryQueue.Item] {
        var attempted: [DeliveryQueue.Item] = []
        for var item in lane {
            guard isProbe || mayAttempt, goesOn() else { break }
            let (answer, attempt) = await send(item)
            let now = clock()
            if answer.outcome == .unreadable {
                // Nothing that the endpoint could do anything about: the next one follows.
                item.delivery.take(attempt, next: nil)
                attempted.append(item)
                continue
            }
            let place = DeliveryQueue.lane(of: item.delivery)
            state.withLock { $0.take(answer, of: place, now: now) }
            item.delivery.take(attempt, next: next(item.delivery, answer, now))
            attempted.append(item)
            guard answer.outcome == .delivered else { break }
        }
        return attempted
    }

    /// Nobody goes on sending to an endpoint that is down, gone, or wants to be left alone.
    private var mayAttempt: Bool {
        state.withLock { !$0.isDown && !$0.isGone && $0.restsUntil == nil }
    }

    private func next(
        _ delivery: WebhookDelivery,
        _ answer: WebhookAnswer,
        _ now: Timestamp
    ) -> Timestamp {
        let usual = schedule.next(
            afterAttempts: Int(delivery.attemptCount) + 1,
            first: delivery.firstAttemptAt ?? now,
            now: now,
            jitter: Double.random(in: 0...1)
        )
        return max(usual, answer.retryAfter.map { now.adding(seconds: $0) } ?? usual)
    }
}

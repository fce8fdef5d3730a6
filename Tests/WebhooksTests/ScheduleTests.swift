import Ledger
import LedgerStore
import Testing
@testable import Webhooks

@Suite("when is tried again")
struct ScheduleTests {
    private static let start = Timestamp(microseconds: 1_795_356_396_000_000)

    @Test("pauses grow to eight hours, and end after three days", arguments: [0.0, 0.5, 1.0])
    func usual(jitter: Double) {
        let schedule = RetrySchedule.usual
        var now = Self.start
        var pauses: [Double] = []
        while !schedule.isOver(first: Self.start, now: now) {
            let next = schedule.next(
                afterAttempts: pauses.count + 1,
                first: Self.start,
                now: now,
                jitter: jitter
            )
            pauses.append(Double(next.microseconds - now.microseconds) / 1_000_000)
            now = next
        }
        #expect(now == Self.start.adding(seconds: 259_200))
        let part = 0.5 + jitter / 2
        #expect(pauses.prefix(4).elementsEqual([5, 20, 80, 320].map { $0 * part }))
        #expect(pauses.allSatisfy { $0 <= 28_800 })
        // The last one is cut so that it ends with the days.
        #expect((14...26).contains(pauses.count))
    }

    @Test("an endpoint is down after four failures in a row, and up again after one success")
    func health() {
        var health = DeliveryRound.Health()
        let refused = WebhookAnswer(outcome: .refused, status: 500, retryAfter: nil)
        let delivered = WebhookAnswer(outcome: .delivered, status: 200, retryAfter: nil)
        let lane = Identifier(value: UInt128(1))
        for _ in 0..<3 { health.take(refused, of: lane, now: Self.start) }
        health.endRound(.usual, now: Self.start)
        #expect(!health.isDown && health.restsUntil == nil)
        // Eight at once are no longer a failure than four.
        for _ in 0..<5 { health.take(refused, of: lane, now: Self.start) }
        health.endRound(.usual, now: Self.start)
        #expect(health.isDown && !health.isMended)
        let rest = health.restsUntil ?? Self.start
        #expect(rest > Self.start && rest <= Self.start.adding(seconds: 5))
        for _ in 0..<30 {
            health.take(refused, of: lane, now: Self.start)
            health.endRound(.usual, now: Self.start)
        }
        // However long it lasts, it is tried every hour.
        #expect(health.restsUntil.map { $0 <= Self.start.adding(seconds: 3_600) } == true)
        health.take(delivered, of: lane, now: Self.start)
        #expect(health.isMended && !health.isDown && health.restsUntil == nil)
    }

    @Test("messages that are refused say nothing of the endpoint, unless it refuses everybody's")
    func refusals() {
        var health = DeliveryRound.Health()
        let refused = WebhookAnswer(outcome: .refused, status: 404, retryAfter: nil)
        let lanes = (1...16).map { Identifier(value: UInt128($0)) }
        for lane in (0..<10).flatMap({ _ in lanes.prefix(4) }) {
            health.take(refused, of: lane, now: Self.start)
        }
        #expect(!health.isDown)
        for lane in lanes { health.take(refused, of: lane, now: Self.start) }
        #expect(health.isDown)
        health.take(WebhookAnswer(.delivered), of: lanes[0], now: Self.start)
        #expect(!health.isDown && health.isMended && health.deliveredAt == Self.start)
    }

    @Test("an endpoint that is down is tried with the message that was tried least, due or not")
    func probes() {
        var queue = DeliveryQueue()
        for number in 1...3 {
            var delivery = WebhookDelivery(
                id: Identifier(value: UInt128(number)),
                endpoint: Identifier(value: UInt128(9)),
                kind: .event,
                log: .facts,
                position: Int64(number),
                message: Identifier(value: UInt128(number)),
                subject: Identifier(value: UInt128(number)),
                type: "connect.launched",
                at: Self.start
            )
            let failed = WebhookDelivery.Attempt(
                time: Self.start,
                outcome: .refused,
                status: 500,
                milliseconds: 1
            )
            for _ in number..<3 {
                delivery.take(failed, next: Self.start.adding(seconds: 3_600))
            }
            queue.append(DeliveryQueue.Item(delivery: delivery, event: nil, isStored: true))
        }
        let probe = { queue.due(at: Self.start, messagesMax: 128, isProbe: true) }
        #expect(probe().map { $0.map(\.delivery.position) } == [[3]])
        #expect(queue.due(at: Self.start, messagesMax: 128, isProbe: false).count == 1)
    }

    @Test("Retry-After is read in both of its forms")
    func retryAfter() {
        let time = Timestamp("2026-10-21T07:28:00Z") ?? Self.start
        #expect(RetryAfter.seconds("120", at: time) == 120)
        #expect(RetryAfter.seconds("Wed, 21 Oct 2026 07:30:00 GMT", at: time) == 120)
        #expect(RetryAfter.seconds("Wed, 21 Oct 2026 07:00:00 GMT", at: time) == 0)
        #expect(RetryAfter.seconds("99999999999999999999", at: time) == 86_400)
        for text in ["", "-1", "soon", "1.5", "Wed, 21 Oct 2026 07:30:00"] {
            #expect(RetryAfter.seconds(text, at: time) == nil, "\(text)")
        }
    }
}

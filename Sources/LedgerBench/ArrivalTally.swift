/// What became of requests that arrived at a rate.
struct ArrivalTally: Sendable {
    /// What was planned.
    let arrivals: OpenLoad.Arrivals
    /// By the second in which they arrived.
    private(set) var seconds: [Second]
    /// Not sent, because no connection was free: the load was not offered.
    private(set) var unsent = 0
    /// Refused without a word on when to come again.
    private(set) var unhelpful = 0
    /// Another answer than 200, 201 and 503, a connection that was closed, no answer at all.
    private(set) var failed = 0
    /// How late requests were sent, in microseconds: what the generator itself lacked of the
    /// machine.
    private var delays: [Int] = []

    /// The answers to those who arrived within one second, by their times in microseconds.
    struct Second: Sendable {
        var accepted: [Int] = []
        var refused: [Int] = []
        /// Sent and answered by nothing of use.
        var failed = 0
    }

    /// Figures of one kind of answer.
    struct Figures: Sendable {
        let perSecond: Double
        let times: Measurement.Times
    }

    init(_ arrivals: OpenLoad.Arrivals) {
        self.arrivals = arrivals
        seconds = Array(repeating: Second(), count: arrivals.seconds)
    }

    mutating func noteUnsent() { unsent += 1 }

    mutating func noteSent(delay: Int) { delays.append(delay) }

    mutating func noteFailed(in second: Int) {
        failed += 1
        seconds[second].failed += 1
    }

    mutating func note(_ answer: AnswerHead, in second: Int, after microseconds: Int) {
        switch answer.status {
        case 200, 201: seconds[second].accepted.append(microseconds)
        case 503:
            seconds[second].refused.append(microseconds)
            if !answer.hasRetryAfter { unhelpful += 1 }
        default: noteFailed(in: second)
        }
    }

    /// What was sent a second.
    var offered: Double { Double(delays.count) / Double(arrivals.seconds) }

    var accepted: Figures { figures(seconds.flatMap(\.accepted)) }

    var refused: Figures { figures(seconds.flatMap(\.refused)) }

    var delay: Measurement.Times { figures(delays).times }

    /// The 99th percentile of what was accepted in each second, in milliseconds; nil for a second
    /// in which anything was refused or failed.
    var calmSeconds: [Double?] {
        seconds.map { second in
            guard second.refused.isEmpty, second.failed == 0 else { return nil }
            return Self.p99(second.accepted)
        }
    }

    /// The 99th percentile, in milliseconds.
    static func p99(_ microseconds: [Int]) -> Double {
        Measurement(name: "", clients: 1, seconds: 1, microseconds: microseconds).times?.p99 ?? 0
    }

    private func figures(_ microseconds: [Int]) -> Figures {
        let measurement = Measurement(
            name: arrivals.name,
            clients: 1,
            seconds: Double(arrivals.seconds),
            microseconds: microseconds
        )
        return Figures(
            perSecond: measurement.rate,
            times: measurement.times ?? Measurement.Times(p50: 0, p99: 0)
        )
    }
}

import Testing

@testable import LedgerAPI

@Suite("What is left to a caller", .timeLimit(.minutes(1)))
struct RateTableTests {
    private let now = ContinuousClock.now

    @Test("a burst is let in, then as many as come back, and each caller has its own")
    func refills() {
        let table = RateTable<String>(CallRate(perSecond: 2, burst: 3))
        #expect((0..<3).map { _ in table.take("a", at: now).left } == [2, 1, 0])
        let refused = table.take("a", at: now)
        #expect(!refused.isWithin)
        #expect(refused.wait == .milliseconds(500))
        #expect(table.take("b", at: now).isWithin)
        #expect(!table.hasRoom("a", at: now + .milliseconds(499)))
        #expect(table.hasRoom("a", at: now + .milliseconds(501)))
        #expect(table.take("a", at: now + .milliseconds(501)).isWithin)
        #expect(!table.take("a", at: now + .milliseconds(502)).isWithin)
        // Who was away for long has the burst again, and no more.
        #expect(
            (0..<4).map { _ in table.take("a", at: now + .seconds(60)).isWithin } == [
                true, true, true, false,
            ]
        )
    }

    @Test("a refused call takes nothing: who waits as told is let in")
    func refusalIsFree() {
        let table = RateTable<String>(CallRate(perSecond: 1, burst: 1))
        #expect(table.take("a", at: now).isWithin)
        for tenth in 1..<10 {
            #expect(!table.take("a", at: now + .milliseconds(100 * tenth)).isWithin)
        }
        #expect(table.take("a", at: now + .milliseconds(1_001)).isWithin)
    }

    @Test("those who called lately are known among many who come once")
    func bounded() {
        let table = RateTable<Int>(CallRate(perSecond: 0.001, burst: 2))
        _ = table.take(-1, at: now)
        for name in 0..<3 * RequestLimits.rateNamesMax {
            _ = table.take(name, at: now)
            if name == RequestLimits.rateNamesMax / 4 { #expect(table.take(-1, at: now).left == 0) }
        }
        // By then nobody remembers, and it begins anew.
        #expect(table.take(-1, at: now).left == 1)
    }
}

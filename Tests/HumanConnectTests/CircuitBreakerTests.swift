import Testing

@testable import HumanConnect

@Suite("the circuit breaker")
struct CircuitBreakerTests {
    private var breaker = CircuitBreaker()
    private var now = ContinuousClock.now

    private mutating func wait(_ duration: Duration) {
        now += duration
    }

    private mutating func admit() -> CircuitBreaker.Admission {
        breaker.admit(at: now)
    }

    /// A call that takes no time.
    private mutating func call(_ report: CircuitBreaker.Report) {
        breaker.end(breaker.begin(at: now), report, at: now)
    }

    private mutating func open() {
        for _ in 0..<3 { call(.failed) }
    }

    @Test("three failures in a row open it, two do not")
    mutating func opens() {
        call(.failed)
        call(.failed)
        #expect(admit() == .allowed)
        call(.failed)
        #expect(admit() == .refused(retryAfter: .seconds(10)))
        wait(.seconds(4))
        #expect(admit() == .refused(retryAfter: .seconds(6)))
    }

    @Test("an answer in between, or a minute, breaks the row; a caller who goes away does not")
    mutating func row() {
        for pause in 0..<2 {
            call(.failed)
            call(.failed)
            if pause == 0 { call(.answered) } else { wait(.seconds(61)) }
            call(.failed)
            #expect(admit() == .allowed)
            call(.answered)
        }
        call(.failed)
        call(.failed)
        call(.abandoned)
        call(.failed)
        #expect(admit() != .allowed)
    }

    @Test("while it is open, one caller in ten seconds is let through")
    mutating func probes() {
        open()
        var allowed: [Int] = []
        for second in 0..<300 {
            for _ in 0..<20 where admit() == .allowed {
                allowed.append(second)
                call(.failed)
                call(.failed)
            }
            wait(.seconds(1))
        }
        #expect(allowed == Array(stride(from: 10, to: 300, by: 10)))
    }

    @Test("a probe that is never made blocks nobody for longer than the next one")
    mutating func lostProbe() {
        open()
        wait(.seconds(10))
        #expect(admit() == .allowed)
        #expect(admit() == .refused(retryAfter: .seconds(10)))
        wait(.seconds(10))
        #expect(admit() == .allowed)
    }

    @Test("a probe that is answered closes it, for all and at once")
    mutating func closes() {
        open()
        wait(.seconds(10))
        #expect(admit() == .allowed)
        call(.answered)
        for _ in 0..<100 { #expect(admit() == .allowed) }
        call(.failed)
        call(.failed)
        #expect(admit() == .allowed, "the old failures are forgotten")
    }

    @Test("a host that hangs is noticed before its calls time out")
    mutating func hangs() {
        let calls = (0..<3).map { _ in breaker.begin(at: now) }
        wait(.seconds(4))
        #expect(admit() == .allowed)
        wait(.seconds(1))
        #expect(admit() == .refused(retryAfter: .seconds(10)))
        breaker.end(calls[0], .answered, at: now)
        #expect(admit() == .allowed, "it was slow, and works")
    }

    @Test("calls that hang while others are answered say nothing of the host")
    mutating func someHang() {
        for _ in 0..<10 { _ = breaker.begin(at: now) }
        wait(.seconds(1))
        call(.answered)
        wait(.seconds(10))
        #expect(admit() == .allowed)
        for _ in 0..<3 { _ = breaker.begin(at: now) }
        wait(.seconds(5))
        #expect(admit() != .allowed)
    }

    @Test("calls that took longer than any may tell of ourselves: we stood still")
    mutating func stoodStill() {
        let calls = (0..<3).map { _ in breaker.begin(at: now) }
        wait(.seconds(25))
        #expect(admit() == .allowed)
        for call in calls { breaker.end(call, .abandoned, at: now) }
        #expect(admit() == .allowed)
    }

    @Test("a host is left alone for as long as it asks, within a minute")
    mutating func retryAfter() {
        call(.askedToWait(.seconds(30)))
        #expect(admit() == .refused(retryAfter: .seconds(30)))
        wait(.seconds(30))
        #expect(admit() == .allowed)
        call(.answered)
        call(.askedToWait(.seconds(86_400)))
        #expect(admit() == .refused(retryAfter: .seconds(60)))
    }
}

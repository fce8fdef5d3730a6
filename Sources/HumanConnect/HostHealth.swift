internal import Synchronization

/// The circuit breakers of all hosts that were called, by base URL.
///
/// Base URLs are configuration, so there are few.
final class HostHealth: Sendable {
    private let limits: CircuitBreaker.Limits
    private let breakers = Mutex<[String: CircuitBreaker]>([:])

    init(limits: CircuitBreaker.Limits) {
        self.limits = limits
    }

    func admit(_ base: String) -> CircuitBreaker.Admission {
        change(base) { $0.admit(at: .now) }
    }

    func begin(_ base: String) -> CircuitBreaker.CallNumber {
        change(base) { $0.begin(at: .now) }
    }

    func end(
        _ call: CircuitBreaker.CallNumber,
        _ base: String,
        _ report: CircuitBreaker.Report
    ) {
        change(base) { $0.end(call, report, at: .now) }
    }

    /// How many hosts are known, and how many of them are not called now.
    var counts: (known: Int, away: Int) {
        breakers.withLock { ($0.count, $0.values.count(where: \.isOpen)) }
    }

    private func change<Value: Sendable>(
        _ base: String,
        _ body: (inout CircuitBreaker) -> Value
    ) -> Value {
        breakers.withLock { breakers in
            body(&breakers[base, default: CircuitBreaker(limits: limits)])
        }
    }
}

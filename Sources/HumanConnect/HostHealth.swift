internal import Synchronization

/// The circuit breakers of all hosts that were called, by base URL, and which apps they want to wait.
///
/// Apps share hosts. What a host says of one app's calls, 429, keeps that app from calling it and no
/// other; whoever may bring forged sessions in under one app would stop all the others otherwise.
final class HostHealth: Sendable {
    /// Whose call it is, and to where.
    struct Caller: Hashable, Sendable {
        let base: String
        let clientID: String
    }

    private struct State {
        /// Base URLs are configuration, so there are few.
        var breakers: [String: CircuitBreaker] = [:]
        /// Until when a host wants no call of an app; who has waited is forgotten.
        var waits: [Caller: ContinuousClock.Instant] = [:]
    }

    private let limits: CircuitBreaker.Limits
    private let state = Mutex(State())

    init(limits: CircuitBreaker.Limits) {
        self.limits = limits
    }

    func admit(_ caller: Caller) -> CircuitBreaker.Admission {
        state.withLock { state in
            let now = ContinuousClock.now
            if let end = state.waits[caller] {
                guard now >= end else { return .refused(retryAfter: end - now) }
                state.waits[caller] = nil
            }
            return breaker(of: caller, &state) { $0.admit(at: now) }
        }
    }

    func begin(_ caller: Caller) -> CircuitBreaker.CallNumber {
        state.withLock { breaker(of: caller, &$0) { $0.begin(at: .now) } }
    }

    func end(
        _ call: CircuitBreaker.CallNumber,
        of caller: Caller,
        _ report: CircuitBreaker.Report
    ) {
        state.withLock { state in
            let now = ContinuousClock.now
            if case .askedOneToWait(let wait) = report {
                state.waits[caller] = now + min(wait, limits.waitMax)
            }
            breaker(of: caller, &state) { $0.end(call, report, at: now) }
        }
    }

    /// How many hosts are known, and how many of them are not called now.
    var counts: (known: Int, away: Int) {
        state.withLock { ($0.breakers.count, $0.breakers.values.count(where: \.isOpen)) }
    }

    private func breaker<Value>(
        of caller: Caller,
        _ state: inout State,
        _ body: (inout CircuitBreaker) -> Value
    ) -> Value {
        body(&state.breakers[caller.base, default: CircuitBreaker(limits: limits)])
    }
}

extension ProviderApp {
    /// The app as a caller of the endpoints about one user.
    var userCaller: HostHealth.Caller {
        HostHealth.Caller(base: endpoints.user, clientID: clientID)
    }

    /// The app as a caller of the application API.
    var apiCaller: HostHealth.Caller { HostHealth.Caller(base: endpoints.api, clientID: clientID) }
}

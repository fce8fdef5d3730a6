internal import Ledger
internal import LedgerStore
internal import Synchronization

/// An endpoint that this copy of the service has, as it was told last.
final class EndpointLease: Sendable {
    struct State: Sendable {
        var leased: LeasedWebhook
        /// Until when it is certain that no other copy has it.
        var until: ContinuousClock.Instant
        var isEnded = false
    }

    private let state: Mutex<State>

    init(_ leased: LeasedWebhook, until: ContinuousClock.Instant) {
        state = Mutex(State(leased: leased, until: until))
    }

    var current: State { state.withLock { $0 } }

    /// Whether an attempt that begins now ends while no other copy has the endpoint.
    var mayAttempt: Bool {
        state.withLock { !$0.isEnded && .now + DeliveryLimits.attemptMargin < $0.until }
    }

    /// Whether it is held now.
    var isHeld: Bool { state.withLock { !$0.isEnded && .now < $0.until } }

    func renew(_ leased: LeasedWebhook, until: ContinuousClock.Instant) {
        state.withLock { state in
            state.leased = leased
            state.until = until
        }
    }

    func end() { state.withLock { $0.isEnded = true } }
}

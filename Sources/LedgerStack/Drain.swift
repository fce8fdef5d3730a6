internal import LedgerStore
internal import ServiceLifecycle

/// The time between the signal to end and the end of the listener.
///
/// Whoever sends requests learns of the end by `/readyz` or from a proxy, which takes a moment;
/// until then each request is still answered.
struct Drain: Service {
    let readiness: Readiness
    let time: Duration

    func run() async throws {
        // Thrown when the task is cancelled, and then nothing waits.
        try? await gracefulShutdown()
        readiness.shutDown()
        try? await Task.sleep(for: time)
    }
}

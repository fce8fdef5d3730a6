internal import LedgerStore
internal import ServiceLifecycle

/// Finds out again and again whether the service is ready, so that metrics can say so at once.
///
/// A scrape waits for no database: it would fail just when somebody wants to know why.
struct ReadinessWatch: Service {
    let readiness: Readiness

    /// As often as most scrapes come.
    private static let pause: Duration = .seconds(5)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                _ = await readiness.conditions()
                try? await Task.sleep(for: Self.pause)
            }
        }
    }
}

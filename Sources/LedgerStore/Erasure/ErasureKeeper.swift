internal import ServiceLifecycle
internal import Synchronization

/// Keeps the list of who was erased complete, and looks at the start whether it was obeyed.
package final class ErasureKeeper: Service {
    private let eraser: Eraser
    /// Whether nobody who is listed was found alive; that is looked for until then.
    private let isObeyed = Mutex(false)
    /// Whether the last look that could tell has completed the list.
    private let isKept = Mutex(true)

    /// Keeps the list of an eraser.
    package init(_ eraser: Eraser) {
        self.eraser = eraser
    }

    /// Looks at once, and then periodically, until the graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                try? await Task.sleep(for: StoreLimits.erasureKeepPause)
            }
        }
    }

    /// Completes the list.
    func look() async {
        guard let isComplete = await eraser.listMissing() else { return }
        isKept.withLock { $0 = isComplete }
    }

    /// What readiness should tell.
    package func conditions() async -> [ReadinessCondition] {
        if isObeyed.withLock({ $0 }) { return isKept.withLock { $0 } ? [] : [.erasuresUnlisted] }
        let conditions = await eraser.conditions()
        // A folder that is not there yet may be mounted later.
        if conditions.isEmpty, eraser.hasList { isObeyed.withLock { $0 = true } }
        return conditions
    }
}

internal import Ledger
package import Logging
internal import ServiceLifecycle

/// Drops the values of tokens that were replaced once their app's grace is over.
///
/// Runs in every copy of the service: whoever comes second finds nothing to do.
package final class ValueDropper: Service {
    private let store: LedgerStore
    private let logger: Logger

    /// Drops values of a store.
    package init(store: LedgerStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Looks at once, and then periodically, until the graceful shutdown.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.look()
                try? await Task.sleep(for: StoreLimits.dropPause)
            }
        }
    }

    /// Drops what is due; what cannot be dropped now is due the next time.
    func look() async {
        do {
            // What cannot be dropped of an app in this round is not tried again in it.
            var stuck: Set<Identifier> = []
            for _ in 0..<StoreLimits.dropsMax {
                let due = try await store.supersededValues(by: store.clock.now())
                    .filter { !stuck.contains($0.app) }
                guard !due.isEmpty, !Task.isCancelled else { return }
                for values in due where !(await drop(values)) { stuck.insert(values.app) }
            }
        } catch {
            logger.warning("superseded values not dropped", metadata: ["error": "\(error)"])
        }
    }

    /// One app's values hinder no other's.
    private func drop(_ values: SupersededValues) async -> Bool {
        do {
            return try await store.drop(values)
        } catch {
            logger.warning(
                "superseded values not dropped",
                metadata: ["app": "\(values.app)", "error": "\(error)"]
            )
            return false
        }
    }
}

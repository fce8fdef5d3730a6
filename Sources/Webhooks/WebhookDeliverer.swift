package import Ledger
package import LedgerStore
package import Logging
package import Measures
internal import ServiceLifecycle
internal import Synchronization
package import Traces

/// Delivers what happens to the endpoints of the apps, by the specification of Standard Webhooks.
///
/// Runs in every copy of the service. Each endpoint is one copy's at a time, by a lease in the database;
/// how far it was dispatched is a position in each log of facts
/// (docs/decisions/0057-webhooks-go-by-position.md).
package final class WebhookDeliverer: Service {
    private struct State {
        var leases: [Identifier: EndpointLease] = [:]
        var isEnding = false
    }

    private let surroundings: EndpointWorker.Surroundings
    private let lookup = HostLookup()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - store: whose events are delivered.
    ///   - addresses: where they may go.
    ///   - schedule: when is tried again.
    ///   - attemptTimeMax: how long an attempt may take.
    ///   - clock: what time it is; the store's clock unless given.
    ///   - lookUp: gives the address of a host; the system's way unless given.
    ///   - tracing: whether attempts are recorded as spans.
    ///   - logger: is told what somebody should look at.
    package init(
        store: LedgerStore,
        addresses: WebhookAddresses,
        schedule: RetrySchedule = .usual,
        attemptTimeMax: Duration = DeliveryLimits.attemptTimeMax,
        clock: (@Sendable () -> Timestamp)? = nil,
        lookUp: (@Sendable (String) async throws -> IPAddress)? = nil,
        tracing: Tracing = .off,
        logger: Logger
    ) {
        let clock = clock ?? { store.clock.now() }
        surroundings = EndpointWorker.Surroundings(
            store: store,
            logs: store.logs.list(.facts).map { WebhookLog($0, store) },
            addresses: addresses,
            lookUp: { [lookup] host, app in
                if let lookUp { return try await lookUp(host) }
                return try await lookup.address(of: host, for: app)
            },
            schedule: schedule,
            attemptTimeMax: attemptTimeMax,
            clock: clock,
            holder: store.clock.identifier(),
            meter: WebhookMeter(clock: clock),
            tracing: tracing,
            logger: logger
        )
    }

    /// Adds how delivery does to a page of metrics.
    package func fill(_ page: inout MetricPage) { surroundings.meter.fill(&page) }

    /// Works until the graceful shutdown, and gives its endpoints back then: attempts under way end first.
    package func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for log in self.surroundings.logs { group.addTask { await self.read(log) } }
                group.addTask { await self.dropOld() }
                while !self.isEnding {
                    for lease in await self.look() {
                        group.addTask { await self.work(lease) }
                    }
                    await Self.pause(DeliveryLimits.leasePause)
                }
            }
        } onCancelOrGracefulShutdown: {
            self.end()
        }
        _ = try? await surroundings.store.leaseWebhooks(holder: surroundings.holder, seconds: 0)
        await lookup.close()
    }

    /// Begins no more attempts; those under way end.
    package func end() {
        state.withLock { state in
            state.isEnding = true
            for lease in state.leases.values { lease.end() }
        }
    }

    private var isEnding: Bool { state.withLock(\.isEnding) }

    /// Waits, unless the service ends.
    private static func pause(_ time: Duration) async {
        await cancelWhenGracefulShutdown { try? await Task.sleep(for: time) }
    }

    /// Asks for leases; gives those that are new.
    private func look() async -> [EndpointLease] {
        // Before it is asked: what is left is counted by the database, later.
        let asked = ContinuousClock.now
        let found: [LeasedWebhook]
        do {
            found = try await surroundings.store.leaseWebhooks(
                holder: surroundings.holder,
                seconds: DeliveryLimits.leaseSeconds
            )
        } catch {
            // What is held is good for a while.
            surroundings.logger.warning(
                "leases of webhooks are not renewed",
                metadata: ["error": "\(error)"]
            )
            return []
        }
        return state.withLock { state in
            let ids = Set(found.map(\.webhook.id))
            for (id, lease) in state.leases where !ids.contains(id) {
                lease.end()
                state.leases[id] = nil
            }
            var new: [EndpointLease] = []
            for leased in found {
                let until = asked + leased.timeLeft
                if let lease = state.leases[leased.webhook.id] {
                    // One that has ended leaves first.
                    if !lease.current.isEnded { lease.renew(leased, until: until) }
                    continue
                }
                let lease = EndpointLease(leased, until: until)
                state.leases[leased.webhook.id] = lease
                new.append(lease)
            }
            return new
        }
    }

    private func work(_ lease: EndpointLease) async {
        var worker = EndpointWorker(lease, surroundings)
        await worker.run { self.isEnding }
        state.withLock { state in
            let id = lease.current.leased.webhook.id
            if state.leases[id] === lease { state.leases[id] = nil }
        }
    }

    /// Reads a log's end while anybody is sent anything.
    private func read(_ log: WebhookLog) async {
        while !isEnding {
            var hasMore = false
            if state.withLock(\.leases.isEmpty) {
                log.forget()
            } else {
                do {
                    hasMore = try await log.look()
                } catch {
                    surroundings.logger.warning(
                        "the end of the log is not read for webhooks",
                        metadata: ["log": "\(log.log.name)", "error": "\(error)"]
                    )
                    await Self.pause(DeliveryLimits.failurePause)
                }
            }
            if !hasMore { await Self.pause(DeliveryLimits.logPause) }
        }
    }

    private func dropOld() async {
        var next = ContinuousClock.now
        while !isEnding {
            if next <= .now {
                next = .now + DeliveryLimits.dropPause
                do {
                    while try await !surroundings.store.dropOldDeliveries(), !isEnding {}
                } catch {
                    surroundings.logger.warning(
                        "old deliveries are not dropped",
                        metadata: ["error": "\(error)"]
                    )
                }
            }
            await Self.pause(DeliveryLimits.leasePause)
        }
    }
}

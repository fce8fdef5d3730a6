internal import Ledger
internal import LedgerStore
internal import Logging
internal import Traces
internal import Vault

/// Delivers to one endpoint, as long as this copy of the service has it.
///
/// What it knows is in the database after each round: whoever comes next goes on there.
struct EndpointWorker {
    /// What all endpoints of a copy share.
    struct Surroundings: Sendable {
        let store: LedgerStore
        let log: WebhookLog
        let addresses: WebhookAddresses
        /// Gives the address of a host, asked on behalf of an app.
        let lookUp: @Sendable (String, Identifier) async throws -> IPAddress
        let schedule: RetrySchedule
        let attemptTimeMax: Duration
        let clock: @Sendable () -> Timestamp
        let holder: Identifier
        let meter: WebhookMeter
        let tracing: Tracing
        let logger: Logger
    }

    /// An endpoint as it was opened, of this version.
    struct Opened: Sendable {
        let webhook: StoredWebhook
        let app: StoredApp
        let url: WebhookURL
        let query: EventQuery
    }

    let lease: EndpointLease
    let surroundings: Surroundings
    let sender: WebhookSender
    var queue = DeliveryQueue()
    var health = DeliveryRound.Health()
    var position: Int64
    /// The position that the database has.
    var recorded: Int64
    var recordedAt = ContinuousClock.now
    /// Which log it began with.
    private let logNumber: Int
    private var opened: Opened?
    /// Whether it was said that the endpoint cannot be opened.
    private var hasComplained = false

    var store: LedgerStore { surroundings.store }

    init(_ lease: EndpointLease, _ surroundings: Surroundings) {
        self.lease = lease
        self.surroundings = surroundings
        let app = lease.current.leased.webhook.app
        sender = WebhookSender(
            addresses: surroundings.addresses,
            attemptTimeMax: surroundings.attemptTimeMax,
            lookUp: { try await surroundings.lookUp($0, app) }
        )
        logNumber = surroundings.log.number
        position = lease.current.leased.nextPosition
        recorded = position
    }

    /// Works until the lease ends, or the database fails: the next one goes on from what is stored.
    mutating func run(isEnding: @Sendable () -> Bool) async {
        let id = lease.current.leased.webhook.id
        while lease.isHeld, !isEnding(), !Task.isCancelled {
            do {
                guard try await step() else { break }
            } catch {
                surroundings.logger.warning(
                    "webhooks are not delivered for now",
                    metadata: ["endpoint": "\(id)", "error": "\(error)"]
                )
                try? await Task.sleep(for: DeliveryLimits.failurePause)
                break
            }
        }
        // How far it is although there was nothing for it; the next one goes on there.
        if isEnding(), let opened, position > recorded, queue.unstored.isEmpty {
            _ = try? await record([], opened, nextPosition: position)
        }
        lease.end()
        surroundings.meter.note(id, nil)
        await sender.close()
    }

    /// One look; false when it cannot go on with what it has.
    private mutating func step() async throws(StoreError) -> Bool {
        let leased = lease.current.leased
        guard let opened = try await open(leased) else {
            try? await Task.sleep(for: DeliveryLimits.failurePause)
            return true
        }
        var isBusy = false
        if opened.webhook.pauseReason == nil {
            guard let found = try await round(opened) else { return false }
            isBusy = found
        }
        if leased.isAsked, try await answerAsks(opened) { isBusy = true }
        surroundings.meter.note(
            opened.webhook.id,
            WebhookMeter.Figures(
                waiting: queue.count,
                oldest: queue.oldest,
                pauseReason: opened.webhook.pauseReason,
                behind: max(0, (surroundings.log.end ?? position) - position)
            )
        )
        if !isBusy { try? await Task.sleep(for: DeliveryLimits.lookPause) }
        return true
    }

    /// The endpoint as it is now; nil when it cannot be opened.
    private mutating func open(_ leased: LeasedWebhook) async throws(StoreError) -> Opened? {
        if let opened, opened.webhook.version == leased.webhook.version { return opened }
        let id = leased.webhook.id
        guard let app = try await store.app(leased.webhook.app),
            let webhook = try await store.opened(leased.webhook, of: app),
            let url = try? WebhookURL(webhook.definition.url)
        else {
            if !hasComplained {
                hasComplained = true
                surroundings.logger.error(
                    "nobody with the deployment's keys made this endpoint: nothing is sent to it",
                    metadata: ["endpoint": "\(id)"]
                )
            }
            return nil
        }
        queue = DeliveryQueue()
        for delivery in try await store.waitingDeliveries(to: id) where delivery.kind == .event {
            queue.append(DeliveryQueue.Item(delivery: delivery, event: nil, isStored: true))
        }
        health = DeliveryRound.Health(deliveredAt: health.deliveredAt ?? leased.deliveredAt)
        opened = Opened(
            webhook: webhook,
            app: app,
            url: url,
            query: EventQuery(clientID: app.clientID, types: webhook.definition.types)
        )
        return opened
    }

    /// Takes what has come, and sends what is due; whether there was anything, nil when the log is
    /// another one.
    private mutating func round(_ opened: Opened) async throws(StoreError) -> Bool? {
        let now = surroundings.clock()
        guard surroundings.log.number == logNumber else { return nil }
        if let rest = health.restsUntil, now < rest { return false }
        let isProbe = health.isDown
        health.restsUntil = nil
        let start = position
        let waitingMax = isProbe ? DeliveryLimits.downWaitingMax : DeliveryLimits.waitingMax
        if queue.count < waitingMax {
            let page = try await surroundings.log.page(
                opened.query,
                of: opened.app.id,
                from: position,
                number: logNumber
            )
            switch page {
            case .nothing: break
            case .lost: return nil
            case .events(let events, let next):
                for event in events {
                    if let item = item(of: event, .event, opened) { queue.append(item) }
                }
                position = next
            }
        }
        let lanes = queue.due(
            at: surroundings.clock(),
            messagesMax: DeliveryLimits.roundMessagesMax,
            isProbe: isProbe
        )
        if lanes.isEmpty, queue.unstored.isEmpty {
            guard position > recorded,
                recordedAt.duration(to: .now) >= DeliveryLimits.positionPause
            else { return position > start }
        }
        if !lanes.isEmpty { try await send(lanes, opened, isProbe: isProbe) }
        try await record(opened)
        return true
    }
}

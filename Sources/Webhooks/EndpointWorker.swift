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
        /// One for each log of facts.
        let logs: [WebhookLog]
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
    /// How far it was dispatched in each log of facts.
    var positions: [Log: Int64]
    /// The positions that the database has.
    var recorded: [Log: Int64]
    var recordedAt = ContinuousClock.now
    /// With which of each log it began.
    private let logNumbers: [Log: Int]
    /// How many rounds there were: each begins with another log.
    private var rounds = 0
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
        logNumbers = Dictionary(
            uniqueKeysWithValues: surroundings.logs.map { ($0.log, $0.number) }
        )
        positions = lease.current.leased.nextPositions
        recorded = positions
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
        if isEnding(), let opened, positions != recorded, queue.unstored.isEmpty {
            _ = try? await record([], opened, positions)
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
                behind: behind
            )
        )
        if !isBusy { try? await Task.sleep(for: DeliveryLimits.lookPause) }
        return true
    }

    /// How many positions were not dispatched yet, as far as the logs were read.
    private var behind: Int64 {
        surroundings.logs.reduce(0) { sum, log in
            guard let end = log.end, let position = positions[log.log] else { return sum }
            return sum + max(0, end - position)
        }
    }

    /// The endpoint as it is now; nil when it cannot be opened.
    private mutating func open(_ leased: LeasedWebhook) async throws(StoreError) -> Opened? {
        if let opened, opened.webhook.version == leased.webhook.version { return opened }
        let id = leased.webhook.id
        guard Set(positions.keys) == Set(store.logs.list(.facts)) else {
            if !hasComplained {
                hasComplained = true
                surroundings.logger.error(
                    "how far this endpoint is in each log is not stored: nothing is sent to it",
                    metadata: ["endpoint": "\(id)"]
                )
            }
            return nil
        }
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
        guard surroundings.logs.allSatisfy({ $0.number == logNumbers[$0.log] }) else { return nil }
        if let rest = health.restsUntil, now < rest { return false }
        let isProbe = health.isDown
        health.restsUntil = nil
        let start = positions
        let waitingMax = isProbe ? DeliveryLimits.downWaitingMax : DeliveryLimits.waitingMax
        guard try await take(opened, waitingMax: waitingMax) else { return nil }
        let lanes = queue.due(
            at: surroundings.clock(),
            messagesMax: DeliveryLimits.roundMessagesMax,
            isProbe: isProbe
        )
        if lanes.isEmpty, queue.unstored.isEmpty {
            guard positions != recorded,
                recordedAt.duration(to: .now) >= DeliveryLimits.positionPause
            else { return positions != start }
        }
        if !lanes.isEmpty { try await send(lanes, opened, isProbe: isProbe) }
        try await record(opened)
        return true
    }

    /// Takes what has come, of one log after the other, until that is enough for a round; false when a log is
    /// another one.
    private mutating func take(
        _ opened: Opened,
        waitingMax: Int
    ) async throws(StoreError) -> Bool {
        let count = surroundings.logs.count
        // So that none waits for ever behind one in which much happens.
        rounds = (rounds + 1) % count
        let enough = min(waitingMax, queue.count + DeliveryLimits.roundMessagesMax)
        for offset in 0..<count where queue.count < enough {
            let log = surroundings.logs[(rounds + offset) % count]
            let page = try await log.page(
                opened.query,
                of: opened.app.id,
                from: positions[log.log] ?? 0,
                number: logNumbers[log.log] ?? 0
            )
            switch page {
            case .nothing: break
            case .lost: return false
            case .events(let events, let next):
                for event in events {
                    if let item = item(of: event, .event, opened) { queue.append(item) }
                }
                positions[log.log] = next
            }
        }
        return true
    }
}

#if CRASH_POINTS
internal import CrashPoints
#endif
internal import Ledger
internal import LedgerStore
internal import Logging
internal import Vault

extension EndpointWorker {
    /// Sends lanes side by side, and takes over what came of it.
    mutating func send(
        _ lanes: [[DeliveryQueue.Item]],
        _ opened: Opened,
        isProbe: Bool
    ) async throws(StoreError) {
        let lanes = try await loaded(lanes)
        let attempts = try await attempts(of: lanes.flatMap { $0 }, opened)
        let (lease, begin) = (lease, ContinuousClock.now)
        let round = DeliveryRound(
            health,
            schedule: surroundings.schedule,
            clock: surroundings.clock,
            goesOn: {
                lease.mayAttempt && begin.duration(to: .now) < DeliveryLimits.roundTimeMax
            }
        )
        await withTaskGroup(of: [DeliveryQueue.Item].self) { group in
            var rest = lanes[...]
            for lane in rest.prefix(DeliveryLimits.lanesMax) {
                group.addTask { await round.run(lane, isProbe: isProbe, send: attempts.send) }
            }
            rest = rest.dropFirst(DeliveryLimits.lanesMax)
            for await attempted in group {
                for item in attempted { queue.update(item) }
                guard let lane = rest.popFirst() else { continue }
                group.addTask { await round.run(lane, isProbe: isProbe, send: attempts.send) }
            }
        }
        health = round.end()
        if health.isMended { queue.hurry(at: surroundings.clock()) }
    }

    /// With the events of those that wait since an earlier look.
    private func loaded(
        _ lanes: [[DeliveryQueue.Item]]
    ) async throws(StoreError) -> [[DeliveryQueue.Item]] {
        var lanes = lanes
        for lane in lanes.indices {
            for index in lanes[lane].indices where lanes[lane][index].event == nil {
                let delivery = lanes[lane][index].delivery
                guard let log = delivery.log, let position = delivery.position else { continue }
                lanes[lane][index].event = try await store.event(at: position, log: log)
            }
        }
        return lanes
    }

    /// What the attempts of a round have in common: where the endpoint is, and whom its messages name.
    private func attempts(
        of items: [DeliveryQueue.Item],
        _ opened: Opened
    ) async throws(StoreError) -> WebhookAttempts {
        var names: [Identifier: Secret] = [:]
        if opened.webhook.definition.namesUser {
            let subjects = Set(items.compactMap(\.delivery.subject)).sorted()
            for user in try await store.identities(of: subjects, app: opened.app) {
                names[user.subject] = user.clientUserID
            }
        }
        return WebhookAttempts(
            opened: opened,
            sender: sender,
            surroundings: surroundings,
            refusal: await sender.prepare(opened.url),
            names: names
        )
    }

    /// Writes what came of a round and how far it went; gives up messages that were refused for days, or
    /// pauses an endpoint that has taken nothing for as long.
    mutating func record(_ opened: Opened) async throws(StoreError) {
        let now = surroundings.clock()
        let schedule = surroundings.schedule
        let isOver = { (delivery: WebhookDelivery) in
            delivery.state == .pending
                && delivery.firstAttemptAt.map { schedule.isOver(first: $0, now: now) } ?? false
        }
        if let deliveredAt = health.deliveredAt {
            let count = queue.giveUp { delivery in
                isOver(delivery) && delivery.firstAttemptAt.map { $0 < deliveredAt } ?? false
            }
            surroundings.meter.noteGivenUp(count)
        }
        let changed = queue.unstored
        let isRecorded = try await record(changed, opened, positions)
        guard isRecorded else {
            lease.end()
            return
        }
        queue.stored()
        guard health.isGone || changed.contains(where: isOver) else { return }
        let reason: WebhookPauseReason = health.isGone ? .gone : .failing
        surroundings.logger.warning(
            "an endpoint of webhooks is paused",
            metadata: ["endpoint": "\(opened.webhook.id)", "reason": "\(reason.rawValue)"]
        )
        _ = try await store.pause(
            opened.webhook,
            reason,
            of: opened.app,
            context: RecordContext(actor: "service")
        )
        // The lease tells of it in a moment.
        health.isGone = false
        health.restsUntil = now.adding(seconds: DeliveryLimits.pausedSeconds)
    }

    /// Tries until it is known: who begins anew instead would send all of it once more.
    mutating func record(
        _ deliveries: [WebhookDelivery],
        _ opened: Opened,
        _ nextPositions: [Log: Int64],
        replay: (id: Identifier, position: Int64)? = nil
    ) async throws(StoreError) -> Bool {
        #if CRASH_POINTS
        if deliveries.contains(where: { $0.state == .delivered }) {
            CrashPoint.webhookDelivered.reach()
        }
        #endif
        while true {
            do {
                let isRecorded = try await store.record(
                    deliveries,
                    WebhookProgress(
                        of: opened.webhook.id,
                        holder: surroundings.holder,
                        from: recorded,
                        to: nextPositions,
                        replay: replay
                    )
                )
                if isRecorded { (recorded, recordedAt) = (nextPositions, .now) }
                return isRecorded
            } catch {
                guard error.isPassing, lease.isHeld else { throw error }
            }
            try? await Task.sleep(for: DeliveryLimits.lookPause)
        }
    }

    /// Tries the endpoint, and sends it once more what somebody asked for, each message once; whether there
    /// was anything.
    ///
    /// The endpoint's health counts for nothing here, nor does this for its health.
    mutating func answerAsks(_ opened: Opened) async throws(StoreError) -> Bool {
        let tests = try await store.waitingDeliveries(to: opened.webhook.id)
            .filter { $0.kind == .test }
            .map { DeliveryQueue.Item(delivery: $0, event: nil, isStored: true) }
        if !tests.isEmpty {
            let tried = try await once([tests], opened)
            guard try await record(tried, opened, positions) else {
                lease.end()
                return false
            }
        }
        guard let replay = try await store.replays(of: opened.webhook.id).first else {
            return !tests.isEmpty
        }
        let query =
            replay.takesAllTypes ? EventQuery(clientID: opened.app.clientID) : opened.query
        let found = try await passed(query, replay)
        var lanes: [Identifier: [DeliveryQueue.Item]] = [:]
        for event in found.events {
            guard let item = item(of: event, .replay, opened) else { continue }
            lanes[item.delivery.subject ?? opened.webhook.id, default: []].append(item)
        }
        let sent = try await once(Array(lanes.values), opened)
        let sentIDs = Set(sent.map(\.id))
        // What was not sent, because the lease or the round ends, is the next one's.
        let rest = lanes.values.joined().map(\.delivery).filter { !sentIDs.contains($0.id) }
        let next = rest.compactMap(\.position).min() ?? found.next
        let isRecorded = try await record(
            sent,
            opened,
            positions,
            replay: (replay.id, next)
        )
        if !isRecorded { lease.end() }
        return isRecorded
    }

    /// The next events of a replay, and where it goes on.
    private func passed(
        _ query: EventQuery,
        _ replay: WebhookReplay
    ) async throws(StoreError) -> (events: [StoredEvent], next: Int64) {
        do {
            return try await store.passed(query, log: replay.log, positions: replay.positions)
        } catch {
            // It was asked for while this was moved out of the database.
            guard case .cold(let place) = error else { throw error }
            surroundings.logger.warning(
                "a replay begins behind what is cold history",
                metadata: ["log": "\(replay.log.name)", "before": "\(place.before)"]
            )
            return ([], min(place.before, replay.positions.upperBound))
        }
    }

    /// Sends each message once, whatever comes of it, until the round has been long enough.
    private func once(
        _ lanes: [[DeliveryQueue.Item]],
        _ opened: Opened
    ) async throws(StoreError) -> [WebhookDelivery] {
        let attempts = try await attempts(of: lanes.flatMap { $0 }, opened)
        let (lease, begin) = (lease, ContinuousClock.now)
        let goesOn: @Sendable () -> Bool = {
            lease.mayAttempt && begin.duration(to: .now) < DeliveryLimits.roundTimeMax
        }
        return await withTaskGroup(of: [WebhookDelivery].self) { group in
            var rest = lanes[...]
            for lane in rest.prefix(DeliveryLimits.lanesMax) {
                group.addTask { await attempts.once(lane, goesOn: goesOn) }
            }
            rest = rest.dropFirst(DeliveryLimits.lanesMax)
            var sent: [WebhookDelivery] = []
            for await some in group {
                sent += some
                guard let lane = rest.popFirst() else { continue }
                group.addTask { await attempts.once(lane, goesOn: goesOn) }
            }
            return sent
        }
    }

    /// An event that the service wrote, as a message; others count as nothing.
    func item(
        of event: StoredEvent,
        _ kind: WebhookDelivery.Kind,
        _ opened: Opened
    ) -> DeliveryQueue.Item? {
        guard let record = try? event.genuineRecord() else { return nil }
        let delivery = WebhookDelivery(
            id: store.clock.identifier(),
            endpoint: opened.webhook.id,
            kind: kind,
            log: event.log,
            position: event.position,
            message: record.id,
            subject: record.subject,
            type: "\(record.event.type)",
            at: surroundings.clock()
        )
        return DeliveryQueue.Item(delivery: delivery, event: event, isStored: false)
    }
}

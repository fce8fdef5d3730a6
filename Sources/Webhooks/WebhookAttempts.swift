internal import Ledger
internal import LedgerStore
internal import Traces
internal import Vault

/// The attempts of one round: where they go, and whom their messages name.
struct WebhookAttempts: Sendable {
    let opened: EndpointWorker.Opened
    let sender: WebhookSender
    let surroundings: EndpointWorker.Surroundings
    /// Why nothing can be sent there, if so.
    let refusal: WebhookOutcome?
    let names: [Identifier: Secret]

    /// Makes one attempt.
    @Sendable func send(
        _ item: DeliveryQueue.Item
    ) async -> (answer: WebhookAnswer, attempt: WebhookDelivery.Attempt) {
        let time = surroundings.clock()
        let begin = ContinuousClock.now
        let answer: WebhookAnswer
        if let refusal {
            answer = WebhookAnswer(refusal)
        } else if let message = message(item) {
            let secrets = opened.webhook.definition.secrets(at: time)
            // Nobody's request: what led to the event is long over.
            let trace = surroundings.tracing.begin(sent: nil)
            answer = await sender.send(
                message,
                to: opened.url,
                secrets: secrets,
                traceparent: trace?.header(of: nil),
                at: time
            )
            trace?.end(.attempt(answer))
        } else {
            answer = WebhookAnswer(.unreadable)
        }
        surroundings.meter.note(answer.outcome)
        let attempt = WebhookDelivery.Attempt(
            time: time,
            outcome: answer.outcome,
            status: answer.status,
            milliseconds: Int64(begin.duration(to: .now) / .milliseconds(1))
        )
        return (answer, attempt)
    }

    /// Makes one attempt for each message of a lane, as long as another one may begin.
    func once(
        _ lane: [DeliveryQueue.Item],
        goesOn: @Sendable () -> Bool
    ) async -> [WebhookDelivery] {
        var sent: [WebhookDelivery] = []
        for var item in lane {
            guard goesOn() else { break }
            item.delivery.take(await send(item).attempt, next: nil)
            sent.append(item.delivery)
        }
        return sent
    }

    /// The message; nil when its event cannot be read, or is not the one that was to be delivered.
    private func message(_ item: DeliveryQueue.Item) -> WebhookMessage? {
        guard item.delivery.kind != .test else {
            return WebhookMessage(
                test: item.delivery.message,
                type: item.delivery.type,
                at: item.delivery.createdAt,
                of: opened.app.clientID,
                endpoint: opened.webhook.id
            )
        }
        // A row may name a position at which another app's event stands.
        guard let event = item.event, event.app == opened.app.id,
            let record = try? event.genuineRecord(), record.id == item.delivery.message
        else { return nil }
        return WebhookMessage(
            record,
            bytes: event.bytes,
            at: event.position,
            of: event.log,
            clientUserID: record.subject.flatMap { names[$0] }
        )
    }
}

extension Span.Description {
    /// Tells of an attempt, by OpenTelemetry's conventions for HTTP clients; not where it went, for
    /// that may be a person's machine.
    fileprivate static func attempt(_ answer: WebhookAnswer) -> Span.Description {
        let status = answer.status.map { [Span.Attribute("http.response.status_code", Int($0))] }
        return Span.Description(
            "POST webhook",
            .client,
            [Span.Attribute("http.request.method", "POST")] + (status ?? []),
            failure: answer.outcome == .delivered ? nil : answer.outcome.rawValue
        )
    }
}

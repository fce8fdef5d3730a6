internal import Foundation
internal import Ledger
internal import LedgerStack
internal import LedgerStore

/// How long all deliveries may take: a tenth of what one endpoint gets, at least.
private let deliveriesPerSecondMin = 50
private let lookPause: Duration = .milliseconds(20)
private let bytesPerMegabyte = 1_000_000.0

extension BenchStack {
    /// Measures delivering events to endpoints on this machine.
    ///
    /// The events are there before: endpoints are paused while they are written, and take what they can
    /// get from then on.
    package func webhooks() async throws -> BenchReport {
        try await ServiceProcess.run(self) { stack in
            try await WebhookReceiver.run { receiver, url in
                let endpoints = try await stack.pausedEndpoints(url)
                let first = try await stack.ledger.store.size(log: .facts)
                stack.tell("Writing \(stack.plan.events) events …")
                let prefix = "webhooks-\(stack.port)"
                try await stack.history.fill(events: stack.plan.events, prefix: prefix)
                let name = "events to \(endpoints.count) endpoint\(endpoints.count == 1 ? "" : "s")"
                let measurement = try await stack.deliver(name, endpoints, receiver, from: first)
                let held = try ProcessorMeter.memory(of: stack.service ?? Int(getpid()))
                let figures = receiver.figures
                guard figures.overtaken == 0 else { throw BenchError.outOfOrder }
                return BenchReport(
                    title: "webhooks",
                    measurements: [measurement],
                    notes: [
                        "Every user's messages came in order; \(figures.repeated) came twice. The "
                            + "service is a process of its own and held "
                            + "\(BenchReport.decimal(Double(held) / bytesPerMegabyte)) MB afterwards.",
                        "Per second are deliveries, to all endpoints together, each over a connection "
                            + "that stays open, without TLS. The time of the load is that of the receiver.",
                    ]
                )
            }
        }
    }

    /// As many as there are clients in the plan, each sent everything once it is resumed.
    private func pausedEndpoints(_ url: String) async throws -> [Identifier] {
        let (store, context) = (ledger.store, RecordContext(actor: "operator"))
        var endpoints: [Identifier] = []
        for number in 0..<plan.clients {
            let definition = WebhookDefinition(url: "\(url)/\(number)")
            guard let webhook = try await store.add(definition, of: app, context: context),
                try await store.pause(webhook, .requested, of: app, context: context) == .written
            else { throw BenchError.notWritten }
            endpoints.append(webhook.id)
        }
        return endpoints
    }

    /// Resumes the endpoints, and waits until each has got every event from a position on.
    private func deliver(
        _ name: String,
        _ endpoints: [Identifier],
        _ receiver: WebhookReceiver,
        from first: Int64
    ) async throws -> Measurement {
        tell("Measuring: \(name) …")
        let (store, context) = (ledger.store, RecordContext(actor: "operator"))
        let before = receiver.figures.arrived
        let (begin, start) = (try meter.now(loader), ContinuousClock.now)
        for id in endpoints {
            guard let webhook = try await store.webhook(id, of: app),
                try await store.resume(webhook, of: app, context: context) == .written
            else { throw BenchError.notWritten }
        }
        let size = try await store.size(log: .facts)
        let wanted = before + Int(size - first) * endpoints.count
        let deadline = start + .seconds(60) + .seconds(1) * (wanted / deliveriesPerSecondMin)
        while receiver.figures.arrived < wanted {
            guard ContinuousClock.now < deadline else { throw BenchError.notDelivered }
            try await Task.sleep(for: lookPause)
        }
        return Measurement(
            name: name,
            clients: endpoints.count,
            count: wanted - before,
            seconds: (ContinuousClock.now - start) / .seconds(1),
            processor: try meter.now(loader) - begin
        )
    }
}

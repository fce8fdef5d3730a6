import Ledger
import LedgerStore
import Logging
import TestSupport
import Testing
import Traces
@testable import Webhooks

/// A store, a receiver and an endpoint there, and deliverers at work.
struct WebhookScene: Sendable {
    let test: TestStore
    let receiver: TestReceiver

    /// Where the receivers of the tests are.
    static let local: WebhookAddresses = {
        do {
            return WebhookAddresses(networks: [try IPNetwork("127.0.0.0/8")])
        } catch {
            preconditionFailure("It is a network.")
        }
    }()
    /// Tries again at once, and gives nobody up.
    static let eager = RetrySchedule(
        firstSeconds: 0.01,
        factor: 1,
        secondsMax: 0.01,
        daysSeconds: 259_200
    )
    static let context = RecordContext(actor: "operator")
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func run<Value: Sendable>(
        pairs: Int = 1,
        answer: @escaping @Sendable (TestReceiver.Message) -> TestReceiver.Answer = { _ in .taken },
        _ body: (WebhookScene) async throws -> Value
    ) async throws -> Value {
        try await TestStore.run(pairs: pairs, databases: min(pairs, 2)) { test in
            try await TestReceiver.run(answer: answer) { receiver in
                try await body(WebhookScene(test: test, receiver: receiver))
            }
        }
    }

    /// Adds an endpoint at the receiver.
    func add(
        _ definition: ((inout WebhookDefinition) -> Void)? = nil
    ) async throws -> StoredWebhook {
        var endpoint = WebhookDefinition(url: receiver.url + "/hook")
        definition?(&endpoint)
        return try #require(
            try await test.store.add(endpoint, of: test.app, context: Self.context)
        )
    }

    /// Lets a deliverer work while the body runs, and ends it in order.
    func deliver<Value: Sendable>(
        from store: LedgerStore? = nil,
        addresses: WebhookAddresses = local,
        schedule: RetrySchedule = eager,
        attemptTimeMax: Duration = .seconds(60),
        lookUp: (@Sendable (String) async throws -> IPAddress)? = nil,
        tracing: Tracing = .off,
        _ body: () async throws -> Value
    ) async throws -> Value {
        let deliverer = WebhookDeliverer(
            store: store ?? test.store,
            addresses: addresses,
            schedule: schedule,
            attemptTimeMax: attemptTimeMax,
            lookUp: lookUp,
            tracing: tracing,
            logger: Self.logger
        )
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await deliverer.run() }
            let result: Result<Value, any Error>
            do {
                result = .success(try await body())
            } catch {
                result = .failure(error)
            }
            deliverer.end()
            try await group.waitForAll()
            return try result.get()
        }
    }

    /// The endpoint as it is now.
    func current(_ webhook: StoredWebhook) async throws -> StoredWebhook {
        try #require(try await test.store.webhook(webhook.id, of: test.app))
    }

    /// Waits until the endpoint is paused, and gives why.
    func waitForPause(_ webhook: StoredWebhook) async throws -> WebhookPauseReason {
        while true {
            if let reason = try await current(webhook).pauseReason { return reason }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Waits until an endpoint's deliveries are as they shall be, and gives them, the oldest first.
    func waitForDeliveries(
        _ webhook: StoredWebhook,
        until isSo: ([WebhookDelivery]) -> Bool
    ) async throws -> [WebhookDelivery] {
        while true {
            let found = try await test.store.deliveries(to: webhook.id, limit: 1000)
            if isSo(found) { return found.reversed() }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// The acts on an endpoint that the log tells of.
    func acts(_ webhook: StoredWebhook) async throws -> [LedgerEvent.Webhook.Act] {
        try await test.store.page(log: .facts, from: 0).compactMap { stored in
            guard case .webhook(let told) = try stored.record().event, told.endpoint == webhook.id
            else { return nil }
            return told.act
        }
    }
}

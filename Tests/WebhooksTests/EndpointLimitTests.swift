import Ledger
import LedgerStore
import TestSupport
import Testing

@Suite("how many endpoints an app has", .timeLimit(.minutes(5)))
struct EndpointLimitTests {
    @Test("many who add endpoints at once add no more than there may be")
    func limitAtOnce() async throws {
        try await WebhookScene.run { scene in
            let definition = WebhookDefinition(url: scene.receiver.url)
            let (store, app) = (scene.test.store, scene.test.app)
            let added = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<3 * WebhookLimits.endpointsMax {
                    group.addTask {
                        let made = try await store.add(
                            definition,
                            of: app,
                            context: WebhookScene.context
                        )
                        return made != nil
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(added == WebhookLimits.endpointsMax)
            let there = try await store.webhooks(of: app).opened
            #expect(there.count == WebhookLimits.endpointsMax)
        }
    }

    @Test("an app has so many endpoints; one that was removed counts no more")
    func limit() async throws {
        try await WebhookScene.run { scene in
            for _ in 0..<WebhookLimits.endpointsMax { _ = try await scene.add() }
            let definition = WebhookDefinition(url: scene.receiver.url)
            let store = scene.test.store
            let further = try await store.add(
                definition,
                of: scene.test.app,
                context: WebhookScene.context
            )
            #expect(further == nil)
            let first = try await store.webhooks(of: scene.test.app).opened[0]
            let removed = try await store.removeWebhook(
                first.id,
                of: scene.test.app,
                context: WebhookScene.context
            )
            #expect(removed == .written)
            let left = try await store.webhook(first.id, of: scene.test.app)
            #expect(left == nil)
            let acts = try await scene.acts(first)
            #expect(acts.last == .removed)
            _ = try await scene.add()
        }
    }
}

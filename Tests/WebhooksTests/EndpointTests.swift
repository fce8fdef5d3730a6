import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault
@testable import Webhooks

@Suite("endpoints", .timeLimit(.minutes(1)))
struct EndpointTests {
    @Test("two copies of the service deliver each message once, and one goes on for the other")
    func copies() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            try await scene.test.another { other in
                try await scene.deliver {
                    for number in 0..<20 { _ = try await scene.test.launchedUser("a\(number)") }
                    try await scene.deliver(from: other) {
                        for number in 0..<20 { _ = try await scene.test.launchedUser("b\(number)") }
                        try await scene.receiver.wait(for: 40)
                    }
                }
                // The first has given its lease back.
                _ = try await scene.test.launchedUser("c")
                try await scene.deliver(from: other) { try await scene.receiver.wait(for: 41) }
            }
            let ids = scene.receiver.messages.map(\.id)
            #expect(ids.count == 41 && Set(ids).count == 41)
            let found = try await scene.test.store.deliveries(to: webhook.id, limit: 100)
            #expect(found.count == 41)
        }
    }

    @Test("who does not hold an endpoint records nothing of it")
    func fencing() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add()
            let store = scene.test.store
            let (holder, other) = (store.clock.identifier(), store.clock.identifier())
            let held = try await store.leaseWebhooks(holder: holder, seconds: 60)
            #expect(held.map(\.webhook.id) == [webhook.id])
            let others = try await store.leaseWebhooks(holder: other, seconds: 60)
            #expect(others.isEmpty)
            let known = held[0].nextPositions
            let position = try #require(known[.facts]) + 5
            let foreign = try await store.record(
                [],
                WebhookProgress(
                    of: webhook.id,
                    holder: other,
                    from: known,
                    to: [.facts: position]
                )
            )
            #expect(!foreign)
            let own = try await store.record(
                [],
                WebhookProgress(
                    of: webhook.id,
                    holder: holder,
                    from: known,
                    to: [.facts: position]
                )
            )
            #expect(own)
            // Another database, in which the endpoint was elsewhere.
            let elsewhere = try await store.record(
                [],
                WebhookProgress(
                    of: webhook.id,
                    holder: holder,
                    from: [.facts: position - 1],
                    to: [.facts: position + 1]
                )
            )
            #expect(!elsewhere)
            let kept = try await store.leaseWebhooks(holder: holder, seconds: 0)
            #expect(kept.isEmpty)
            let taken = try await store.leaseWebhooks(holder: other, seconds: 60)
            #expect(taken.map(\.nextPositions) == [[.facts: position]])
        }
    }

    @Test("another log in the place of the one that was read is noticed, however long it is")
    func replaced() async throws {
        try await WebhookScene.run { scene in
            let log = WebhookLog(.facts, scene.test.store)
            _ = try await scene.test.launchedUser("alice")
            _ = try await log.look()
            _ = try await log.look()
            let end = try #require(log.end)
            let query = EventQuery(clientID: scene.test.app.clientID, types: [])
            func page(_ position: Int64, _ number: Int) async throws -> WebhookLog.Page {
                try await log.page(
                    query,
                    of: scene.test.app.id,
                    from: position,
                    number: number
                )
            }
            guard case .nothing = try await page(end, 0) else {
                Issue.record("it is the same log")
                return
            }
            // Another copy may know more than this one has read, but nobody what is not there.
            guard case .lost = try await page(end + 1, 0) else {
                Issue.record("it is not as long")
                return
            }
            _ = try await scene.test.launchedUser("bob")
            guard case .nothing = try await page(end + 1, 0) else {
                Issue.record("it is as long")
                return
            }
            _ = try await log.look()
            let owner = try await scene.test.ownerConnection()
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                update ledger.event set record = convert_to('{}', 'UTF8')
                where log_id = 0 and position = (select max(position) from ledger.event where log_id = 0)
                """
            )
            await owner.close()
            #expect(log.number == 0)
            _ = try await log.look()
            #expect(log.number == 1 && log.end == nil)
            guard case .lost = try await page(end, 0) else {
                Issue.record("who knew the other log begins anew")
                return
            }
        }
    }

    @Test("a delivery whose row names what is not its event is not sent")
    func elsewhere() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            scene.receiver.answer { _ in .status(500) }
            _ = try await scene.test.launchedUser("alice")
            try await scene.deliver { try await scene.receiver.wait(for: 1) }
            let owner = try await scene.test.ownerConnection()
            try await owner.script("update ledger.webhook_delivery set position = 0")
            await owner.close()
            scene.receiver.answer { _ in .taken }
            try await scene.deliver {
                let found = try await scene.waitForDeliveries(webhook) {
                    $0.first?.state == .failed
                }
                #expect(found.first?.attempts.last?.outcome == .unreadable)
            }
        }
    }

    @Test("a replay keeps ids, goes to a paused endpoint, touches nothing else, and is on record")
    func replay() async throws {
        try await WebhookScene.run { scene in
            let store = scene.test.store
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            for number in 0..<3 { _ = try await scene.test.launchedUser("user \(number)") }
            try await scene.deliver {
                let sent = try await scene.waitForDeliveries(webhook) { $0.count == 3 }
                _ = try await store.pause(
                    webhook,
                    .requested,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
                let paused = try await scene.current(webhook)
                scene.receiver.answer { _ in .status(500) }
                let position = try #require(sent[1].position)
                _ = try await store.replay(
                    position..<position + 1,
                    to: paused,
                    takesAllTypes: true,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
                // Once, whatever comes of it.
                _ = try await scene.waitForDeliveries(webhook) { $0.first?.state == .failed }
                scene.receiver.answer { _ in .taken }
                let size = try await store.size(log: .facts)
                _ = try await store.replay(
                    0..<size,
                    to: paused,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
                let all = try await scene.waitForDeliveries(webhook) { $0.count == 7 }
                #expect(all[3].message == sent[1].message && all[3].kind == .replay)
                #expect(Set(all[4...].map(\.message)) == Set(sent.map(\.message)))
                let after = try await scene.current(webhook)
                #expect(after.version == paused.version && after.pauseReason == .requested)
                let acts = try await scene.acts(webhook)
                #expect(
                    acts.suffix(2) == [
                        .replayed(position..<position + 1, .facts), .replayed(0..<size, .facts),
                    ]
                )
            }
        }
    }

    @Test("a message tries an endpoint, paused or not, once")
    func tried() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            try await scene.deliver {
                for (answer, state) in [
                    (TestReceiver.Answer.taken, WebhookDelivery.State.delivered),
                    (.status(500), .failed),
                ] {
                    scene.receiver.answer { _ in answer }
                    let ask = try await scene.test.store.test(
                        webhook,
                        of: scene.test.app,
                        context: WebhookScene.context
                    )
                    guard case .asked(let asked) = ask else {
                        Issue.record("not asked for")
                        return
                    }
                    let found = try await scene.waitForDeliveries(webhook) {
                        $0.first?.id == asked.id && $0.first?.state != .pending
                    }
                    #expect(found.last?.state == state && found.last?.attemptCount == 1)
                }
            }
            #expect(scene.receiver.messages.allSatisfy { $0.text.contains("webhook.test") })
            let current = try await scene.current(webhook)
            #expect(current.pauseReason == nil)
        }
    }

    @Test("a new secret signs beside the old one until the overlap ends")
    func rotation() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            let old = webhook.definition.signings[0].secret
            let rotated = try #require(
                try await scene.test.store.rotateSecret(
                    of: webhook,
                    overlapSeconds: 3_600,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
            )
            let new = rotated.definition.signings[0].secret
            #expect(old.text != new.text)
            _ = try await scene.test.launchedUser("alice")
            try await scene.deliver { try await scene.receiver.wait(for: 1) }
            let message = scene.receiver.messages[0]
            let seconds = try #require(
                message["webhook-timestamp"].flatMap { Int64($0) }
            )
            let expected = [new, old].map {
                $0.signature(id: message.id, seconds: seconds, body: message.body)
            }
            #expect(
                message["webhook-signature"] == expected.joined(separator: " ")
            )
            let later = scene.test.store.clock.now().adding(seconds: 3_601)
            #expect(rotated.definition.secrets(at: later).map(\.text) == [new.text])
        }
    }

    @Test(
        "what is stored of an endpoint is sealed, and what nobody with the keys made is not sent to"
    )
    func sealed() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { definition in
                definition.namesUser = true
                definition.url += "?token=marker-of-the-url"
            }
            _ = try await scene.test.launchedUser("marker-of-the-user")
            try await scene.deliver { try await scene.receiver.wait(for: 1) }
            let owner = try await scene.test.ownerConnection()
            let rows = try await owner.rows(
                Statement(
                    "everything",
                    """
                    select string_agg(t::text, ' ') from ledger.webhook_endpoint t
                    union all select string_agg(t::text, ' ') from ledger.webhook_progress t
                    union all select string_agg(t::text, ' ') from ledger.webhook_lease t
                    union all select string_agg(t::text, ' ') from ledger.webhook_delivery t
                    union all select convert_from(string_agg(record, ' '), 'UTF8') from ledger.event
                    """
                )
            ) { result, row throws(PostgresError) in try result.text(row, 0) }
            let secret = webhook.definition.signings[0].secret.text.exposed
            for text in rows {
                #expect(!text.isEmpty)
                for word in ["marker", secret, String(secret.dropFirst(6))] {
                    #expect(!text.contains(word))
                    // As PostgreSQL writes bytes.
                    let digits = word.utf8.map { byte in
                        String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
                    }
                    #expect(!text.contains(digits.joined()))
                }
            }
            // One that is copied to another's place opens for nobody.
            let other = try await scene.add()
            try await owner.script(
                """
                update ledger.webhook_endpoint e set sealed = o.sealed, version = o.version
                from ledger.webhook_endpoint o
                where e.endpoint_id = '\(other.id)' and o.endpoint_id = '\(webhook.id)'
                """
            )
            await owner.close()
            let store = scene.test.store
            let list = try await store.webhooks(of: scene.test.app)
            #expect(list.opened.map(\.id) == [webhook.id] && list.damaged == [other.id])
            await #expect(throws: StoreError.damaged(.value)) {
                _ = try await store.webhook(other.id, of: scene.test.app)
            }
            let still = try await store.webhook(webhook.id, of: scene.test.app)
            #expect(still != nil)
            let outcome = try await store.removeWebhook(
                other.id,
                of: scene.test.app,
                context: WebhookScene.context
            )
            let left = try await store.webhooks(of: scene.test.app)
            #expect(outcome == .written && left.damaged.isEmpty)
        }
    }

    @Test("what ended 30 days ago is dropped, and nothing else")
    func dropped() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            for name in ["old", "young", "waiting"] { _ = try await scene.test.launchedUser(name) }
            try await scene.deliver { try await scene.receiver.wait(for: 3) }
            let found = try await scene.test.store.deliveries(to: webhook.id, limit: 10)
            let owner = try await scene.test.ownerConnection()
            for (delivery, change) in zip(
                found,
                [
                    "finished_at = now() - interval '31 days'",
                    "finished_at = now() - interval '29 days'",
                    """
                    state = 'pending', finished_at = null, next_attempt_at = now(),
                    created_at = now() - interval '40 days'
                    """,
                ]
            ) {
                try await owner.script(
                    "update ledger.webhook_delivery set \(change) where delivery_id = '\(delivery.id)'"
                )
            }
            await owner.close()
            let isDone = try await scene.test.store.dropOldDeliveries()
            #expect(isDone)
            let left = try await scene.test.store.deliveries(to: webhook.id, limit: 10)
            #expect(left.map(\.id) == found.dropFirst().map(\.id))
        }
    }
}

import Ledger
import LedgerStore
import TestSupport
import Testing
import Vault
@testable import Webhooks
import Wire

@Suite("deliveries", .timeLimit(.minutes(1)))
struct DeliveryTests {
    @Test("what happens arrives once, in order of position, and is on the list")
    func order() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add()
            let user = try await scene.test.connectedUser("alice@example.com")
            // Its own launch, finish, dispatch, finalized, two tokens.
            try await scene.deliver { try await scene.receiver.wait(for: 6) }
            let history = try await scene.test.store.wholeHistory(of: user)
            let messages = scene.receiver.messages
            #expect(messages.map(\.id) == (try history.map { "\(try $0.record().id)" }))
            #expect(Set(messages.map(\.path)) == ["/hook"])
            let found = try await scene.test.store.deliveries(to: webhook.id, limit: 100)
            #expect(found.reversed().map(\.position) == history.map(\.position))
            #expect(found.allSatisfy { $0.state == .delivered && $0.attemptCount == 1 })
        }
    }

    @Test("a body is thin: no token, no secret, and whose it is only where it was asked for")
    func bodies() async throws {
        try await WebhookScene.run { scene in
            _ = try await scene.add()
            _ = try await scene.test.connectedUser("alice@example.com")
            try await scene.deliver {
                try await scene.receiver.wait(for: 6)
                let named = try await scene.add { $0.namesUser = true }
                _ = try await scene.test.connectedUser("bob@example.com")
                _ = try await scene.waitForDeliveries(named) {
                    $0.count { $0.state == .delivered } >= 6
                }
            }
            let texts = scene.receiver.messages.map(\.text)
            #expect(!texts.contains { $0.contains("alice@") })
            // Six of the endpoint that asks for it.
            #expect(texts.count { $0.contains(#""client_user_id":"bob@example.com""#) } == 6)
            for word in [
                "access alice", "public alice", "access bob", "human bob", "whsec_", "demo secret",
            ] {
                #expect(!texts.contains { $0.contains(word) }, "\(word)")
            }
            let last = try JSONParser.parse(scene.receiver.messages[5].body, depthMax: 8)
            #expect(last["type"]?.text == "public_token.rotated")
            #expect(last["timestamp"]?.text.flatMap { Timestamp($0) } != nil)
            let data = try #require(last["data"])
            #expect(data["app"]?.text == "demo" && data["subject"]?.text != nil)
            #expect(data["event"]?.text == scene.receiver.messages[5].id)
            #expect(data["details"]?["version"] == .number("1"))
        }
    }

    @Test("an endpoint is sent the types that it asks for, and what comes after it was added")
    func filters() async throws {
        try await WebhookScene.run { scene in
            _ = try await scene.test.connectedUser("before")
            let webhook = try await scene.add { $0.types = ["connect.finalized"] }
            _ = try await scene.test.connectedUser("after")
            try await scene.deliver {
                let found = try await scene.waitForDeliveries(webhook) { !$0.isEmpty }
                #expect(found.map(\.type) == ["connect.finalized"])
            }
            #expect(scene.receiver.messages.count == 1)
        }
    }

    @Test("a user's later events wait for an earlier one that fails; other users' go on")
    func lanes() async throws {
        try await WebhookScene.run { scene in
            _ = try await scene.add { $0.types = ["connect.launched", "launch.closed"] }
            let first = try await scene.test.launchedUser("first")
            scene.receiver.answer { message in
                let isFirst = message.text.contains("\(first.subject)")
                return isFirst && message.text.contains("connect.launched") ? .status(500) : .taken
            }
            var change = Change(context: TestStore.context)
            change.append(.launchClosed(launch: scene.test.store.clock.identifier()))
            _ = try await scene.test.store.write(change, to: first)
            _ = try await scene.test.launchedUser("second")
            try await scene.deliver {
                // The first event is tried again and again, and nothing else of that user.
                try await scene.receiver.wait { messages in
                    messages.count { $0.text.contains("\(first.subject)") } >= 3
                        && messages.contains { !$0.text.contains("\(first.subject)") }
                }
                let early = scene.receiver.messages.filter { $0.text.contains("\(first.subject)") }
                #expect(Set(early.map(\.id)).count == 1)
                scene.receiver.answer { _ in .taken }
                try await scene.receiver.wait { $0.contains { $0.text.contains("launch.closed") } }
            }
            let all = scene.receiver.messages.filter { $0.text.contains("\(first.subject)") }
            #expect(all.last?.text.contains("launch.closed") == true)
            #expect(all.dropLast().allSatisfy { $0.text.contains("connect.launched") })
        }
    }

    @Test(
        "an endpoint that cuts, redirects or fails is tried again with the same id, and nothing is lost",
        arguments: [
            ("refused", TestReceiver.Answer.status(500)), ("unreachable", .cut),
            ("redirected", .status(302, headers: ["location": "http://127.0.0.1:1/"])),
            ("timed_out", .hang),
        ]
    )
    func failures(outcome: String, answer: TestReceiver.Answer) async throws {
        try await WebhookScene.run(answer: { _ in answer }) { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            _ = try await scene.test.launchedUser("alice")
            // Only an endpoint that hangs is waited for.
            let timeMax: Duration = outcome == "timed_out" ? .seconds(1) : .seconds(60)
            try await scene.deliver(attemptTimeMax: timeMax) {
                try await scene.receiver.wait(for: 2)
                scene.receiver.answer { _ in .taken }
                let found = try await scene.waitForDeliveries(webhook) {
                    $0.first?.state == .delivered
                }
                let attempts = try #require(found.first?.attempts)
                #expect(attempts.dropLast().allSatisfy { $0.outcome.rawValue == outcome })
                #expect(attempts.count > 1 && attempts.last?.outcome == .delivered)
            }
            #expect(Set(scene.receiver.messages.map(\.id)).count == 1)
        }
    }

    @Test("410 pauses at once, the log says so, and whoever resumes loses nothing")
    func gone() async throws {
        try await WebhookScene.run(answer: { _ in .status(410) }) { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            for number in 0..<3 { _ = try await scene.test.launchedUser("user \(number)") }
            try await scene.deliver {
                let reason = try await scene.waitForPause(webhook)
                #expect(reason == .gone)
                let count = scene.receiver.messages.count
                _ = try await scene.test.launchedUser("later")
                scene.receiver.answer { _ in .taken }
                let acts = try await scene.acts(webhook)
                #expect(acts.contains(.paused(.gone)))
                let paused = try await scene.current(webhook)
                let outcome = try await scene.test.store.resume(
                    paused,
                    of: scene.test.app,
                    context: WebhookScene.context
                )
                #expect(outcome == .written)
                _ = try await scene.waitForDeliveries(webhook) {
                    $0.count { $0.state == .delivered } == 4
                }
                #expect(Set(scene.receiver.messages.dropFirst(count).map(\.id)).count == 4)
            }
        }
    }

    @Test("who took nothing until the days are over is paused, and the log says why")
    func failing() async throws {
        try await WebhookScene.run(answer: { _ in .status(503) }) { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            _ = try await scene.test.launchedUser("alice")
            let short = RetrySchedule(
                firstSeconds: 0.01,
                factor: 1,
                secondsMax: 0.01,
                daysSeconds: 0
            )
            try await scene.deliver(schedule: short) {
                let reason = try await scene.waitForPause(webhook)
                #expect(reason == .failing)
            }
            let acts = try await scene.acts(webhook)
            #expect(acts.contains(.paused(.failing)))
            let found = try await scene.test.store.deliveries(to: webhook.id, limit: 10)
            // It waits for whoever resumes.
            #expect(found.map(\.state) == [.pending])
        }
    }

    @Test("messages that are always refused hold up nobody else, and are given up in the end")
    func poison() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched", "launch.closed"] }
            var users: [StoredUser] = []
            for number in 0..<6 {
                users.append(try await scene.test.launchedUser("bad \(number)"))
            }
            let subjects = users.map { "\($0.subject)" }
            scene.receiver.answer { message in
                let isBad =
                    message.text.contains("connect.launched")
                    && subjects.contains { message.text.contains($0) }
                return isBad ? .status(404) : .taken
            }
            let short = RetrySchedule(
                firstSeconds: 0.05,
                factor: 1,
                secondsMax: 0.05,
                daysSeconds: 5
            )
            try await scene.deliver(schedule: short) {
                // All of them are refused by now.
                _ = try await scene.waitForDeliveries(webhook) {
                    $0.count { $0.attemptCount > 0 } == 6
                }
                _ = try await scene.test.launchedUser("good")
                var change = Change(context: TestStore.context)
                change.append(.launchClosed(launch: scene.test.store.clock.identifier()))
                _ = try await scene.test.store.write(change, to: users[0])
                let found = try await scene.waitForDeliveries(webhook) {
                    $0.count { $0.state == .failed } == 6
                        && $0.contains { $0.type == "launch.closed" && $0.state == .delivered }
                }
                #expect(found.count == 8 && found.count { $0.state == .delivered } == 2)
            }
            let current = try await scene.current(webhook)
            #expect(current.pauseReason == nil)
        }
    }

    @Test("an endpoint that asks for patience is left alone")
    func patience() async throws {
        let answer = TestReceiver.Answer.status(429, headers: ["retry-after": "3600"])
        try await WebhookScene.run(answer: { _ in answer }) { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            _ = try await scene.test.launchedUser("alice")
            _ = try await scene.test.launchedUser("bob")
            try await scene.deliver {
                let found = try await scene.waitForDeliveries(webhook) {
                    $0.contains { $0.attemptCount > 0 }
                }
                let tried = try #require(found.first { $0.attemptCount > 0 })
                #expect(tried.attempts.last?.outcome == .throttled)
                let first = try #require(tried.firstAttemptAt)
                let next = try #require(tried.nextAttemptAt)
                #expect(next >= first.adding(seconds: 3_600))
                // More looks than an eager schedule would leave out.
                try await Task.sleep(for: .milliseconds(500))
                #expect(found.allSatisfy { $0.attemptCount <= 1 })
            }
            // The two may have been under way at once.
            #expect(scene.receiver.messages.count <= 2)
        }
    }
}

import Ledger
import LedgerStore
import TestSupport
import Testing
import Vault
@testable import Webhooks
import Wire

/// Deliveries of a ledger with several pairs of logs.
@Suite("deliveries of several logs", .timeLimit(.minutes(3)))
struct SeveralLogsTests {
    private static let pairs = 3

    /// Of each user, the versions that came, in the order in which they came.
    private static func versions(
        _ messages: [TestReceiver.Message]
    ) throws -> [Identifier: [Int64]] {
        var versions: [Identifier: [Int64]] = [:]
        for message in messages {
            let data = try #require(try JSONParser.parse(message.body, depthMax: 8)["data"])
            guard let subject = data["subject"]?.text.flatMap({ Identifier($0) }),
                case .number(let spelling)? = data["subject_version"],
                let version = Int64(spelling)
            else { continue }
            // A body says of which log its position is, where that is not the first.
            let log = Log(of: subject)
            #expect(data["log"]?.text == (log.pair == 0 ? nil : log.name))
            versions[subject, default: []].append(version)
        }
        return versions
    }

    private static func connect(
        _ scene: WebhookScene,
        _ names: [String]
    ) async throws -> [StoredUser] {
        try await withThrowingTaskGroup(of: StoredUser.self) { group in
            for name in names {
                group.addTask { try await scene.test.connectedUser(name) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    @Test("what happens in any log arrives once, in each user's order, and is on the list")
    func order() async throws {
        try await WebhookScene.run(pairs: Self.pairs) { scene in
            _ = try await Self.connect(scene, (0..<6).map { "before \($0)" })
            let webhook = try await scene.add()
            let users = try await scene.deliver {
                let users = try await Self.connect(scene, (0..<36).map { "user \($0)" })
                try await scene.receiver.wait(for: 36 * 6)
                return users
            }
            #expect(Set(users.map(\.log)).count == Self.pairs)
            let messages = scene.receiver.messages
            #expect(Set(messages.map(\.id)).count == messages.count)
            let versions = try Self.versions(messages)
            #expect(Set(versions.keys) == Set(users.map(\.subject)))
            #expect(versions.values.allSatisfy { $0 == Array(1...6) })
            let found = try await scene.test.store.deliveries(to: webhook.id, limit: 1_000)
            #expect(found.count == messages.count)
            for delivery in found {
                let (log, position) = try (#require(delivery.log), #require(delivery.position))
                let event = try await scene.test.store.event(at: position, log: log)
                #expect(try event?.record().id == delivery.message)
            }
        }
    }

    @Test("whoever comes next goes on in each log where the last one was, in each user's order")
    func copies() async throws {
        try await WebhookScene.run(pairs: Self.pairs) { scene in
            _ = try await scene.add()
            var names: [String] = []
            for round in 0..<4 {
                let new = (0..<5).map { "user \(round) \($0)" }
                names += new
                // Each time something is refused, and something is under way when it ends.
                scene.receiver.answer { message in
                    message.id.utf8.reduce(0) { $0 &+ Int($1) } % 4 == round ? .status(500) : .taken
                }
                try await scene.test.another { other in
                    try await scene.deliver(from: round.isMultiple(of: 2) ? other : nil) {
                        let count = scene.receiver.messages.count
                        _ = try await Self.connect(scene, new)
                        try await scene.receiver.wait(for: count + 8)
                    }
                }
            }
            scene.receiver.answer { _ in .taken }
            let expected = names.count * 6
            try await scene.deliver {
                try await scene.receiver.wait { Set($0.map(\.id)).count == expected }
                // The last ones are written down.
                let webhook = try #require(
                    try await scene.test.store.webhooks(of: scene.test.app).opened.first
                )
                _ = try await scene.waitForDeliveries(webhook) { list in
                    list.count == expected && list.allSatisfy { $0.state == .delivered }
                }
            }
            // At least once: what was sent again is what came last, or waited.
            for (subject, versions) in try Self.versions(scene.receiver.messages) {
                var next: Int64 = 1
                for version in versions {
                    #expect(version <= next, "\(subject): \(versions)")
                    if version == next { next += 1 }
                }
                #expect(next == 7)
            }
        }
    }

    @Test("one delivery, and a stretch of any log, are sent once more")
    func replays() async throws {
        try await WebhookScene.run(pairs: Self.pairs) { scene in
            let webhook = try await scene.add { $0.types = ["connect.launched"] }
            let (store, app) = (scene.test.store, scene.test.app)
            let log = Log(.facts, pair: 2)
            try await scene.deliver {
                for number in 0..<40 { _ = try await scene.test.launchedUser("user \(number)") }
                let sent = try await scene.waitForDeliveries(webhook) { $0.count == 40 }
                let there = sent.filter { $0.log == log }
                let one = try #require(there.first)
                let position = try #require(one.position)
                for positions in [position..<position + 1, 0..<(try await store.size(log: log))] {
                    _ = try await store.replay(
                        positions,
                        in: log,
                        to: webhook,
                        of: app,
                        context: WebhookScene.context
                    )
                }
                let all = try await scene.waitForDeliveries(webhook) {
                    $0.count == 41 + there.count
                }
                let again = all.filter { $0.kind == .replay }
                #expect(again.first?.message == one.message)
                #expect(Set(again.dropFirst().map(\.message)) == Set(there.map(\.message)))
                #expect(again.allSatisfy { $0.log == log })
                let acts = try await scene.acts(webhook)
                #expect(acts.contains(.replayed(position..<position + 1, log)))
            }
        }
    }

    @Test("how far an endpoint is is written in all logs or in none")
    func fencing() async throws {
        try await WebhookScene.run(pairs: Self.pairs) { scene in
            let webhook = try await scene.add()
            let store = scene.test.store
            let holder = store.clock.identifier()
            let held = try await store.leaseWebhooks(holder: holder, seconds: 60)
            let known = try #require(held.first?.nextPositions)
            #expect(Set(known.keys) == Set(store.logs.list(.facts)))
            func record(
                _ change: (inout [Log: Int64], inout [Log: Int64]) -> Void
            ) async throws -> Bool {
                var (from, to) = (known, known.mapValues { $0 + 5 })
                change(&from, &to)
                return try await store.record(
                    [],
                    WebhookProgress(of: webhook.id, holder: holder, from: from, to: to)
                )
            }
            for log in store.logs.list(.facts) {
                let isElsewhere = try await record { from, _ in from[log]? += 1 }
                #expect(!isElsewhere)
                let isBack = try await record { _, to in to[log] = (known[log] ?? 0) - 1 }
                #expect(!isBack)
            }
            let strange = try await record { from, to in
                from[Log(.facts, pair: Self.pairs)] = 0
                to[Log(.facts, pair: Self.pairs)] = 1
            }
            #expect(!strange)
            let before = try await store.leaseWebhooks(holder: holder, seconds: 60)
            #expect(before.first?.nextPositions == known)
            let isRecorded = try await record { _, _ in }
            #expect(isRecorded)
            // The answer was lost.
            let again = try await record { _, _ in }
            #expect(again)
            let after = try await store.leaseWebhooks(holder: holder, seconds: 60)
            #expect(after.first?.nextPositions == known.mapValues { $0 + 5 })
        }
    }
}

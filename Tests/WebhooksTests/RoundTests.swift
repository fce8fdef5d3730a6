import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault
@testable import Webhooks

@Suite("rounds", .timeLimit(.minutes(1)))
struct RoundTests {
    @Test(
        "how far an endpoint is for which nothing comes is kept, so that nobody begins far behind"
    )
    func quiet() async throws {
        try await WebhookScene.run { scene in
            let webhook = try await scene.add { $0.types = ["connection.broken"] }
            for number in 0..<3 { _ = try await scene.test.launchedUser("user \(number)") }
            let size = try await scene.test.store.size(log: .facts)
            let owner = try await scene.test.ownerConnection()
            func position() async throws -> Int64? {
                try await owner.firstRow(
                    Statement(
                        "position",
                        "select next_position from ledger.webhook_progress where endpoint_id = $1",
                        .uuid(webhook.id.value)
                    )
                ) { result, row throws(PostgresError) in try result.int8(row, 0) }
            }
            let before = try await position()
            #expect(before.map { $0 < size } == true)
            try await scene.deliver {
                while try await position() != size { try await Task.sleep(for: .milliseconds(50)) }
            }
            await owner.close()
            #expect(scene.receiver.messages.isEmpty)
        }
    }

    @Test("what a replay has sent is written round by round, not only when all of it was sent")
    func replay() async throws {
        try await WebhookScene.run(answer: { _ in .hang }) { scene in
            let webhook = try await scene.add { $0.types = ["launch.closed"] }
            // One user's are sent one after the other.
            let user = try await scene.test.launchedUser("alice")
            var change = Change(context: TestStore.context)
            for _ in 0..<40 {
                change.append(.launchClosed(launch: scene.test.store.clock.identifier()))
            }
            _ = try await scene.test.store.pause(
                webhook,
                .requested,
                of: scene.test.app,
                context: WebhookScene.context
            )
            _ = try await scene.test.store.write(change, to: user)
            let paused = try await scene.current(webhook)
            _ = try await scene.test.store.replay(
                0..<(try await scene.test.store.size(log: .facts)),
                to: paused,
                of: scene.test.app,
                context: WebhookScene.context
            )
            // A fortieth of all takes longer than a fortieth of a round.
            try await scene.deliver(attemptTimeMax: .milliseconds(300)) {
                let first = try await scene.waitForDeliveries(webhook) { !$0.isEmpty }
                #expect(first.count < 40)
                scene.receiver.answer { _ in .taken }
                let all = try await scene.waitForDeliveries(webhook) { $0.count == 40 }
                #expect(Set(all.map(\.message)).count == 40)
                #expect(all.map(\.position) == all.map(\.position).sorted { ($0 ?? 0) < ($1 ?? 0) })
            }
        }
    }
}

import AsyncHTTPClient
import BoundedClient
import Ledger
import LedgerStore
import NIOCore
import NIOHTTP1
import TestSupport
import Testing
import Vault

@testable import LedgerAPI

/// What ends a follow, and who is refused.
@Suite("The end of a follow", .oneServiceAtATime, .timeLimit(.minutes(10)))
struct FollowEndTests {
    /// Follows, runs `body` once it does, and gives how it ended: by itself, or `.left` after a while.
    private func ended(
        _ service: TestService,
        _ follower: TestFollower,
        by body: () async throws -> Void
    ) async throws -> (EventStreamCall.Outcome, TestFollower) {
        let (openings, opening) = AsyncStream.makeStream(of: Void.self)
        return try await withThrowingTaskGroup(
            of: (EventStreamCall.Outcome, TestFollower)?.self
        ) { group in
            group.addTask {
                var follower = follower
                let outcome = await follower.connect(isOpen: { opening.yield() })
                opening.finish()
                return (outcome, follower)
            }
            for await _ in openings { break }
            try await body()
            group.addTask {
                try? await Task.sleep(for: .seconds(25))
                return nil
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first ?? (.left, follower)
        }
    }

    @Test("a key that is revoked, has expired, or is good elsewhere only, ends its follows")
    func keys() async throws {
        try await TestService.run { service in
            for change in [
                "revoked_at = now()", "expires_at = now()", "networks = '{192.0.2.0/24}'",
                "scopes = '{launch}'",
                "client_certificates = '{\(CertificateThumbprint(of: [1]))}'",
            ] {
                let key = try await service.key(.eventsRead)
                let id = try #require(APIKey(key)).id
                let follower = TestFollower(service, "from_position=end", key: key)
                let (outcome, _) = try await ended(service, follower) {
                    try await service.damage(
                        "update ledger.api_key set \(change) where key_id = '\(id)'"
                    )
                }
                guard case .ended = outcome else {
                    Issue.record("\(change): \(outcome)")
                    continue
                }
            }
        }
    }

    @Test("a shutdown ends follows in order, says when to come again, and waits for nobody")
    func shutdown() async throws {
        try await TestService.run { service in
            let follower = TestFollower(service, "from_position=end")
            let (outcome, ended) = try await ended(service, follower) {
                await service.beginShutdown()
            }
            guard case .ended = outcome else {
                Issue.record("\(outcome)")
                return
            }
            let retry = try #require(ended.reader.retry)
            #expect((.milliseconds(1_000)...(.milliseconds(5_000))).contains(retry))
            try await service.server.value
        }
    }

    @Test("a log that is another one than before ends follows, and who comes back is told")
    func otherHistory() async throws {
        try await TestService.run { service in
            try await service.connect("alice")
            let follower = TestFollower(service, "from_position=end")
            let last = try await service.store.size(log: .facts) - 1
            let (outcome, ended) = try await ended(service, follower) {
                // It must have been seen as it was.
                _ = try await service.launch("seen")
                try await Task.sleep(for: .seconds(1))
                try await service.damage(
                    """
                    alter table ledger.event disable trigger all;
                    update ledger.event set record = convert_to('{}', 'UTF8')
                    where log_id = 0 and position = \(last + 1);
                    alter table ledger.event enable always trigger event_is_immutable;
                    alter table ledger.event enable always trigger event_is_not_truncated;
                    """
                )
            }
            guard case .ended = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(ended.positions == [last + 1])
            var again = ended
            guard case .refused(let answer) = await again.connect() else {
                Issue.record("the place is not there any more")
                return
            }
            #expect(answer.status == 409)
        }
    }

    @Test("as many follow with a key as may, and one more when one has gone; HEAD always")
    func room() async throws {
        try await TestService.run { service in
            var configuration = HTTPClient.Configuration()
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 300
            let client = HTTPClient(
                eventLoopGroupProvider: .singleton,
                configuration: configuration
            )
            do {
                try await Self.fill(service, client)
            } catch {
                Issue.record(error)
            }
            try await client.shutdown()
        }
    }

    private static func fill(_ service: TestService, _ client: HTTPClient) async throws {
        let key = try await service.key(.eventsRead)
        var request = HTTPClientRequest(url: service.url + "/v1/events/tail?from_position=end")
        request.headers.add(name: "Authorization", value: "Bearer " + key)
        var answers: [HTTPClientResponse] = []
        for _ in 0..<RequestLimits.followsOfKeyMax {
            let answer = try await client.execute(request, timeout: .seconds(60))
            #expect(answer.status == .ok)
            answers.append(answer)
        }
        let before = try await service.records(log: .access).count
        // One that were let in by mistake would end.
        let end = "/v1/events/tail?follow=false"
        let refused = try await service.call(.GET, end, key: key)
        #expect(refused.status == 429 && refused.code == "too_many_follows")
        #expect(refused.headers["retry-after"] == "10")
        #expect(try await service.records(log: .access).count == before)
        let head = try await service.call(.HEAD, "/v1/events/tail", key: key)
        #expect(head.status == 200)
        let other = try await service.get(end)
        #expect(other.status == 200, "another key has a share of its own")
        answers.removeLast()
        try await eventually("a reader that has gone leaves its place") {
            try await service.call(.GET, end, key: key).status == 200
        }
        answers.removeAll()
    }

    @Test("who is told of nothing learns now and then where to go on")
    func heartbeat() async throws {
        try await TestService.run { service in
            var follower = TestFollower(service, "from_position=end&type=person.gone")
            let (openings, opening) = AsyncStream.makeStream(of: Void.self)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in openings {
                        for number in 0..<3 { _ = try await service.launch("passed \(number)") }
                        // Longer than it is silent.
                        try await Task.sleep(for: .seconds(17))
                        try await service.damage(
                            "update ledger.api_key set revoked_at = now()"
                        )
                        return
                    }
                }
                await follower.connect(isOpen: { opening.yield() })
                opening.finish()
                try await group.waitForAll()
            }
            #expect(follower.events.isEmpty)
            let size = try await service.store.size(log: .facts)
            let place = try #require(LogPlace(follower.reader.lastID))
            #expect(place.position == size - 1)
        }
    }

    @Test("what the service did not write is told as such, and cannot pass for more than it is")
    func forged() async throws {
        try await TestService.run { service in
            try await service.damage(
                """
                insert into ledger.event (log_id, position, event_id, app_id, type, recorded_at, record)
                select 0, size, gen_random_uuid(), '\(service.app.id)', 'launch.closed', now(),
                    convert_to(E'{}\\n\\nid: 9-00000000\\revent: x\\r\\ndata: {"position":9}\\n\\n', 'UTF8')
                from ledger.log where log_id = 0;
                update ledger.log set size = size + 1 where log_id = 0;
                """
            )
            var passed = TestFollower(service, "follow=false&type=launch.closed")
            await passed.connect()
            #expect(passed.events.count == 1)
            let size = try await service.store.size(log: .facts)
            #expect(passed.events.first?.type == "message")
            #expect(passed.events.first?.id.hasPrefix("\(size - 1)-") == true)
            #expect(passed.events.first?.data.contains("\"forged\":true") == true)
        }
    }
}

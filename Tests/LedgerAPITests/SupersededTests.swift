import Ledger
@testable import LedgerStore
import Logging
import NIOHTTP1
import Testing
import Wire

/// What callers see of values that were dropped.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct SupersededTests {
    private func setGrace(_ seconds: Int64, _ service: TestService) async throws {
        try await service.changeApp { $0.supersededGraceSeconds = seconds }
    }

    @Test("a past token and a repeated finish say that the value was dropped, and nothing fails")
    func dropped() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("alice")
            let session = try await service.session(launch)
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            let first = try await service.records(log: .facts).count - 1
            let earlier = service.user("alice", "/tokens?as_of_position=\(first)")
            let before = try await service.get(earlier)
            #expect(before.status == 200)
            try await service.connect("alice", "scale")
            let reads = try await service.records(log: .access).count
            let again = try await service.get(earlier)
            #expect(
                again.status == 200 && again.json["public_token"] == before.json["public_token"]
            )
            try await setGrace(0, service)
            let dropper = ValueDropper(store: service.store, logger: service.logs.logger())
            await dropper.look()
            let gone = try await service.get(earlier)
            #expect(gone.status == 410 && gone.code == "token_dropped", "\(gone.text)")
            let head = try await service.call(.HEAD, earlier, key: service.key)
            #expect(head.status == 410)
            let repeated = try await service.finish(launch.finishPath, session)
            #expect(repeated.status == 410 && repeated.code == "token_dropped")
            // Nothing left, so nothing is on record as read.
            #expect(try await service.records(log: .access).count == reads + 2)
            #expect(try await service.tokens("alice").status == 200)
            #expect(try await service.exchanges(of: session) == 1)
            // What is lost is no drop.
            try await service.connect("alice", "lab")
            let second = try #require(
                try await service.records(log: .facts).lastIndex {
                    if case .publicTokenRotated(let token, _) = $0.event {
                        token.version == 2
                    } else {
                        false
                    }
                }
            )
            try await service.damage("delete from vault.value where superseded_at is not null")
            let lost = try await service.get(
                service.user("alice", "/tokens?as_of_position=\(second)")
            )
            #expect(lost.status == 500 && lost.code == "internal")
        }
    }
}

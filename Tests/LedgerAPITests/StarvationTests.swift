import Foundation
import Ledger
import LedgerAPI
@testable import LedgerStore
import NIOHTTP1
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Nobody starves anybody", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct StarvationTests {
    /// As many as were seen to starve others.
    private static let crowd = 600

    @Test(
        "who reads the tree, lists or exports may take their share, and leaves all others theirs",
        arguments: [
            "/tile/entries/000.p/1", "/v1/events", "/v1/consistency?from=0&to=1",
            "/v1/users", "/v1/export", "/v1/users/known/events",
        ]
    )
    func bulk(path: String) async throws {
        let isInMemory = path.hasPrefix("/tile") || path.hasPrefix("/v1/consistency")
        try await TestService.run(rates: .unlimited) { service in
            try await service.connect("known")
            while try await service.store.latestCheckpoint(log: .facts) == nil {
                try await Task.sleep(for: .milliseconds(50))
            }
            try await withBusyShare(service) {
                try await withThrowingTaskGroup(of: Int.self) { crowd in
                    for _ in 0..<Self.crowd {
                        crowd.addTask { try await service.get(path).status }
                    }
                    try await Task.sleep(for: .milliseconds(300))
                    for number in 0..<5 { try await Self.expectService(service, number) }
                    var statuses: Set<Int> = []
                    while let status = await crowd.nextResult() {
                        statuses.insert((try? status.get()) ?? 0)
                    }
                    // They do wait for the share that is busy: that is what this is about.
                    // Exports have a bound of their own, which most of these meet first.
                    let told = path == "/v1/export" ? 429 : 503
                    #expect(statuses.isSubset(of: [200, 503, told]), "\(statuses)")
                    // What is in memory needs no share.
                    #expect(statuses.contains(told) != isInMemory)
                }
            }
            #expect(try await service.get(path).status == 200)
        }
    }

    /// All that must go on: launches, finishes, current tokens, keys, readiness.
    private static func expectService(_ service: TestService, _ number: Int) async throws {
        #expect(try await service.tokens("known").status == 200)
        let launch = try await service.launch("finishing \(number)")
        let session = try await service.session(launch)
        #expect(try await service.finish(launch.finishPath, session).status == 201)
        #expect(try await service.call(.GET, "/readyz", key: nil).status == 200)
        let key = try await service.key(.usersRead)
        #expect(try await service.call(.GET, "/v1/users/known", key: key).status == 200)
    }

    /// Keeps every connection busy that lists and trees may have.
    private func withBusyShare(
        _ service: TestService,
        _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { sleepers in
            for _ in 0..<8 {
                sleepers.addTask {
                    while !Task.isCancelled {
                        try? await service.served.pools.administration.query(
                            Statement("sleep", "select pg_sleep(0.5)"),
                            share: .bulk
                        ) { _ throws(PostgresError) in }
                    }
                }
            }
            try await body()
            sleepers.cancelAll()
        }
    }
}

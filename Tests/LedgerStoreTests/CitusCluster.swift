import Foundation
import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

/// A Citus cluster of a test's own: a coordinator and two workers, on which a ledger is distributed.
///
/// Citus is no package of Debian, so tests of it run where somebody has installed it and asks for them (`make
/// test-citus`). `PartitionTests` stand in for them everywhere else.
struct CitusCluster {
    /// Whether somebody asks.
    static var isAsked: Bool { ProcessInfo.processInfo.environment["TEST_CITUS"] != nil }

    let coordinator: TestCluster
    let workers: [TestCluster]

    /// The owner's, in the coordinator's database.
    func owner() async throws -> PostgresConfiguration {
        PostgresConfiguration(url: try await coordinator.url())
    }

    /// The owner's, in a worker's database.
    func owner(worker: Int) async throws -> PostgresConfiguration {
        PostgresConfiguration(url: try await workers[worker].url())
    }

    private static let settings = ["shared_preload_libraries": "citus", "wal_level": "logical"]

    /// Lends one whose servers know each other, and whose database is empty.
    static func run(_ body: @Sendable (CitusCluster) async throws -> Void) async throws {
        try await TestCluster.run(settings: settings) { coordinator in
            try await TestCluster.run(settings: settings) { first in
                try await TestCluster.run(settings: settings) { second in
                    let cluster = CitusCluster(coordinator: coordinator, workers: [first, second])
                    try await prepare(coordinator)
                    let own = try await coordinator.socketFolder()
                    try await cluster.script("select citus_set_coordinator_host('\(own)', 5432)")
                    for worker in cluster.workers { try await cluster.add(worker) }
                    try await body(cluster)
                }
            }
        }
    }

    /// Lends the same with one worker more, which comes now.
    func withAnotherWorker(
        _ body: @Sendable (CitusCluster) async throws -> Void
    ) async throws {
        try await TestCluster.run(settings: Self.settings) { worker in
            try await add(worker)
            try await body(CitusCluster(coordinator: coordinator, workers: workers + [worker]))
        }
    }

    /// Does something on the coordinator as the owner, who is the administrator too.
    func script(_ sql: String) async throws {
        let connection = try await PostgresConnection.connect(
            try await owner().withoutTimeLimits
        )
        try await connection.script(sql)
        await connection.close()
    }

    private func add(_ worker: TestCluster) async throws {
        try await Self.prepare(worker)
        // The servers are named by the folders of their sockets.
        let folder = try await worker.socketFolder()
        try await script("select citus_add_node('\(folder)', 5432)")
    }

    private static func prepare(_ server: TestCluster) async throws {
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(url: try await server.url()).withoutTimeLimits
        )
        let folder = try await server.socketFolder()
        try await connection.script("alter system set citus.local_hostname = '\(folder)'")
        try await connection.script("select pg_reload_conf()")
        try await connection.script("create extension citus")
        await connection.close()
    }
}

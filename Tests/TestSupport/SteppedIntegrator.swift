import Foundation
import Ledger
package import LedgerAudit
@testable package import LedgerStore
import Logging
internal import Postgres
import Vault

/// One integrator of the log of facts, from its start, that looks when the test says so.
package final class SteppedIntegrator {
    private let test: TestStore
    private let folder: String?
    private let integrator: Integrator
    private var logs: [Log: WatchedLog] = [:]

    /// Starts on the test's own store unless another is given.
    package init(
        _ test: TestStore,
        store: LedgerStore? = nil,
        folder: String? = nil,
        cosign: Integrator.Cosign? = nil,
        maps: [MapKeeper] = []
    ) {
        self.test = test
        self.folder = folder
        let store = store ?? test.store
        integrator = Self.integrator(store, store.pools, folder, cosign, maps)
    }

    /// An integrator that nothing runs.
    package static func integrator(
        _ store: LedgerStore,
        _ pools: LogPools,
        _ folder: String?,
        _ cosign: Integrator.Cosign? = nil,
        _ maps: [MapKeeper] = []
    ) -> Integrator {
        Integrator(
            store: store,
            pools: pools,
            checkpointFolder: folder,
            cosign: cosign,
            maps: maps,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    /// The maps of each pair of a store's logs, made of what is there now.
    package static func loadedMaps(of store: LedgerStore) async throws -> [MapKeeper] {
        var maps: [MapKeeper] = []
        for log in store.logs.list(.facts) {
            let keeper = MapKeeper(
                store: store,
                facts: log,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
            try await keeper.load()
            maps.append(keeper)
        }
        return maps
    }

    /// Looks at all logs once.
    package func look() async throws {
        for log in test.store.logs.all { try await look(log) }
    }

    private func look(_ log: Log) async throws {
        var watched = logs[log]
        defer { logs[log] = watched }
        try await integrator.look(at: log, &watched)
    }

    /// The alarm that a look at the log of facts raises.
    package func alarm() async -> IntegrationAlarm? {
        do {
            try await look(.facts)
            return nil
        } catch {
            return error as? IntegrationAlarm
        }
    }

    /// The last checkpoint of the log of facts.
    package func latest() async throws -> PublishedCheckpoint {
        guard let latest = try await test.store.latestCheckpoint(log: .facts) else {
            throw StoreError.defect
        }
        return latest
    }

    /// Launches users, all at the same time.
    package func append(_ count: Int, round: Int) async throws {
        let test = test
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<count {
                group.addTask { _ = try await test.launchNew("user \(round) \(number)") }
            }
            try await group.waitForAll()
        }
    }

    /// Verifies the whole database, with the root key and the folder.
    package func verify() async throws -> VerificationReport {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(test.rootKey)
        plan.checkpointFolder = folder
        return try await Verification.run(test.owners, plan: plan)
    }

    /// Does something that no role but the superuser can, in each database.
    package static func damage(_ test: TestStore, _ sql: String) async throws {
        for part in test.owners.parts {
            let owner = try await PostgresConnection.connect(part.database.withoutTimeLimits)
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                alter table ledger.log disable trigger all;
                alter table ledger.checkpoint disable trigger all;
                alter table ledger.tile disable trigger all;
                \(sql)
                """
            )
            await owner.close()
        }
    }

    /// A new folder, which the test removes.
    package static func temporaryFolder() throws -> String {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("token-ledger-" + UUID().uuidString).path
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        return folder
    }
}

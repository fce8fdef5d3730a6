import LedgerStore
import Postgres

extension TestService {
    /// What makes checkpoints, and states what is current.
    static func work(_ integrator: Integrator, _ maps: [MapKeeper]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for maps in maps { group.addTask { try await maps.run() } }
            group.addTask { try await integrator.run() }
            try await group.waitForAll()
        }
    }

    /// What makes checkpoints of a store, and what keeps the maps of each pair of its logs.
    static func integrator(
        _ store: LedgerStore,
        _ pools: LogPools,
        _ logs: LogMemory
    ) -> (Integrator, [MapKeeper]) {
        let maps = MapKeeper.all(of: store, pools: pools, logger: logs.logger())
        let integrator = Integrator(
            store: store,
            pools: pools,
            checkpointFolder: nil,
            maps: maps,
            standstillMax: .seconds(8),
            logger: logs.logger()
        )
        return (integrator, maps)
    }
}

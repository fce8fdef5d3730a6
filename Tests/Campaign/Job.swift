internal import Foundation
internal import SeededRandom
internal import TestSupport

/// Some rounds of one fault in one world.
package struct Job: Sendable {
    package let fault: Fault
    package let rounds: Int
    /// How often the fault is injected in each round.
    package let injectionsPerRound: Int
    /// By which names visitors ask the sandbox to behave differently, beside what the fault wants.
    private let behaviours: [String]

    package init(
        _ fault: Fault,
        rounds: Int,
        injectionsPerRound: Int,
        behaviours: [String] = []
    ) {
        self.fault = fault
        self.rounds = rounds
        self.injectionsPerRound = injectionsPerRound
        self.behaviours = behaviours
    }

    private static let diskMegabytes = 384

    /// Makes the world and plays the rounds with the service's program, until one finds a violation.
    ///
    /// The seed decides users, habits, and when what is injected. Throws what keeps a world from
    /// being tried.
    package func run(program: String, seed: UInt64) async throws -> FaultReport {
        guard fault.needsImage else {
            let folder = try newTemporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try await run(program, folder: folder, disk: nil, seed: seed)
        }
        return try await DiskImage.run(megabytes: Self.diskMegabytes) { disk in
            try await run(program, folder: disk.folder, disk: disk, seed: seed)
        }
    }

    private func run(
        _ program: String,
        folder: String,
        disk: DiskImage?,
        seed: UInt64
    ) async throws -> FaultReport {
        // The server's user must be able to pass.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder)
        return try await withDatabase(in: folder) { database in
            try await World.run(program, for: fault, on: database, folder: folder) { world in
                try await play(world, disk, seed)
            }
        }
    }

    private func withDatabase<Value: Sendable>(
        in folder: String,
        _ body: (WorldDatabase) async throws -> Value
    ) async throws -> Value {
        if let nodes = fault.nodes {
            return try await ReplicatedCluster.run(nodes: nodes, folder: "\(folder)/nodes") {
                try await body(.replicated($0))
            }
        }
        return try await TestCluster.run(
            folder: "\(folder)/postgres",
            durable: true,
            settings: fault.settings
        ) { cluster in
            let socket = "\(try await cluster.socketFolder())/.s.PGSQL.5432"
            return try await LossyProxy.run(in: .path(socket), overTCP: true) { link in
                try await body(.single(cluster, link: link))
            }
        }
    }

    private func play(
        _ world: World,
        _ disk: DiskImage?,
        _ seed: UInt64
    ) async throws -> FaultReport {
        var random = SeededRandom(seed: seed)
        var report = FaultReport(fault: fault)
        for _ in 0..<rounds {
            let round = Round(
                world: world,
                fault: fault,
                disk: disk,
                seed: random.next(),
                injections: injectionsPerRound,
                behaviours: behaviours + Injector.behaviours(for: fault)
            )
            let result = try await round.run()
            report.add(result)
            // After the first damage everything is damaged.
            guard result.violations.isEmpty else { break }
        }
        return report
    }
}

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
    let behaviours: [String]

    package init(
        _ fault: Fault,
        rounds: Int,
        injectionsPerRound: Int,
        behaviours: [String] = []
    ) {
        self.behaviours = behaviours
        self.fault = fault
        self.rounds = rounds
        self.injectionsPerRound = injectionsPerRound
    }

    private static let diskMegabytes = 384

    /// Makes the world and plays the rounds with the service's program, until one finds a violation.
    ///
    /// The seed decides users, habits, and when what is injected. Throws what keeps a world from
    /// being tried.
    package func run(program: String, seed: UInt64) async throws -> FaultReport {
        var plan = World.Plan(program: program)
        plan.copies = fault == .serviceFrozen ? 2 : 1
        plan.settings = fault.settings
        plan.script = fault.script
        plan.isUnsafe = fault.isControl
        let chosen = plan
        guard fault.needsImage else {
            let folder = try newTemporaryFolder()
            defer { try? FileManager.default.removeItem(atPath: folder) }
            return try await run(chosen, folder: folder, disk: nil, seed: seed)
        }
        return try await DiskImage.run(megabytes: Self.diskMegabytes) { disk in
            try await run(chosen, folder: disk.folder, disk: disk, seed: seed)
        }
    }

    private func run(
        _ plan: World.Plan,
        folder: String,
        disk: DiskImage?,
        seed: UInt64
    ) async throws -> FaultReport {
        // The server's user must be able to pass.
        try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder)
        return try await TestCluster.run(
            folder: "\(folder)/postgres",
            durable: true,
            settings: plan.settings
        ) { cluster in
            try await World.run(plan, on: cluster, folder: folder) { world in
                try await play(world, disk, seed)
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

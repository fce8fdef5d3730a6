internal import SeededRandom
internal import Synchronization

/// All jobs of a campaign, some worlds at a time (docs/threats.md#3-faults).
package struct Campaign: Sendable {
    package var program: String
    package var seed: UInt64
    package var jobs: [Job]
    /// How many worlds live at once: much of their time they wait.
    package var worlds: Int

    package init(program: String, seed: UInt64, jobs: [Job], worlds: Int) {
        self.program = program
        self.seed = seed
        self.jobs = jobs
        self.worlds = worlds
    }

    /// The default: the numbers of docs/threats.md#4-goal-figures that fit into twenty minutes.
    package static let usualJobs: [Job] =
        [
            Job(.serviceFrozen, rounds: 4, injectionsPerRound: 3),
            Job(.copyKilled, rounds: 3, injectionsPerRound: 12),
            Job(.powerCut, rounds: 5, injectionsPerRound: 1),
            Job(.powerCut, rounds: 5, injectionsPerRound: 1),
            Job(.provider, rounds: 4, injectionsPerRound: 10),
            Job(.provider, rounds: 4, injectionsPerRound: 10),
            Job(.provider, rounds: 4, injectionsPerRound: 10),
            Job(.diskFull, rounds: 4, injectionsPerRound: 2),
            Job(.unsyncedPowerCut, rounds: 5, injectionsPerRound: 1),
            Job(.asynchronousPowerCut, rounds: 5, injectionsPerRound: 1),
            Job(.serviceKilled, rounds: 5, injectionsPerRound: 12),
            Job(.serverKilled, rounds: 5, injectionsPerRound: 5),
            Job(.backendKilled, rounds: 3, injectionsPerRound: 8),
            Job(.commitLost, rounds: 4, injectionsPerRound: 55),
            Job(.databaseLink, rounds: 4, injectionsPerRound: 8),
            Job(.pages, rounds: 3, injectionsPerRound: 20),
            Job(.everyCrashPoint, rounds: 1, injectionsPerRound: 1),
        ] + Fault.crashPoints.map { Job(.crashPoint($0), rounds: 2, injectionsPerRound: 11) }

    /// What `make test-ha` does: other nodes have to take over (docs/availability.md).
    package static let failoverJobs = [
        Job(.primaryKilled, rounds: 2, injectionsPerRound: 2),
        Job(.primaryServerKilled, rounds: 2, injectionsPerRound: 2),
        Job(.primaryOfTwoKilled, rounds: 1, injectionsPerRound: 4),
        Job(.switchover, rounds: 2, injectionsPerRound: 5),
    ]

    /// Runs every job; gives one report for each fault, in the order of the table.
    ///
    /// `onProgress` gets the report of a job that has ended.
    package func run(
        onProgress: @escaping @Sendable (FaultReport) -> Void
    ) async -> [FaultReport] {
        let queue = JobQueue(jobs, seed: seed)
        let reports = await withTaskGroup(of: [FaultReport].self) { group in
            for _ in 0..<worlds {
                group.addTask {
                    var reports: [FaultReport] = []
                    while let (job, seed) = queue.next() {
                        let report = await self.run(job, seed)
                        reports.append(report)
                        onProgress(report)
                    }
                    return reports
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        return Fault.all.compactMap { fault in
            let same = reports.filter { $0.fault == fault }
            guard var sum = same.first else { return nil }
            for report in same.dropFirst() { sum.add(report) }
            return sum
        }
    }

    private func run(_ job: Job, _ seed: UInt64) async -> FaultReport {
        do {
            return try await job.run(program: program, seed: seed)
        } catch {
            var report = FaultReport(fault: job.fault)
            report.failure = "\(error)"
            return report
        }
    }
}

/// The jobs that nobody has taken yet, each with the seed that belongs to it.
private final class JobQueue: Sendable {
    private let rest: Mutex<[(Job, UInt64)]>

    /// A job's seed is the same whatever other faults are tried beside it.
    init(_ jobs: [Job], seed: UInt64) {
        var ordinals: [Fault: Int] = [:]
        let seeded = jobs.map { job in
            let ordinal = ordinals[job.fault, default: 0]
            ordinals[job.fault] = ordinal + 1
            let name = "\(job.fault.name) \(ordinal)".utf8
            let number = name.reduce(seed) { $0 &* 0x0000_0100_0000_01B3 ^ UInt64($1) }
            var random = SeededRandom(seed: number)
            return (job, random.next())
        }
        rest = Mutex(seeded.reversed())
    }

    func next() -> (Job, UInt64)? { rest.withLock { $0.popLast() } }
}

internal import SeededRandom
internal import TestSupport

/// One round: load, a fault or several, and then the check of everything.
struct Round {
    /// What came of it.
    struct Result: Sendable {
        var injections = 0
        var visits = 0
        var recoveries: [Duration] = []
        var outages: [Duration] = []
        var violations: [Violation] = []
        /// Of the whole world so far.
        var tally = Tally.none
        /// Where the evidence lies, if something was broken.
        var storyFile: String?
    }

    let world: World
    let fault: Fault
    let disk: DiskImage?
    let seed: UInt64
    /// How often the fault is injected.
    let injections: Int
    /// By which names visitors ask the sandbox to behave differently.
    let behaviours: [String]

    /// How many users are asked at once whether the next popup opens.
    private static let probesMax = 8

    /// Plays it, and gives what was seen.
    func run() async throws -> Result {
        var random = SeededRandom(seed: seed)
        var injector = Injector(world, fault, disk: disk, seed: random.next())
        var result = Result(injections: injections)
        do {
            result.visits = try await Load.run(
                on: world,
                seed: random.next(),
                behaviours: behaviours
            ) { try await injector.inject(injections) }
        } catch CampaignError.destroyed(let words) {
            result.violations.append(Violation(.acknowledged, "nothing is left: \(words)"))
            var evidence = Evidence()
            evidence.journal = world.journal.all
            result.tally = Tally(evidence)
            result.visits = evidence.journal.count
            return result
        }
        guard result.visits > 0 else { throw CampaignError.noLoad(fault: fault.name) }
        result.recoveries = injector.recoveries
        result.outages = injector.outages
        result.violations += injector.violations
        if try await !world.settle() {
            result.violations.append(Violation(.ended, "not everything ended within a minute"))
        }
        result.violations += try await probe()
        let evidence = try await world.evidence()
        let checker = Checker(evidence)
        result.tally = Tally(checker)
        result.violations += checker.violations + answersLost(result.tally)
        result.violations += try await world.verify()
        if !result.violations.isEmpty {
            let story = evidence.story(of: result.violations)
            result.storyFile = try CampaignStory.save(story, fault: fault, seed: seed)
        }
        return result
    }

    private func answersLost(_ tally: Tally) -> [Violation] {
        guard !fault.mayLoseAnswers, tally.unresolved > 0 else { return [] }
        return [Violation(.answersKept, "\(tally.unresolved) answers of the provider are lost")]
    }

    /// Asks for every user of the round whether everything works: launch, popup, finish and read.
    private func probe() async throws -> [Violation] {
        let visitors = world.takeTouched()
        return try await withThrowingTaskGroup(of: Violation?.self) { group in
            var violations: [Violation?] = []
            for (place, visitor) in visitors.enumerated() {
                if place >= Self.probesMax, let ended = try await group.next() {
                    violations.append(ended)
                }
                group.addTask {
                    var visitor = visitor
                    return try await visitor.probe().map { Violation(.stuck, $0) }
                }
            }
            for try await ended in group { violations.append(ended) }
            return violations.compactMap { $0 }
        }
    }
}

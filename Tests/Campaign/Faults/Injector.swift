internal import Foundation
internal import HumanConnectSandbox
internal import PostgresCluster
internal import SeededRandom
internal import TestSupport

/// Does to a world what a fault is, under load.
struct Injector {
    let world: World
    let fault: Fault
    /// The disk, where the world stands on one of its own.
    let disk: DiskImage?
    var random: SeededRandom
    /// How long it took each time until everything was well again.
    var recoveries: [Duration] = []
    /// How long it took in all, where another node had to take over first.
    var outages: [Duration] = []
    /// What was seen on the way that must not be.
    var violations: [Violation] = []
    /// After how many bytes the provider's next answer is cut: each time one later.
    private var cutBytes = 0

    init(_ world: World, _ fault: Fault, disk: DiskImage?, seed: UInt64) {
        self.world = world
        self.fault = fault
        self.disk = disk
        random = SeededRandom(seed: seed)
        cutBytes = Int.random(in: 0..<Self.answerBytes, using: &random)
    }

    private static let waitMax = Duration.seconds(60)
    private static let waitPause = Duration.milliseconds(10)
    private static let crashTimeMax = Duration.seconds(40)
    /// More than an answer of the provider has, with its head.
    private static let answerBytes = 700

    /// Injects it so many times; everything runs again afterwards.
    mutating func inject(_ times: Int) async throws {
        if case .crashPoint(12) = fault { return try await crashWhileSettling(times) }
        for number in 0..<times {
            try await waitForFinish()
            try await injectOnce(number)
        }
        try await waitForFinish()
    }

    private mutating func injectOnce(_ number: Int) async throws {
        switch fault {
        case .pages: try await pause(.milliseconds(200)...(.milliseconds(900)))
        case .serviceKilled: try await killCopy(0)
        case .copyKilled: try await killCopy(number)
        case .primaryKilled: try await killPrimary()
        case .primaryServerKilled: try await killPrimaryServer()
        case .primaryOfTwoKilled: try await killPrimaryOfTwo()
        case .switchover: try await switchOver()
        case .serviceFrozen: try await freezeService(isLong: number.isMultiple(of: 2))
        case .serverKilled: try await killServer()
        case .backendKilled: try await killBackend()
        case .commitLost: try await loseCommit()
        case .databaseLink: try await disturbDatabaseLink()
        case .provider: try await disturbProvider()
        case .crashPoint(let number): try await crash(at: number)
        case .everyCrashPoint:
            for number in Fault.crashPoints.dropLast() { try await crash(at: number) }
            try await crashWhileSettling(2)
        case .diskFull: try await fillDisk()
        case .powerCut, .unsyncedPowerCut, .asynchronousPowerCut: try await cutPower()
        }
    }

    /// A fault without load proves nothing: somebody must have brought a finish to its end that began
    /// after the fault before.
    ///
    /// Then the provider is being called again as well: no breaker is open.
    private func waitForFinish() async throws {
        let begin = world.journal.now
        try await wait(orElse: "nothing was acknowledged") {
            world.journal.hasFinish(since: begin)
        }
        world.notes.providerIsDisturbed = false
    }

    mutating func pause(_ range: ClosedRange<Duration>) async throws {
        let share = Double.random(in: 0...1, using: &random)
        let span = range.upperBound - range.lowerBound
        try await Task.sleep(for: range.lowerBound + span * share)
    }

    /// Waits until every copy would write a launch, and notes how long that took.
    mutating func waitUntilReady(since begin: ContinuousClock.Instant) async throws {
        for service in world.services {
            try await wait(orElse: "the service did not become ready again") {
                if await service.isReady() { return true }
                try await service.checkIsAlive()
                return false
            }
        }
        recoveries.append(ContinuousClock.now - begin)
    }

    /// Waits until something holds, for a minute; otherwise the fault has proved nothing.
    func wait(
        orElse words: String,
        until holds: () async throws -> Bool
    ) async throws {
        let begin = ContinuousClock.now
        while try await !holds() {
            guard ContinuousClock.now - begin < Self.waitMax else {
                throw CampaignError.notInjected(fault: fault.name, words: words)
            }
            try await Task.sleep(for: Self.waitPause)
        }
    }
}

// MARK: The service

extension Injector {
    /// Where there are others, they take over what it has left behind, and each may do so.
    private mutating func killCopy(_ number: Int) async throws {
        try await pause(.milliseconds(100)...(.milliseconds(1_200)))
        let service = world.services[number % world.services.count]
        try await service.kill()
        recoveries.append(try await service.start())
    }

    /// The other copy takes over what the frozen one does not bring to an end.
    private mutating func freezeService(isLong: Bool) async throws {
        let service = world.services[0]
        try await pause(.milliseconds(50)...(.milliseconds(400)))
        await service.freeze()
        try await pause(isLong ? .seconds(24)...(.seconds(30)) : .milliseconds(300)...(.seconds(4)))
        let begin = ContinuousClock.now
        await service.thaw()
        try await waitUntilReady(since: begin)
    }

    private mutating func crash(at number: Int) async throws {
        let service = world.services[0]
        try await service.kill()
        try await service.start(crashPoint: "P\(number):\(Int.random(in: 1...3, using: &random))")
        try await service.waitForCrash(atMost: Self.crashTimeMax)
        recoveries.append(try await service.start())
    }

    /// Leaves some finalizes behind first: what looks after them dies, again and again.
    private mutating func crashWhileSettling(_ times: Int) async throws {
        let service = world.services[0]
        for point in [3, 5, 6, 7, 8, 2].shuffled(using: &random) { try await crash(at: point) }
        try await service.kill()
        for _ in 0..<times {
            try await service.start(crashPoint: "P12:\(Int.random(in: 1...3, using: &random))")
            try await service.waitForCrash(atMost: Self.crashTimeMax)
        }
        recoveries.append(try await service.start())
    }
}

// MARK: PostgreSQL and its disk

extension Injector {
    private mutating func killServer() async throws {
        try await pause(.milliseconds(100)...(.milliseconds(1_500)))
        try await world.cluster.kill()
        try await world.cluster.start()
        try await waitUntilReady(since: .now)
    }

    private mutating func killBackend() async throws {
        try await pause(.milliseconds(50)...(.milliseconds(600)))
        guard try await world.cluster.killAnyBackend(using: &random) else {
            throw CampaignError.notInjected(fault: fault.name, words: "there was no backend")
        }
        try await waitUntilReady(since: .now)
    }

    private mutating func fillDisk() async throws {
        guard let disk else { return }
        try await pause(.milliseconds(100)...(.milliseconds(800)))
        try disk.fill()
        try await wait(orElse: "nothing was refused") { await !world.services[0].isReady() }
        try await pause(.seconds(1)...(.seconds(3)))
        try disk.free()
        // Where there is no room for the log not even recovery is possible: an operator starts anew.
        if try await world.cluster.processes().isEmpty {
            try await world.cluster.kill()
            try await world.cluster.start()
        }
        try await waitUntilReady(since: .now)
    }

    private mutating func cutPower() async throws {
        guard let disk else { return }
        try await pause(.milliseconds(500)...(.milliseconds(2_500)))
        var processes: [Int32] = []
        for service in world.services {
            if let process = await service.process { processes.append(process) }
        }
        try await disk.cutPower(of: world.cluster, and: processes)
        let begin = ContinuousClock.now
        do {
            try await world.cluster.start()
            for service in world.services { try await service.start() }
        } catch {
            guard fault == .unsyncedPowerCut else { throw error }
            throw CampaignError.destroyed("\(error)")
        }
        recoveries.append(ContinuousClock.now - begin)
    }
}

// MARK: The links

extension Injector {
    private mutating func loseCommit() async throws {
        try await lose(.answer)
        try await waitUntilReady(since: .now)
    }

    /// Loses that of the next append, and waits until it has happened.
    private func lose(_ loss: LossyProxy.Loss, times: Int = 1) async throws {
        let link = try world.databaseLink
        let target = link.lossCount + times
        link.loseAppend(loss, times: times)
        try await wait(orElse: "nothing was appended") { link.lossCount >= target }
    }

    private mutating func disturbDatabaseLink() async throws {
        let link = try world.databaseLink
        switch Int.random(in: 0..<8, using: &random) {
        case 0: try await lose(.request, times: 3)
        case 1: try await lose(.client, times: 3)
        case 2: try await lose(.held)
        case 3: link.cutAll()
        case 4: link.setTraffic(.stands)
        case 5: link.setTraffic(.drags(.milliseconds(Int.random(in: 20...200, using: &random))))
        case 6:
            link.setTraffic(.isRefused)
            link.cutAll()
        default:
            link.cutAnswers(after: Int.random(in: 0...4_000, using: &random))
            link.cutAll()
        }
        try await pause(.milliseconds(200)...(.seconds(7)))
        link.loseNothing()
        link.release()
        link.setTraffic(.flows)
        link.cutAnswers(after: nil)
        try await waitUntilReady(since: .now)
    }

    /// Besides what the users' names ask the sandbox for.
    ///
    /// The provider counts as disturbed until somebody has finished again.
    private mutating func disturbProvider() async throws {
        let link = world.providerLink
        world.notes.providerIsDisturbed = true
        switch Int.random(in: 0..<8, using: &random) {
        case 0: link.cutAll()
        case 1: link.setTraffic(.stands)
        case 2: link.setTraffic(.drags(.milliseconds(Int.random(in: 20...400, using: &random))))
        case 3: link.setTraffic(.isRefused)
        default: link.cutAnswers(after: cutBytes, step: 1)
        }
        try await pause(.milliseconds(100)...(.milliseconds(900)))
        link.setTraffic(.flows)
        if let next = link.cutAnswers(after: nil) { cutBytes = next % Self.answerBytes }
    }

    /// By which names visitors ask the sandbox to behave differently.
    ///
    /// What would keep a user out for good is not here. Slow exchanges are for faults that shall meet
    /// one under way.
    static func behaviours(for fault: Fault) -> [String] {
        switch fault {
        case .provider: behaviours
        case .serviceKilled, .serviceFrozen, .copyKilled, .serverKilled, .primaryKilled,
            .primaryServerKilled, .powerCut:
            [SandboxBehaviour.slow.rawValue]
        default: []
        }
    }

    private static let behaviours = [
        SandboxBehaviour.slow, .denied, .exchange500Once, .exchangeTimeout, .exchangeMissingField,
        .exchangeWrongHuman, .exchangeWrongUser, .exchangeReset, .exchangeTruncated,
        .exchangeBlocked, .duplicateFinish,
    ].map(\.rawValue)
}

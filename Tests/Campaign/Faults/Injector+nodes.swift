internal import TestSupport

// MARK: The nodes of the database

extension Injector {
    /// How long a copy of the service may take to notice that nobody writes any more.
    private static let noticeTimeMax = Duration.seconds(3)
    /// How long one of two nodes is left alone.
    private static let lonelyTime = Duration.seconds(6)
    /// Patroni misses a node after its `ttl`.
    private static let takeOverTimeMax = Duration.seconds(90)
    private static let lookPause = Duration.milliseconds(20)

    /// Takes the node away that writes, with all that runs there.
    mutating func killPrimary() async throws {
        let nodes = try world.nodes
        let old = try await primary(of: nodes)
        try await failOver(from: old, of: nodes) { try await nodes.kill(old) }
        try await nodes.start(old)
        try await goOn(nodes)
    }

    /// Takes away PostgreSQL alone, which its Patroni starts again.
    mutating func killPrimaryServer() async throws {
        let nodes = try world.nodes
        let old = try await primary(of: nodes)
        try await failOver(from: old, of: nodes) { try await nodes.killServer(old) }
        try await goOn(nodes)
    }

    /// Hands the writing over, as an administrator does.
    mutating func switchOver() async throws {
        let nodes = try world.nodes
        let old = try await primary(of: nodes)
        try await failOver(from: old, of: nodes) { try await nodes.switchOver() }
        try await goOn(nodes)
    }

    /// Kills the one of two nodes that writes: the other takes over, and nothing is written until the
    /// first is back, for there would be one copy of it.
    mutating func killPrimaryOfTwo() async throws {
        let nodes = try world.nodes
        let old = try await primary(of: nodes)
        try await pause(.milliseconds(100)...(.milliseconds(1_500)))
        let begin = ContinuousClock.now
        try await nodes.kill(old)
        try await waitForSuccessor(of: old, in: nodes)
        let lonely = world.journal.now
        try await Task.sleep(for: Self.lonelyTime)
        let launches = world.journal.launches(since: lonely)
        if launches > 0 {
            violations.append(
                Violation(.acknowledged, "\(launches) launches were written by one of two nodes")
            )
        }
        await expectUnready("one of two nodes is away")
        try await nodes.start(old)
        try await nodes.waitUntilSynchronous()
        try await waitUntilReady(since: .now)
        outages.append(ContinuousClock.now - begin)
        try await goOn(nodes)
    }

    /// Does what makes another node write, and waits until every copy of the service writes there.
    private mutating func failOver(
        from old: PatroniNode,
        of nodes: ReplicatedCluster,
        by act: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await pause(.milliseconds(100)...(.milliseconds(1_500)))
        let begin = ContinuousClock.now
        // An administrator's command ends only after another node writes.
        async let acted: Void = act()
        try await waitForSuccessor(of: old, in: nodes)
        let succeeded = ContinuousClock.now
        // A copy may take itself for ready by what it wrote a moment ago, where nothing is written now.
        try await waitForLaunches(since: world.journal.now)
        try await waitUntilReady(since: succeeded)
        outages.append(ContinuousClock.now - begin)
        try await acted
    }

    /// Waits until each copy has written a launch that it was asked for since then.
    private func waitForLaunches(since begin: Duration) async throws {
        for service in world.services {
            try await wait(orElse: "\(service.url) wrote no launch again") {
                world.journal.hasLaunch(since: begin, at: service.url)
            }
        }
    }

    private func primary(of nodes: ReplicatedCluster) async throws -> PatroniNode {
        try await nodes.waitUntilWhole()
        guard let primary = await nodes.primary() else {
            throw CampaignError.notInjected(fault: fault.name, words: "no node writes")
        }
        return primary
    }

    /// Waits until another node writes; before that no copy of the service may say for long that it
    /// could write a launch.
    private mutating func waitForSuccessor(
        of old: PatroniNode,
        in nodes: ReplicatedCluster
    ) async throws {
        let begin = ContinuousClock.now
        var silentSince: ContinuousClock.Instant?
        while true {
            if await nodes.primary(besides: old) != nil { return }
            guard ContinuousClock.now - begin < Self.takeOverTimeMax else {
                throw CampaignError.notInjected(
                    fault: fault.name,
                    words: "no other node took over: \(nodes.logTail)"
                )
            }
            silentSince = await nodes.primary() == nil ? silentSince ?? .now : nil
            if let silentSince, ContinuousClock.now - silentSince > Self.noticeTimeMax {
                // Only what was said while still nobody writes counts.
                let ready = await readyCopies()
                if !ready.isEmpty, await nodes.primary() == nil { tell(ready, "nobody writes") }
            }
            try await Task.sleep(for: Self.lookPause)
        }
    }

    private mutating func expectUnready(_ why: String) async {
        let ready = await readyCopies()
        if !ready.isEmpty { tell(ready, why) }
    }

    private mutating func tell(_ ready: [String], _ why: String) {
        violations.append(
            Violation(.ready, "\(ready.joined(separator: ", ")) was ready while \(why)")
        )
    }

    private func readyCopies() async -> [String] {
        var ready: [String] = []
        for service in world.services where await service.isReady() { ready.append(service.url) }
        return ready
    }

    /// Waits until everything is as before: all nodes there, and what was written until now signed.
    private func goOn(_ nodes: ReplicatedCluster) async throws {
        try await nodes.waitUntilWhole()
        let sizes = try await world.logSizes()
        try await wait(orElse: "checkpoints did not go on") {
            let signed = try await world.signedSizes()
            return sizes.allSatisfy { signed[$0.key, default: 0] >= $0.value }
        }
        for service in world.services { try await service.checkIsAlive() }
    }
}

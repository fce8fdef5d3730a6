internal import Foundation
internal import Ledger
internal import LedgerStack
internal import LedgerStore
internal import NIOHTTP1
internal import Wire

/// The first size; each further one is ten times the one before.
private let firstSize = 100_000
/// How many events the story of a connected user has.
private let eventsPerUser = 6
/// How long users are launched: the first size has no more of them, and all sizes get the same.
private let launchSeconds = 1
/// How long one launch after the other trickles in, about one for each second's checkpoint.
private let checkpointSeconds = 10
private let checkpointPause: Duration = .milliseconds(990)

extension BenchStack {
    /// Measures what the service costs with few and with many events.
    package func growth() async throws -> BenchReport {
        let sizes = Array(
            sequence(first: firstSize) { $0 * 10 }.prefix { $0 <= max(firstSize, plan.events) }
        )
        let stages = try await ServiceProcess.run(self) { stack in
            let crowd = Crowd(stack.history, prefix: "growth-\(port)")
            var stages: [GrowthStage] = []
            for size in sizes { stages.append(try await stack.stage(size, crowd)) }
            return stages
        }
        guard let first = stages.first, let last = stages.last else {
            throw BenchError.nothingMeasured
        }
        return BenchReport(
            title: "growth",
            measurements: stages.flatMap(\.measurements),
            aims: GrowthStage.results(first, last),
            notes: stages.map(\.sentence) + [
                GrowthStage.control(first, last),
                "Filled by the store's own appends, four for each user: launch, finish, dispatch, "
                    + "tokens. Then vacuum (analyze) and a checkpoint of PostgreSQL, which come by "
                    + "themselves within minutes. The service is a process of its own.",
            ]
        )
    }

    private func stage(_ size: Int, _ crowd: Crowd) async throws -> GrowthStage {
        let there = Int(try await ledger.store.size(log: .facts))
        let missing = max(0, size - there)
        tell("Writing \(missing) events …")
        let start = ContinuousClock.now
        try await crowd.grow(to: crowd.count + (missing + eventsPerUser - 1) / eventsPerUser)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        try await settle()
        let launchLoad = Load(
            clients: plan.clients,
            seconds: launchSeconds,
            tell: tell,
            meter: meter
        )
        return GrowthStage(
            size: size,
            users: crowd.count,
            fillRate: Double(missing) / max(0.001, seconds),
            launch: try await launchConnected(crowd, launchLoad),
            user: try await readUsers(crowd),
            proof: try await proveOverHTTP(size, load),
            livez: try await livez(),
            checkpoint: try await checkpoints(crowd),
            memory: try ProcessorMeter.memory(of: service ?? Int(getpid()))
        )
    }

    /// What a second costs in which one user is launched and a checkpoint covers it.
    private func checkpoints(_ crowd: Crowd) async throws -> Measurement {
        let load = Load(clients: 1, seconds: checkpointSeconds, tell: tell, meter: meter)
        let name = "a second, one launch and its checkpoint"
        let measured = try await load.measureConnections(name, loader: loader) { _, _, end in
            let caller = HTTPCaller()
            while ContinuousClock.now < end {
                _ = try await caller.call(
                    .POST,
                    "http://\(LocalPort.host):\(port)/v1/launches",
                    key: apiKey.exposed,
                    json: ["client_user_id": .string(crowd.fresh()), "finish": "direct"]
                )
                try await Task.sleep(for: checkpointPause)
            }
            return [0]
        }
        return Measurement(
            name: name,
            count: checkpointSeconds,
            seconds: Double(checkpointSeconds),
            processor: measured.processor
        )
    }
}

internal import LedgerStack

/// How many callers wait for their answers while the peak is looked for: the best of them counts.
private let peakClients = [64, 256, 512]
/// How long each of them is measured.
private let peakSeconds = 5
/// What of the peak is the usual load, and what is too much.
private let usualShare = 0.7
private let overloadShare = 5.0
/// What is too much where the processor is scarce: the load takes a share of it, so more could not
/// be offered.
private let processorOverloadShare = 2.0
/// How long the usual load is looked at afterwards.
private let afterSeconds = 15
/// Many callers who know nothing of each other, below the number of connections that the service
/// accepts.
private let openConnections = 3_000

extension BenchStack {
    /// Measures what the service does with five times as many launches as it can do.
    package func overload() async throws -> OverloadReport {
        _ = try await knownUsers()
        let peak = try await peak()
        let overloadShare = plan.syncMilliseconds > 0 ? overloadShare : processorOverloadShare
        let phases = [
            OpenLoad.Arrivals(
                name: "usual, 0.7 × the peak",
                perSecond: usualShare * peak.rate,
                seconds: plan.seconds
            ),
            OpenLoad.Arrivals(
                name: "overload, \(Int(overloadShare)) × the peak",
                perSecond: overloadShare * peak.rate,
                seconds: plan.seconds
            ),
            OpenLoad.Arrivals(
                name: "afterwards, 0.7 × the peak",
                perSecond: usualShare * peak.rate,
                seconds: afterSeconds
            ),
        ]
        tell(
            "Measuring: launches that arrive at 0.7, \(Int(overloadShare)) and 0.7 times the peak …"
        )
        let tallies = try await OpenLoad.run(
            OpenLoad.Plan(
                host: LocalPort.host,
                port: port,
                connections: openConnections,
                requests: (0..<Self.requestCount).map { number in
                    let (path, body) = launch(client: number, number: number / plan.clients)
                    return bytes(path, body)
                },
                phases: phases
            )
        )
        return OverloadReport(
            peak: peak,
            normal: tallies[0],
            overload: tallies[1],
            after: tallies[2],
            syncMilliseconds: plan.syncMilliseconds,
            connections: openConnections
        )
    }

    /// Made beforehand: each is one of the users that are there.
    private static let requestCount = 6_400

    private func peak() async throws -> Measurement {
        var best: Measurement?
        for clients in peakClients {
            let load = Load(clients: clients, seconds: peakSeconds, tell: tell)
            let measured = try await measureHTTP("HTTP, POST /v1/launches", load, expect: 201) {
                launch(client: $0, number: $1)
            }
            if measured.rate > best?.rate ?? 0 { best = measured }
        }
        guard let best else { throw BenchError.nothingAnswered }
        return best
    }

    private func launch(client: Int, number: Int) -> (path: String, body: String?) {
        let user = knownUserID(client: client, number: number + 12 * (client / plan.clients))
        return ("/v1/launches", "{\"client_user_id\":\"\(user)\",\"finish\":\"direct\"}")
    }
}

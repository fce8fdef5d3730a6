internal import Foundation
internal import Ledger
internal import LedgerStack
internal import LedgerStore
internal import Vault

/// How many follow with one key, below what the service allows.
private let followersOfKey = 250
/// How many events a second happen while all of them follow.
private let eventRates = [1, 10, 50, 100]
/// How long what has happened may take to reach all of them.
private let deliveryTimeMax: Duration = .seconds(20)
private let lookPause: Duration = .milliseconds(20)
private let bytesPerMegabyte = 1_000_000.0

extension BenchStack {
    /// Measures what it takes to tell followers what happens.
    package func tail() async throws -> BenchReport {
        try await ServiceProcess.run(self) { stack in
            let idle = try ProcessorMeter.memory(of: stack.service ?? Int(getpid()))
            let followers = try await stack.followers()
            let open = try ProcessorMeter.memory(of: stack.service ?? Int(getpid()))
            var measurements = [try await stack.quiet(followers)]
            for rate in eventRates {
                measurements.append(try await stack.deliver(rate, to: followers))
            }
            let busy = try ProcessorMeter.memory(of: stack.service ?? Int(getpid()))
            for follower in followers { await follower.close() }
            return BenchReport(
                title: "tail",
                measurements: measurements,
                notes: [
                    "The service is a process of its own and holds \(megabytes(idle)) MB without "
                        + "followers, \(megabytes(open)) MB with \(followers.count) of them, and "
                        + "\(megabytes(busy)) MB after all.",
                    "Events are launches that this process appends by a store of its own, as another "
                        + "copy of the service would; per second are events delivered, to all followers "
                        + "together. The time of the load is that of followers and appends.",
                ]
            )
        }
    }

    private func megabytes(_ bytes: Int) -> String {
        BenchReport.decimal(Double(bytes) / bytesPerMegabyte)
    }

    /// As many as there are clients in the plan, from the end of the log on.
    private func followers() async throws -> [FollowerConnection.Opened] {
        tell("\(plan.clients) followers connect …")
        var followers: [FollowerConnection.Opened] = []
        while followers.count < plan.clients {
            let key = try await ledger.makeKey(of: app, scopes: [.eventsRead])
            for _ in 0..<min(followersOfKey, plan.clients - followers.count) {
                followers.append(
                    try await FollowerConnection.open(
                        bytes("/v1/events/tail?from_position=end", nil, key: key),
                        host: LocalPort.host,
                        port: port
                    )
                )
            }
        }
        return followers
    }

    /// What a second costs in which nothing happens.
    private func quiet(_ followers: [FollowerConnection.Opened]) async throws -> Measurement {
        let name = "a second in which nothing happens"
        tell("Measuring: \(name) …")
        let begin = ContinuousClock.now
        let end = begin + .seconds(plan.seconds)
        let spent = try await meter.spent(loader, from: begin, to: end)
        return Measurement(
            name: name,
            clients: followers.count,
            count: plan.seconds,
            seconds: Double(plan.seconds),
            processor: spent
        )
    }

    /// Appends so many events a second, and waits until everybody has got all of them.
    private func deliver(
        _ rate: Int,
        to followers: [FollowerConnection.Opened]
    ) async throws -> Measurement {
        let name = "\(rate) events a second, delivered"
        tell("Measuring: \(name) …")
        let before = try await counts(followers)
        let start = ContinuousClock.now
        let first = try meter.now(loader)
        let events = rate * plan.seconds
        for number in 0..<events {
            try await Task.sleep(until: start + .seconds(1) * number / rate)
            let name = Secret("tail-\(port)-\(rate)-\(number)")
            _ = try await history.launched(ledger.store.newUser(name, of: app))
        }
        let wanted = before + events * followers.count
        let deadline = ContinuousClock.now + deliveryTimeMax
        while try await counts(followers) < wanted {
            guard ContinuousClock.now < deadline else { throw BenchError.notDelivered }
            try await Task.sleep(for: lookPause)
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return Measurement(
            name: name,
            clients: followers.count,
            count: events * followers.count,
            seconds: seconds,
            processor: try meter.now(loader) - first
        )
    }

    /// How many events all of them have got together.
    private func counts(_ followers: [FollowerConnection.Opened]) async throws -> Int {
        var sum = 0
        for follower in followers { sum += try await follower.count() }
        return sum
    }
}

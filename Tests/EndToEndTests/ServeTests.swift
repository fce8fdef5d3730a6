import Subprocess
import TestSupport
import Testing

/// `token-ledger serve` and its database, as a person starts and ends them.
@Suite("the service and its PostgreSQL", .timeLimit(.minutes(5)))
struct ServeTests {
    private static let patience: Duration = .seconds(60)

    /// Launches a user again and again until the answer has this status.
    private func launches(_ serve: TestServe, until status: Int) async throws {
        let start = ContinuousClock.now
        while true {
            let answer = try await serve.launch("user").status
            if answer == status { return }
            try #require(start.duration(to: .now) < Self.patience, "\(answer)")
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    @Test("it waits for a PostgreSQL that is down, and outlasts a stop and a crash of it")
    func restarts() async throws {
        try await TestProgramFolder.lend { folder in
            try await TestCluster.run { cluster in
                let setup = try await TestServe.prepare(in: folder, owner: try await cluster.url())
                try await cluster.stop()
                try await TestServe.run(setup) { serve in
                    while !serve.text.contains("waiting for the database") {
                        try #require(serve.isRunning, "\(serve.text)")
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    #expect(!serve.text.contains("service listens"))
                    // What it holds reaches no core dump, from before it holds anything.
                    let limits = try serve.processFile("limits").split(separator: "\n")
                    let core = try #require(limits.first { $0.hasPrefix("Max core file size") })
                    #expect(core.split(separator: " ").dropFirst(4).prefix(2) == ["0", "0"])
                    try await cluster.start()
                    #expect(try await serve.launch("user").status == 201)
                    try await cluster.stop()
                    #expect(try await serve.launch("user").status == 503)
                    try await cluster.start()
                    try await launches(serve, until: 201)
                    try await cluster.crash()
                    #expect(try await serve.launch("user").status == 503)
                    try await cluster.start()
                    try await launches(serve, until: 201)
                }
            }
        }
    }

    @Test("the console is there for whoever has asked for it, and for nobody else")
    func console() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            for (choice, status) in [("", 404), ("off", 404), ("on", 401)] {
                try await TestServe.run(setup.with(["TOKEN_LEDGER_CONSOLE": choice])) { serve in
                    while try await serve.readiness().status != 200 {
                        try await Task.sleep(for: .milliseconds(50))
                    }
                    let page = try await serve.get("/console")
                    #expect(
                        page.status == status && page.text.contains("Sign in") == (status == 401)
                    )
                }
            }
        }
    }

    @Test(
        "a signal ends it in order while PostgreSQL is silent, and whoever waits is answered",
        arguments: [Signal.terminate, .interrupt]
    )
    func silence(signal: Signal) async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            try await LossyProxy.run { proxy in
                let setup = try await TestServe.prepare(
                    in: folder,
                    owner: database.url,
                    service: proxy.url(database: database.name, user: "postgres")
                )
                try await TestServe.run(setup) { serve in
                    #expect(try await serve.launch("user").status == 201)
                    proxy.setTraffic(.stands)
                    try await withThrowingTaskGroup(of: Int.self) { group in
                        for number in 0..<8 {
                            group.addTask { try await serve.launch("user \(number)").status }
                        }
                        try await Task.sleep(for: .milliseconds(100))
                        serve.send(signal)
                        for try await status in group { #expect(status == 503) }
                    }
                }
            }
        }
    }
}

import TestSupport
import Testing

/// Commands where the database has several servers, as with Patroni.
@Suite("commands with several servers", .timeLimit(.minutes(5)))
struct CommandServerTests {
    /// Each opens a store, with the rights of the service or of the owner.
    private static let commands = [
        "app list", "api-key list --app serve", "user list --app serve", "problem list --app serve",
        "webhook list --app serve", "map root", "verify", "doctor",
    ]

    @Test("where the first host says nothing, commands and the service work with the second")
    func silentFirst() async throws {
        let database = try await TestPostgres.freshDatabase()
        try await TestProgramFolder.lend { folder in
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            try await LossyProxy.run(overTCP: true) { silent in
                silent.setTraffic(.stands)
                try await LossyProxy.run(overTCP: true) { sound in
                    let hosts = [silent, sound].map {
                        $0.url(database: "", user: "postgres").split(separator: "@")[1].dropLast()
                    }
                    let url =
                        "postgresql://postgres@\(hosts.joined(separator: ","))/\(database.name)"
                    let changed = setup.with([
                        "TOKEN_LEDGER_DATABASE_URL": url,
                        "TOKEN_LEDGER_OWNER_DATABASE_URL": url,
                    ])
                    try await TestServe.run(changed) { serve in
                        while try await serve.readiness().status != 200 {
                            try await Task.sleep(for: .milliseconds(50))
                        }
                        #expect(try await serve.launch("user").status == 201)
                    }
                    try await withThrowingDiscardingTaskGroup { group in
                        for command in Self.commands {
                            group.addTask {
                                let answer = try await Self.run(command, changed.settings)
                                // The doctor finds that the tests' server may lose what was written.
                                let status: Int32 = command == "doctor" ? 6 : 0
                                #expect(answer.status == status, "\(command): \(answer.messages)")
                                #expect(!answer.output.contains("cannot be"), "\(answer.output)")
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("a standby serves commands that read, and those that write say that it only reads")
    func standby() async throws {
        try await TestProgramFolder.lend { folder in
            try await TestCluster.run { cluster in
                let setup = try await TestServe.prepare(in: folder, owner: try await cluster.url())
                try await TestServe.run(setup) { serve in
                    let launched = try await serve.launch("user")
                    #expect(launched.status == 201)
                }
                try await cluster.withStandby(isSynchronous: false) { standby in
                    let url = try await standby.url()
                    let settings = setup.with([
                        "TOKEN_LEDGER_DATABASE_URL": url, "TOKEN_LEDGER_OWNER_DATABASE_URL": url,
                    ]).settings
                    for command in ["verify", "user list --app serve", "map root"] {
                        let answer = try await Self.run(command, settings)
                        #expect(answer.status == 0, "\(command): \(answer.messages)")
                    }
                    for command in [
                        "migrate", "projection rebuild", "checkpoint repair",
                        "api-key create --app serve --scope launch", "export",
                    ] {
                        let answer = try await Self.run(command, settings)
                        #expect(answer.status == 1, "\(command)")
                        #expect(
                            answer.messages.contains("only reads"),
                            "\(command): \(answer.messages)"
                        )
                    }
                }
            }
        }
    }

    private static func run(
        _ command: String,
        _ settings: [String: String]
    ) async throws -> TestProgram.Answer {
        try await TestProgram.run(
            TestProgram.path,
            command.split(separator: " ").map(String.init),
            environment: settings
        )
    }
}

import TestSupport
import Testing

/// A connection string that names several hosts, as with Patroni.
@Suite("commands with several hosts", .timeLimit(.minutes(5)))
struct SeveralHostsTests {
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
                                let answer = try await TestProgram.run(
                                    TestProgram.path,
                                    command.split(separator: " ").map(String.init),
                                    environment: changed.settings
                                )
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
}

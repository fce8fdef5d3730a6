import Foundation
import Postgres
import TestSupport
import Testing

@Suite("Roles from the command line", .timeLimit(.minutes(3)))
struct RoleTests {
    @Test("an auditor verifies, and what nobody signed is set aside by the owner")
    func auditor() async throws {
        try await TestProgramFolder.lend { folder in
            let database = try await TestPostgres.freshDatabase()
            let setup = try await TestServe.prepare(in: folder, owner: database.url)
            let owner = try await PostgresConnection.connect(
                PostgresConfiguration(url: database.url)
            )
            let role = "auditor_\(UInt32.random(in: 0...UInt32.max))"
            try await owner.script("create role \(role) login in role token_ledger_auditor")
            let url = folder.path + "/auditor-url"
            try Data((database.url + "&user=\(role)").utf8).write(to: URL(fileURLWithPath: url))
            try await TestServe.run(setup) { service in
                _ = try await service.launch("alice")
                while try await covered(owner) < 3 { try await Task.sleep(for: .milliseconds(50)) }
            }
            let verify = ["verify", "--owner-database-url-file", url]
            _ = try await TestProgram.output(of: verify)
            try await owner.script(
                "insert into ledger.checkpoint (log_id, size, root, note) "
                    + "values (0, 1000000, sha256('x'), 'forged')"
            )
            await #expect(throws: TestProgramError.self) {
                _ = try await TestProgram.output(of: verify)
            }
            let repaired = try await TestProgram.output(
                of: ["checkpoint", "repair"],
                environment: setup.settings
            )
            #expect(
                repaired.contains("checkpoints set aside: 1 (of size 1000000); tiles set aside: 0")
            )
            #expect(repaired.contains("The log of access: nothing to repair."))
            _ = try await TestProgram.output(of: verify)
        }
    }

    /// How many records of the log of facts a checkpoint covers.
    private func covered(_ owner: PostgresConnection) async throws -> Int64 {
        try await owner.query(
            Statement(
                "covered",
                "select coalesce(max(size), 0) from ledger.checkpoint where log_id = 0"
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }
}

import ConnectFlow
import Foundation
import Ledger
import LedgerAudit
import LedgerStore
import Postgres
import Testing
import Vault

extension TestService {
    /// How many values of these kinds the vault keeps.
    func kept(_ kinds: [String]) async throws -> Int64 {
        try await asOwner { connection in
            try await connection.query(
                Statement(
                    "kept",
                    "select count(*) from vault.value where kind = any ($1)",
                    .textArray(kinds)
                )
            ) { result throws(PostgresError) in try result.int8(0, 0) }
        }
    }

    /// Whether the verification, vault included, finds nothing; what it finds is recorded.
    func verifies() async throws -> Bool {
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(rootKey)
        let report = try await Verification.run(owner, plan: plan)
        for finding in report.findings { Issue.record("\(finding)") }
        return report.findings.isEmpty
    }

    /// The names of the files in the spool.
    func spoolFiles() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: spoolFolder)
    }

    /// How many answers of the provider wait in the spool.
    var waitingAnswers: Int {
        get throws { try flows.spool.waiting(at: store.clock.now()).count }
    }

    /// Makes an answer in the spool look as if it had waited longer.
    func ageAnswer(of finalize: Identifier, seconds: Double) throws {
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -seconds)],
            ofItemAtPath: "\(spoolFolder)/\(finalize).answer"
        )
    }

    /// Whether any file of the spool holds a text.
    func spoolHolds(_ text: String) throws -> Bool {
        try spoolFiles().contains { name in
            let file = URL(fileURLWithPath: spoolFolder + "/" + name)
            return try Data(contentsOf: file).range(of: Data(text.utf8)) != nil
        }
    }
}

/// Asks until it holds; a test that waits for ever is ended by the limit.
func eventually(_ what: String, _ holds: () async throws -> Bool) async throws {
    let start = ContinuousClock.now
    while !(try await holds()) {
        try #require(start.duration(to: .now) < .seconds(30), "\(what)")
        try await Task.sleep(for: .milliseconds(50))
    }
}

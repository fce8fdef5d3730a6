import Foundation
import TestSupport
import Testing

/// Everything with several logs of facts, by the program alone.
@Suite("several logs of facts", .timeLimit(.minutes(5)))
struct FactLogsTests {
    private static let logs = 3
    private static let users = (0..<24).map { "user-\($0)@example.com" }

    @Test("whoever calls notices nothing, and evidence is of each log")
    func story() async throws {
        try await TestProgramFolder.lend { folder in
            try await TestProgram.run(in: folder, ["--fact-logs", "\(Self.logs)"]) { program in
                for user in Self.users { try await program.connect(user, source: "band") }
                for user in Self.users {
                    let tokens = try await program.tokens(of: user)
                    #expect(tokens["access_token"]?.string?.isEmpty == false)
                }
                try await expectAllListed(program)
                try await expectEvidence(program)
                try await expectFixed(program)
            }
        }
    }

    /// The list has everybody, each in the log that the pseudonym names, and each log has somebody.
    private func expectAllListed(_ program: TestProgram) async throws {
        let answer = try await program.command(["user", "list", "--json"])
        #expect(answer.status == 0, "\(answer.messages)")
        let document = try JSONDecoder().decode(BrowserValue.self, from: Data(answer.output.utf8))
        #expect(document["users"]?.array.count == Self.users.count, "\(answer.output)")
    }

    private func expectEvidence(_ program: TestProgram) async throws {
        let verdict = try await program.command(["verify"])
        #expect(verdict.status == 0, "\(verdict.output) \(verdict.messages)")
        for log in [0, 2, 4, 1_024, 1_025, 1_026] {
            #expect(verdict.messages.contains("Log \(log): "), "\(verdict.messages)")
        }
        let rebuilt = try await program.command(["projection", "rebuild"])
        #expect(rebuilt.status == 0, "\(rebuilt.messages)")
        #expect(rebuilt.output.contains("0 rows were different"), "\(rebuilt.output)")
        let doctor = try await program.command(["doctor"])
        #expect(doctor.status == 0, "\(doctor.output) \(doctor.messages)")
    }

    /// Users belong to their logs by a hash, so that there are no more and no fewer later.
    private func expectFixed(_ program: TestProgram) async throws {
        for count in [1, 2, 4] {
            let refused = try await program.command(["migrate", "--fact-logs", "\(count)"])
            #expect(refused.status == 1)
            #expect(refused.messages.contains("has \(Self.logs) logs of facts, and keeps them"))
        }
        let same = try await program.command(["migrate", "--fact-logs", "\(Self.logs)"])
        #expect(same.status == 0, "\(same.messages)")
    }
}

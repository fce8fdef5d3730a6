import HumanConnect
import Ledger
import LedgerAudit
import LedgerStore
import Postgres
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct ConcurrencyTests {
    @Test("a hundred launches of one user at once are all served, with versions without a hole")
    func oneUser() async throws {
        try await TestService.run { service in
            let launches = try await parallel(100) { _ in try await service.launch("crowd") }
            #expect(Set(launches.map(\.id)).count == 100)
            let events = try await service.events("crowd")
            let versions = events.compactMap { $0["event"]?["subjectversion"] }
            #expect(versions == (1...100).map { JSONValue.number("\($0)") })
            try await expectSound(service)
        }
    }

    @Test("a hundred new users at once are all served, one subject each")
    func newUsers() async throws {
        try await TestService.run { service in
            let launches = try await parallel(100) { number in
                try await service.launch("new \(number)")
            }
            #expect(launches.count == 100)
            let list = try await service.get("/v1/users?limit=500")
            guard case .array(let users)? = list.json["users"] else {
                Issue.record("a list of users")
                return
            }
            #expect(users.count == 100)
            #expect(Set(users.compactMap { $0["client_user_id"]?.text }).count == 100)
            #expect(users.allSatisfy { $0["subject_version"] == 1 })
            try await expectSound(service)
        }
    }

    @Test("users connecting, editing and reporting at once leave a sound ledger")
    func mixed() async throws {
        try await TestService.run { service in
            _ = try await parallel(24) { number in
                let user = "mixed \(number % 6)"
                let launch = try await service.launch(user)
                _ = try await service.finish(launch.finishPath + "/closed", "", contentType: nil)
                _ = try await service.tokens(user)
                let played = try await service.play(
                    launch,
                    connect: [number.isMultiple(of: 2) ? "band" : "lab"]
                )
                guard played["sessionToken"] != nil else { return }
                let answer = try await service.finish(launch.finishPath, played.text)
                #expect(answer.status < 500, "\(answer.text)")
            }
            try await expectSound(service)
        }
    }

    /// The log is dense and everything derived from it agrees.
    private func expectSound(_ service: TestService) async throws {
        let report = try await Verification.run(service.owner)
        #expect(report.findings.map(\.problem) == [])
        #expect(report.events > 0)
    }
}

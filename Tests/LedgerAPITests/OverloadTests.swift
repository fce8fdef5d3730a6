import ConnectFlow
import Foundation
import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("More than the database can take", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct OverloadTests {
    /// More than are under way and may wait together.
    private static let crowd = 900

    @Test("while too many wait, who can come again is refused at once, and who brings news is not")
    func crowd() async throws {
        try await TestService.run { service in
            try await service.connect("known")
            let launch = try await service.launch("finishing")
            let session = try await service.session(launch)
            try await withCrowd(service) {
                let refused = try await service.post("/v1/launches", Self.launch)
                #expect(refused.status == 503)
                #expect(refused.code == "overloaded")
                try await Self.expectWholeAnswer(refused, service)
                let recovery = try await service.post(service.user("known", "/public-token"))
                #expect(recovery.code == "overloaded")
                // They wait for another log, before which nobody stands.
                #expect(try await service.tokens("known").status == 200)
                #expect(try await service.get("/v1/users").status == 200)
                let text = try await Self.connectionThatIsRefused(service)
                #expect(text.contains("\"code\":\"overloaded\""))
                #expect(text.contains("HTTP/1.1 200 OK\r\n"))
                try await eventually("one line tells of all who were refused") {
                    service.logs.lines.contains {
                        $0.hasPrefix("warning requests refused for overload")
                    }
                }
                #expect(!service.logs.lines.contains { $0.contains("\"status\": 503") })
                return Task { try await service.finish(launch.finishPath, session).status }
            }
            #expect(try await service.post("/v1/launches", Self.launch).status == 201)
        }
    }

    /// It has all that any other answer has, and when to come again.
    private static func expectWholeAnswer(
        _ refused: TestAnswer,
        _ service: TestService
    ) async throws {
        #expect(refused.headers["retry-after"] == "2")
        #expect(refused["request_id"] == refused.headers["x-request-id"])
        let other = try await service.get("/v1/nothing")
        #expect(Set(refused.headers.keys) == Set(other.headers.keys).union(["retry-after"]))
        let own: Set = ["content-length", "date", "retry-after", "x-request-id"]
        #expect(
            refused.headers.filter { !own.contains($0.key) }
                == other.headers.filter { !own.contains($0.key) }
        )
        let again = try await service.post("/v1/launches", Self.launch)
        #expect(again.lasting == refused.lasting)
        #expect(again.headers["x-request-id"] != refused.headers["x-request-id"])
    }

    private static let launch = #"{"client_user_id":"late"}"#

    /// Keeps the log of facts locked until so many wait for it, lets `body` act, and then all
    /// go on; what `body` has begun must have been let in.
    private func withCrowd(
        _ service: TestService,
        _ body: () async throws -> Task<Int, any Error>
    ) async throws {
        let holder = try await PostgresConnection.connect(service.owner.withoutTimeLimits)
        try await holder.script("begin")
        try await holder.script("select from ledger.log where log_id = 0 for update")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<Self.crowd {
                group.addTask {
                    // An HTTP client would not have so many connections.
                    _ = try await service.flows.launcher.launch(
                        Launcher.Request(
                            clientUserID: Secret("crowd \(number)"),
                            finish: .relay,
                            idempotencyKey: nil
                        ),
                        of: service.app,
                        context: RecordContext(actor: "operator")
                    )
                }
            }
            // At first they wait for their users to be read, as those do who read.
            try await eventually("too many wait for the log") {
                service.served.isCrowded(before: .facts)
                    && !service.served.isCrowded(before: .access)
            }
            let begun = try await body()
            // Time for a refusal; who was let in waits for the lock.
            try await Task.sleep(for: .milliseconds(500))
            try await holder.script("rollback")
            #expect(try await begun.value == 201)
            try await group.waitForAll()
        }
        await holder.close()
    }

    /// A launch whose body comes apart from its head, and another request on the same connection.
    private static func connectionThatIsRefused(_ service: TestService) async throws -> String {
        let port = try #require(URL(string: service.url)?.port)
        let host = "Host: 127.0.0.1\r\n"
        let head =
            "POST /v1/launches HTTP/1.1\r\n\(host)Authorization: Bearer \(service.key)\r\n"
            + "Content-Type: application/json\r\n"
            + "Content-Length: \(launch.utf8.count)\r\n\r\n"
        let next = "GET /livez HTTP/1.1\r\n\(host)\r\n"
        return try await RawConnection.exchange(
            [head, launch, next].map { Array($0.utf8) },
            port: port,
            pausing: .milliseconds(200)
        )
    }
}

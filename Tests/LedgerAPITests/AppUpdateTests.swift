import HumanConnectSandbox
import Ledger
import LedgerStore
import Testing

/// Updates of an app under a service that is at work.
@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct AppUpdateTests {
    /// Changes the own app, and waits until the service must go by it.
    private func update(
        _ service: TestService,
        _ make: (inout AppChange) -> Void
    ) async throws {
        try await service.changeApp(make)
        try await Task.sleep(for: .milliseconds(4_900))
    }

    /// Launches somebody new and finishes, from a page of this origin.
    private func connect(
        _ user: String,
        _ service: TestService,
        from origin: String? = nil
    ) async throws -> TestAnswer {
        let launch = try await service.launch(user)
        let session = try await service.session(launch)
        return try await service.finish(launch.finishPath, session, origin: origin)
    }

    @Test("calls to the provider go by a new client secret within 5 s")
    func clientSecret() async throws {
        try await TestService.run { service in
            #expect(try await connect("before", service).status == 201)
            try await update(service) { $0.clientSecret = Secret("not the provider's") }
            let refused = try await connect("between", service)
            #expect(refused.status == 422)
            #expect(refused.code == "session_rejected")
            try await update(service) { $0.clientSecret = TestSandbox.ownApp.clientSecret }
            #expect(try await connect("after", service).status == 201)
        }
    }

    @Test("a page of an origin that is listed no more is refused, a new one is let in")
    func origins() async throws {
        try await TestService.run { service in
            let new = "https://new.example.com"
            try await update(service) { $0.allowedOrigins = [new] }
            let old = try await connect("old", service, from: TestService.origin)
            #expect(old.status == 403 && old.code == "origin_refused")
            #expect(try await connect("new", service, from: new).status == 201)
        }
    }
}

import HumanConnect
import Ledger
import LedgerStore
import NIOHTTP1
import TestSupport
import Testing
import Wire

@Suite(.oneServiceAtATime, .timeLimit(.minutes(5)))
struct OutageTests {
    @Test("PostgreSQL away: 503 with Retry-After, and everything works again when it is back")
    func away() async throws {
        try await TestCluster.run { cluster in
            try await TestService.run(on: cluster) { service in
                try await service.connect("known")
                let launch = try await service.launch("known")
                let session = try await service.session(launch, connect: ["lab"])
                try await cluster.stop()
                for (path, body) in [
                    ("/v1/launches", #"{"client_user_id":"known"}"#),
                    (service.user("known", "/broken"), ""),
                    (service.user("known", "/public-token"), ""),
                ] {
                    try expectAway(try await service.post(path, body), path)
                }
                for path in [
                    service.user("known", "/tokens"), service.user("known"), "/v1/users",
                    "/v1/events", "/v1/export", service.user("known", "/events"), "/readyz",
                ] {
                    try expectAway(try await service.get(path), path)
                }
                try expectAway(
                    try await service.finish(launch.finishPath, session),
                    "finish"
                )
                #expect(try await service.call(.GET, "/livez", key: nil).status == 200)
                #expect(
                    try await service.exchanges(of: session) == 0,
                    "the session is unspent, for nothing could be recorded"
                )
                try await cluster.start()
                try await eventually("ready again") {
                    try await service.call(.GET, "/readyz", key: nil).status == 200
                }
                #expect(try await service.tokens("known").status == 200)
                #expect(try await service.finish(launch.finishPath, session).status == 201)
                #expect(try await service.exchanges(of: session) == 1)
            }
        }
    }

    private func expectAway(_ answer: TestAnswer, _ note: String) throws {
        #expect(answer.status == 503, "\(note): \(answer.text)")
        #expect(answer.code == "database_unavailable", "\(note)")
        #expect(answer.headers["retry-after"] != nil, "\(note)")
    }

    @Test("a page may read that the database is away, and try again")
    func readable() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("page")
            let session = try await service.session(launch)
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin raise exception 'away' using errcode = '57P03'; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            let away = try await service.finish(
                launch.finishPath,
                session,
                origin: TestService.origin
            )
            try expectAway(away, "finish")
            #expect(away.headers["access-control-allow-origin"] == TestService.origin)
            try await service.damage("drop trigger refuse on ledger.event")
            let answer = try await service.finish(
                launch.finishPath,
                session,
                origin: TestService.origin
            )
            #expect(answer.status == 201)
        }
    }

    @Test("an answer that arrives while PostgreSQL is down is recorded when it is back")
    func answerInHand() async throws {
        try await TestCluster.run { cluster in
            try await TestService.run(on: cluster) { service in
                let user = "sandbox_slow"
                let launch = try await service.launch(user)
                let session = try await service.session(launch)
                async let finishing = service.finish(launch.finishPath, session)
                try await service.waitForExchange(of: session)
                try await cluster.stop()
                try await eventually("the provider has answered") {
                    try await service.sandbox.requests("/v1/connect/tokens")
                        .first?["status"] == 200
                }
                try await cluster.start()
                let answer = try await finishing
                #expect(answer.status == 201, "\(answer.text)")
                #expect(
                    answer["publicToken"]
                        == (try await service.sandbox.user(user)?["public_token"]?.text)
                )
                #expect(try await service.tokens(user)["status"] == "connected")
                #expect(try await service.exchanges(of: session) == 1)
                #expect(
                    try await service.types(user) == [
                        "connect.launched", "finish.received", "exchange.dispatched",
                        "connect.finalized", "access_token.rotated", "public_token.rotated",
                    ]
                )
            }
        }
    }

    @Test("a shutdown lets a slow finish end, and then the server ends")
    func drain() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("sandbox_slow")
            let session = try await service.session(launch)
            async let finishing = service.finish(launch.finishPath, session)
            try await service.waitForExchange(of: session)
            await service.beginShutdown()
            let answer = try await finishing
            #expect(answer.status == 201, "\(answer.text)")
            try await service.server.value
            await #expect(throws: (any Error).self) {
                try await service.call(.GET, "/livez", key: nil)
            }
            let types = try await service.records(log: .facts)
                .map { "\($0.event.type)" }
            #expect(types.last == "public_token.rotated")
        }
    }
}

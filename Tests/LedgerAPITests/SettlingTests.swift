import HumanConnect
import HumanConnectSandbox
import Ledger
import LedgerStore
import Measures
import NIOHTTP1
import TestSupport
import Testing
import Vault
import Wire

@testable import ConnectFlow

/// What a crash, a lost answer or an outage leaves behind, and how it is brought to an end.
@Suite("Left finalizes", .oneServiceAtATime, .timeLimit(.minutes(5)))
struct SettlingTests {
    /// How far the finish was when its worker ended.
    private enum Crash {
        /// After the intent (docs/threats.md#p2).
        case received
        /// After the dispatch (docs/threats.md#p3 and those that follow).
        case dispatched
    }

    /// Writes what a worker has written that ended so, and gives the finalize.
    private func crash(
        _ crash: Crash,
        _ launch: ServedLaunch,
        _ session: String,
        _ service: TestService
    ) async throws -> Identifier {
        let object = try SessionTokenObject(
            body: Array(session.utf8),
            contentType: "application/json"
        )
        let store = service.store
        let finish = LedgerEvent.Finish(
            finalize: store.clock.identifier(),
            launch: try #require(Identifier(launch.id)),
            session: store.vault.fingerprint(
                .session,
                of: object.sessionToken,
                app: service.app.id
            ),
            human: store.vault.fingerprint(.human, of: object.humanID, app: service.app.id)
        )
        let name = Secret(launch.decodedUserID)
        let user = try #require(try await store.user(name, of: service.app))
        var change = Change(context: RecordContext(actor: "launch"))
        change.append(.finishReceived(finish), id: finish.finalize)
        change.claim(.session, finish.session)
        change.keep(object.sessionToken, .sessionToken, version: user.state.version + 1)
        if user.state.human == nil {
            change.keep(object.humanID, .claimedHumanID, version: user.state.version + 1)
        }
        if crash == .dispatched {
            change.append(
                .exchangeDispatched(finalize: finish.finalize, number: 1),
                id: finish.finalize.derived("dispatch/1")
            )
        }
        guard case .written = try await store.write(change, to: user) else {
            throw StoreError.conflict
        }
        return finish.finalize
    }

    /// Looks after left finalizes as if so many seconds had passed.
    private func settle(_ service: TestService, after seconds: Int64) async {
        await service.flows.settler.settle(at: service.store.clock.now().adding(seconds: seconds))
    }

    @Test("what was received and never sent is sent, once, by whoever finds it")
    func received() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("received")
            let session = try await service.session(launch)
            _ = try await crash(.received, launch, session, service)
            await settle(service, after: 1)
            #expect(try await service.exchanges(of: session) == 0, "it may still be at work")
            _ = try await parallel(4) { _ in
                await settle(service, after: 6)
            }
            #expect(try await service.exchanges(of: session) == 1)
            #expect(
                try await service.types("received") == [
                    "connect.launched", "finish.received", "exchange.dispatched",
                    "connect.finalized", "access_token.rotated", "public_token.rotated",
                ]
            )
            #expect(try await service.tokens("received")["status"] == "connected")
            #expect(try await service.finish(launch.finishPath, session).status == 201)
            #expect(try await service.kept(["session_token", "claimed_human_id"]) == 0)
            #expect(try await service.verifies())
        }
    }

    @Test("a lost answer in edit mode: the public token is fetched, the connection is broken off")
    func lostInEditMode() async throws {
        try await TestService.run { service in
            try await service.connect("edit")
            let launch = try await service.launch("edit")
            let session = try await service.session(launch, connect: ["lab"])
            _ = try await crash(.dispatched, launch, session, service)
            await settle(service, after: 10)
            #expect(try await service.types("edit").last == "exchange.dispatched")
            await settle(service, after: 21)
            #expect(
                try await service.types("edit").suffix(3) == [
                    "finalize.unresolved", "public_token.recovered", "finalize.abandoned",
                ]
            )
            #expect(try await service.exchanges(of: session) == 0, "nothing is sent twice")
            let tokens = try await service.tokens("edit")
            #expect(tokens["status"] == "broken")
            #expect(tokens["reason"] == "answer_lost")
            #expect(tokens["next_step"] == "launch")
            let shown = try await service.get(service.user("edit"))
            #expect(shown.json["open_finalizes"] == .number("0"))
            let again = try await service.finish(launch.finishPath, session)
            #expect(again.status == 422)
            #expect(again.code == "finalize_abandoned")
            #expect(try await service.kept(["session_token", "claimed_human_id"]) == 0)
            let count = try await service.types("edit").count
            for round in 1...3 {
                #expect(try await service.launch("edit").mode == "edit")
                #expect(try await service.types("edit").count == count + round, "and no more")
            }
            try await service.connect("edit", "pharmacy")
            #expect(try await service.tokens("edit")["status"] == "connected")
            #expect(try await service.verifies())
        }
    }

    @Test("a lost answer in create mode: whom the provider's list names is opened in edit mode")
    func lostInCreateMode() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("create")
            let session = try await service.session(launch)
            _ = try await crash(.dispatched, launch, session, service)
            await settle(service, after: 21)
            #expect(
                try await service.types("create") == [
                    "connect.launched", "finish.received", "exchange.dispatched",
                    "finalize.unresolved", "public_token.recovered", "finalize.abandoned",
                ]
            )
            let next = try await service.launch("create")
            #expect(next.mode == "edit")
            #expect(try await service.play(next).status == 200)
            #expect(try await service.kept(["session_token", "claimed_human_id"]) == 0)
            #expect(try await service.verifies())
        }
    }

    @Test("while the provider is away nothing is given up, for a day")
    func providerAway() async throws {
        try await TestService.run { service in
            try await service.connect("away")
            let launch = try await service.launch("away")
            let session = try await service.session(launch, connect: ["lab"])
            _ = try await crash(.dispatched, launch, session, service)
            await service.sandbox.stop()
            for seconds in [Int64(21), 60, 3_600, 86_000] {
                await settle(service, after: seconds)
                #expect(try await service.types("away").last == "finalize.unresolved")
            }
            await settle(service, after: 86_401)
            #expect(try await service.types("away").last == "finalize.abandoned")
            try await service.sandbox.start()
        }
    }

    @Test("a late answer still brings its tokens, unless newer ones are held: then it is noted")
    func late() async throws {
        try await TestService.run { service in
            for isNewer in [false, true] {
                let user = "late \(isNewer)"
                let launch = try await service.launch(user)
                let session = try await service.session(launch)
                let id = try await crash(.dispatched, launch, session, service)
                await settle(service, after: 21)
                if isNewer { try await service.connect(user, "watch") }
                let held = try await service.tokens(user)
                try await keepLateAnswer(to: id, user, service)
                await service.flows.settler.drain()
                #expect(try service.waitingAnswers == 0)
                let tokens = try await service.tokens(user)
                if isNewer {
                    #expect(tokens["access_token"] == held["access_token"])
                    #expect(try await service.types(user).last == "finalize.superseded")
                } else {
                    #expect(tokens["access_token"] == "late access")
                    #expect(tokens["status"] == "connected")
                }
                #expect(try await service.launch(user).mode == "edit")
            }
            #expect(try await service.verifies())
        }
    }

    /// Puts an answer on disk, as if its worker had found no database.
    private func keepLateAnswer(
        to finalize: Identifier,
        _ user: String,
        _ service: TestService
    ) async throws {
        let human = try #require(try await service.sandbox.user(user)?["human_id"]?.text)
        let answer = TokenAnswer(
            humanID: Secret(human),
            accessToken: Secret("late access"),
            publicToken: Secret("late public"),
            clientID: nil,
            clientUserID: nil
        )
        let text = try #require(ExchangeResult.answered(answer).spelled(for: finalize))
        let stored = try #require(
            try await service.store.user(Secret(user), of: service.app)
        )
        let sealed = try service.store.seal(text, .providerAnswer, of: stored)
        try service.flows.spool.keep(sealed, of: finalize)
    }

    @Test("an answer that is on record already is no second one, whoever comes with it again")
    func twice() async throws {
        try await TestService.run { service in
            let launch = try await service.launch("twice")
            let session = try await service.session(launch)
            let id = try await crash(.dispatched, launch, session, service)
            for _ in 0..<2 {
                try await keepLateAnswer(to: id, "twice", service)
                await service.flows.settler.drain()
                #expect(try service.waitingAnswers == 0)
            }
            let types = try await service.types("twice")
            #expect(types.last == "public_token.rotated")
            #expect(!types.contains("finalize.superseded"))
            #expect(try await service.finish(launch.finishPath, session).status == 201)
        }
    }

    @Test("a file that belongs to nobody here is set aside, and holds up no other")
    func foreignFile() async throws {
        try await TestService.run { service in
            let stranger = service.store.clock.identifier()
            try service.flows.spool.keep([1, 2, 3], of: stranger)
            let launch = try await service.launch("behind it")
            let session = try await service.session(launch)
            let id = try await crash(.dispatched, launch, session, service)
            await settle(service, after: 21)
            try await keepLateAnswer(to: id, "behind it", service)
            await service.flows.settler.drain()
            #expect(try service.waitingAnswers == 0)
            #expect(try await service.tokens("behind it")["access_token"] == "late access")
            #expect(service.logs.lines.contains { $0.contains("it is set aside") })
            #expect(try service.spoolFiles() == ["\(stranger).answer.aside"])
        }
    }

    @Test(
        "an answer that finds no database waits on disk, sealed, and is recorded by whoever comes"
    )
    func spool() async throws {
        try await TestCluster.run { cluster in
            try await TestService.run(on: cluster) { service in
                let user = "sandbox_slow"
                let launch = try await service.launch(user)
                let session = try await service.session(launch)
                async let finishing = service.finish(launch.finishPath, session)
                try await service.waitForExchange(of: session)
                try await cluster.stop()
                let answer = try await finishing
                #expect(answer.status == 503, "\(answer.text)")
                #expect(answer.code == "database_unavailable")
                #expect(try service.waitingAnswers == 1)
                let token = try #require(
                    try await service.sandbox.user(user)?["access_token"]?.text
                )
                #expect(try !service.spoolHolds(token), "what lies there is sealed")
                await service.flows.settler.drain()
                #expect(try service.waitingAnswers == 1, "not yet")
                try await cluster.start()
                try await eventually("ready again") {
                    try await service.call(.GET, "/readyz", key: nil).status == 200
                }
                let told = try await service.call(.GET, "/readyz", key: nil)
                #expect(told.text.contains("answers_waiting"), "\(told.text)")
                await service.flows.settler.drain()
                #expect(try service.waitingAnswers == 0)
                #expect(try await service.tokens(user)["access_token"] == token)
                #expect(try await service.exchanges(of: session) == 1)
                #expect(try await service.finish(launch.finishPath, session).status == 201)
            }
        }
    }

    @Test("how many answers wait on disk, and how long the oldest has, is measured until none does")
    func spoolMetrics() async throws {
        try await TestService.run { service in
            let measured = { (name: String) in
                var page = MetricPage()
                service.flows.fill(&page)
                let line = page.text.split(separator: "\n")
                    .first { $0.hasPrefix("token_ledger_spool_\(name) ") }
                return try #require(line?.split(separator: " ").last.flatMap { Int($0) })
            }
            let launch = try await service.launch("measured")
            let session = try await service.session(launch)
            let id = try await crash(.dispatched, launch, session, service)
            try await keepLateAnswer(to: id, "measured", service)
            try service.ageAnswer(of: id, seconds: 90)
            // What nobody can record now stays: here, because nobody can write.
            try await service.damage(
                """
                create function ledger.refuse() returns trigger language plpgsql as $$
                begin raise exception 'away' using errcode = '57P03'; end $$;
                create trigger refuse before insert on ledger.event
                    for each row execute function ledger.refuse();
                """
            )
            await service.flows.settler.drain()
            #expect(try measured("answers") == 1)
            #expect(try (90...600).contains(measured("oldest_seconds")))
            try await service.damage("drop trigger refuse on ledger.event")
            await service.flows.settler.drain()
            #expect(try measured("answers") == 0)
            #expect(try measured("oldest_seconds") == 0)
        }
    }
}

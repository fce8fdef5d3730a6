import Ledger
@testable import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

/// What a running service asks its database, again and again.
struct PartitionedWork {
    let test: TestStore

    /// One round, with users of its own.
    func run(_ round: Int) async throws {
        let name = "user \(round)"
        _ = try await test.connectedUser(name)
        try await test.rotate(name, "2")
        try await test.tell(.connectionBroken(reason: "x"), of: name)
        let user = try await test.user(name)
        #expect(try await test.store.user(subject: user.subject, of: test.app) != nil)
        try await readAccesses(user)
        try await readEvents(user)
        try await readUsers(user, name)
        try await fold(user)
        try await integrate()
        #expect(await test.store.probe(0) == [])
        try await takeOver("taken over \(round)")
        try await claimAcrossLogs(round)
    }

    /// What happens seldom.
    func runOnce() async throws {
        _ = try await test.store.takeOversBegin()
        let webhook = try await test.store.add(
            WebhookDefinition(url: "https://hooks.example.com/"),
            of: test.app,
            context: TestStore.context
        )
        let endpoint = try #require(webhook)
        let holder = test.store.clock.identifier()
        let held = try await test.store.leaseWebhooks(holder: holder, seconds: 5)
        let positions = held.first?.nextPositions ?? [:]
        _ = try await test.store.record(
            [],
            WebhookProgress(of: endpoint.id, holder: holder, from: positions, to: positions)
        )
        _ = try await test.store.waitingDeliveries(to: endpoint.id)
        _ = try await test.store.deliveries(to: endpoint.id, limit: 3)
        let stepped = SteppedIntegrator(test)
        // A full tile of the first log at least.
        try await stepped.append(500 * test.store.logs.pairs - 200, round: 0)
        try await stepped.look()
        let tile = try #require(TileAddress(.hashes(level: 0), index: 0))
        #expect(try await test.store.tile(tile, log: .facts) != nil)
        try await test.setGrace(0)
        await test.drop()
        let erased = try await test.erase("user 1")
        #expect(try await test.store.livingUsers(among: [erased.subject]) == 0)
        _ = try await test.store.erasedUsers(after: nil)
    }

    private func readAccesses(_ user: StoredUser) async throws {
        try await test.store.recordReads(
            [(.publicToken, 1)],
            of: user,
            test.app,
            key: "key",
            context: TestStore.context
        )
        #expect(try await test.store.accesses(of: user, from: 0, limit: 3).count > 0)
        _ = try await test.store.latestAccesses(of: user, before: 100, limit: 3)
        _ = try await test.store.search(
            Secret("access user 0"),
            of: test.app,
            context: TestStore.context
        )
    }

    private func readEvents(_ user: StoredUser) async throws {
        let store = test.store
        let history = try await store.wholeHistory(of: user)
        let first = try #require(history.first)
        #expect(try await store.event(id: first.record().id) != nil)
        _ = try await store.neighbours(of: first)
        for kind in [Log.Kind.facts, .access] {
            let query = EventQuery(clientID: "demo")
            let logs = store.logs(kind, about: query.subject)
            let start = LogPlaces.beginning(count: logs.count)
            let ends = try await store.ends(of: logs)
            let page = try await store.events(query, logs: logs, from: start, limit: 2)
            let known = try await store.known(page.places, in: logs)
            #expect(try await store.has(known, in: logs))
            _ = try await store.passed(query, logs: logs, from: start, ends: ends)
            _ = try await store.latestEvents(
                query,
                logs: logs,
                before: LogPlaces(ends.map { LogPlaces.Reached(next: $0) }),
                limit: 2
            )
        }
        _ = try await store.cut()
        for log in store.logs.all {
            let size = try await store.size(log: log)
            for subject in [nil, user.subject] {
                let query = EventQuery(clientID: "demo", subject: subject)
                _ = try await store.events(query, log: log, from: 0, limit: 3)
                _ = try await store.latestEvents(query, log: log, before: size, limit: 3)
                _ = try await store.passed(query, log: log, positions: 0..<size)
                let export = ExportRequest(
                    log: log,
                    query: query,
                    apps: [test.app],
                    positions: 0..<size
                )
                _ = try await store.exportPage(export, from: 0)
            }
            let name = "\(user.subject)"
            _ = try await store.latestEvents(of: test.app, holding: name, log: log, before: size)
            _ = try await store.end(of: log, from: 0)
            _ = try await store.place(before: size, in: log)
            _ = try await store.page(log: log, from: 0)
            _ = try await store.position(of: log, at: store.clock.now())
        }
    }

    private func readUsers(_ user: StoredUser, _ name: String) async throws {
        let store = test.store
        let session = store.vault.fingerprint(
            .session,
            of: Secret("session access \(name)"),
            app: test.app.id
        )
        #expect(try await store.lookup(.session, session)?.subject == user.subject)
        let token = try #require(user.state.publicToken)
        #expect(try await store.value(.publicToken, token, of: user) != nil)
        _ = try await store.value(.publicToken, version: 1, of: user)
        _ = try await store.users(of: test.app, after: nil, limit: 3)
        _ = try await store.newestUsers(of: test.app, in: .connected, before: nil, limit: 3)
        _ = try await store.userCounts(of: test.app)
        _ = try await store.recentEvents(of: test.app, since: Timestamp(microseconds: 0))
        _ = try await store.identities(of: [user.subject], app: test.app)
        _ = try await store.unsettledUsers(by: store.clock.now(), after: nil, limit: 3)
        _ = try await store.supersededValues(by: store.clock.now())
    }

    private func fold(_ user: StoredUser) async throws {
        await test.foldProblems()
        let place = ProblemPlace(app: test.app.id, about: user.subject)
        let problem = try #require(
            try await test.store.problems(at: [place], user.log).first?.problem
        )
        _ = try await test.store.problem(problem.name, of: test.app)
        var query = ProblemQuery()
        query.about = problem.name.about
        // The list is that of the first pair.
        #expect(try await test.problems(query).count > 0 || user.log != .facts)
        _ = try await test.store.problemCounts(of: test.app)
        let isMuted = problem.state == .open
        _ = try await test.store.mark(
            problem,
            muted: isMuted,
            of: test.app,
            context: TestStore.context
        )
    }

    private func integrate() async throws {
        let maps = MapKeeper(store: test.store, logger: test.store.logger)
        try await maps.load()
        try await SteppedIntegrator(test, maps: [maps]).look()
        let served = await maps.served
        #expect(served != nil)
        let event = try #require(try await test.store.event(at: 0, log: .facts))
        #expect(try await test.store.proved(event) != nil)
        _ = try await test.store.firstCheckpoint(log: .facts)
        _ = try await test.store.checkpoints(of: .facts, upTo: 100, limit: 3)
    }

    private func takeOver(_ name: String) async throws {
        let taken = TakenOverUser(
            clientUserID: Secret(name),
            humanID: Secret("human \(name)"),
            accessToken: Secret("access \(name)"),
            publicToken: Secret("public \(name)")
        )
        let begin = try await test.store.takeOversBegin()
        let fingerprints = test.store.fingerprints(of: taken, test.app)
        #expect(try await test.store.takeOvers(of: [fingerprints], app: test.app) == [.taken])
        let verdict = try await test.store.takeOver(
            taken,
            of: test.app,
            checkedFrom: begin,
            context: TestStore.context
        )
        #expect(verdict == .taken)
    }

    /// Each step of a claim whose home is another log, and an append that makes one.
    private func claimAcrossLogs(_ round: Int) async throws {
        let factory = CommandFactory(test: test)
        let claimer = test.store.claimer
        guard test.store.logs.pairs > 1 else { return }
        let other = Log(.facts, pair: 1)
        let claimant = CommandFactory.claimant(of: other, clock: factory.clock)
        let fingerprint = factory.fingerprint("claimed \(round)")
        let place = ClaimPlace(kind: .human, fingerprint: fingerprint, home: Log.facts.id)
        let row = try #require(try await claimer.reserve(place, for: claimant))
        #expect(try await claimer.look(at: place)?.reference == row.reference)
        #expect(try await !claimer.isMade(place, logID: other.id))
        #expect(try await !claimer.fence(row.reference, at: place))
        try await claimer.release(row.reference, at: place)
        try await claimer.release(everythingOf: claimant.subject, logID: other.id)
        let user = try await test.launchedUser("claiming \(round)")
        let change = test.connection(
            of: user,
            human: "claimed \(round)",
            accessToken: "access claiming \(round)",
            publicToken: "public claiming \(round)"
        )
        var (command, _) = try test.store.prepare(change, of: user)
        command.claims[0].reservation = factory.clock.identifier(in: user.log)
        let verdict = try await test.store.writer(of: user.log).append(command)
        guard case .appended = verdict else {
            Issue.record("\(verdict)")
            return
        }
    }
}

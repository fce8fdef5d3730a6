import Ledger
@testable import LedgerStore
import Logging
import MerkleLog
import Postgres
import StateMap
import TestSupport
import Testing
import Vault

/// A store of three pairs of logs, all in one database, or in two.
@Suite("Several pairs of logs", .timeLimit(.minutes(5)))
struct LogPairsTests {
    private static let pairs = 3
    /// In how many databases they stand.
    private static let arrangements = [1, 2]
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Connects so many that each log gets some, and gives them in the order in which they came.
    private func fill(_ test: TestStore, _ count: Int = 24) async throws -> [StoredUser] {
        var users: [StoredUser] = []
        for number in 0..<count { users.append(try await test.connectedUser("user \(number)")) }
        let logs = Set(users.map(\.log))
        try #require(logs == Set(test.store.logs.list(.facts)), "each log has users")
        return users
    }

    @Test(
        "a user belongs to one log, and everything of the user leads there",
        arguments: arrangements
    )
    func home(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            for (number, user) in users.enumerated() {
                let name = Secret("user \(number)")
                #expect(test.store.home(of: name, in: test.app) == user.log)
                #expect(Log(of: user.subject) == user.log)
                let found = try await test.store.user(subject: user.subject, of: test.app)
                #expect(try found.flatMap { try test.store.value(.clientUserID, of: $0) } == name)
                let history = try await test.store.wholeHistory(of: user)
                #expect(history.count == Int(user.state.version))
                for event in history {
                    #expect(event.log == user.log)
                    let same = try await test.store.event(id: try event.record().id)
                    #expect(same?.position == event.position)
                }
            }
            // Dense in each log: the first one has the app's event besides.
            for log in test.store.logs.list(.facts) {
                let own = users.filter { $0.log == log }.reduce(0) { $0 + $1.state.version }
                #expect(try await test.store.size(log: log) == own + (log.pair == 0 ? 1 : 0))
            }
            // Whose log there is not is nobody.
            let stranger = test.store.clock.identifier(in: Log(.facts, pair: Self.pairs))
            #expect(try await test.store.user(subject: stranger, of: test.app) == nil)
            #expect(try await test.store.event(id: stranger) == nil)
        }
    }

    @Test(
        "lists of users are whole and in order, whatever the pages",
        arguments: [1, 3, 100],
        arrangements
    )
    func lists(limit: Int, databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let subjects = try await fill(test).map(\.subject)
            var listed: [Identifier] = []
            while true {
                let page = try await test.store.users(
                    of: test.app,
                    after: listed.last,
                    limit: limit
                )
                listed += page.map(\.subject)
                if page.count < limit { break }
            }
            #expect(listed == subjects.sorted())

            var newest: [Identifier] = []
            var next: Identifier?
            repeat {
                let page = try await test.store.newestUsers(
                    of: test.app,
                    in: .connected,
                    before: next,
                    limit: limit
                )
                newest += page.users.map(\.subject)
                next = page.next
            } while next != nil
            #expect(newest == subjects.sorted(by: >))
            let counts = try await test.store.userCounts(of: test.app)
            #expect(counts.counts == [.connected: Int64(subjects.count)])
            #expect(!counts.isCut)
        }
    }

    @Test("what happened lately is counted in all logs", arguments: arrangements)
    func recent(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            let start = test.store.clock.now().adding(seconds: -3_600)
            let recent = try await test.store.recentEvents(of: test.app, since: start)
            let launches = recent.hours.reduce(0) { $0 + ($1.counts["connect.launched"] ?? 0) }
            #expect(launches == Int64(users.count))
        }
    }

    @Test(
        "who read what of a user stands in the log of the user's pair; what leads to nobody, in any",
        arguments: arrangements
    )
    func accesses(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            for user in try await fill(test) {
                try await test.store.recordReads(
                    [(.accessToken, 1)],
                    of: user,
                    test.app,
                    key: "key",
                    context: TestStore.context
                )
                let found = try await test.store.accesses(of: user, from: 0, limit: 9)
                #expect(found.map(\.log) == [user.log.access])
                let latest = try await test.store.latestAccesses(of: user, before: 9_999, limit: 9)
                #expect(latest.map(\.position) == found.map(\.position))
            }
            let before = try await sizes(test, .access)
            var change = AppChange()
            change.accessRecording = .metadata
            try await test.update(change)
            let app = try #require(try await test.store.app(clientID: "demo"))
            let user = try await test.user("user 0")
            for _ in 0..<60 {
                try await test.store.recordView(of: user, app, context: TestStore.context)
            }
            let grown = zip(try await sizes(test, .access), before).map { $0 - $1 }
            #expect(grown.reduce(0, +) == 60)
            #expect(grown.allSatisfy { $0 > 0 }, "\(grown)")
        }
    }

    private func sizes(_ test: TestStore, _ kind: Log.Kind) async throws -> [Int64] {
        var sizes: [Int64] = []
        for log in test.store.logs.list(kind) { sizes.append(try await test.store.size(log: log)) }
        return sizes
    }

    @Test("a token is found in whatever log its user is", arguments: arrangements)
    func search(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            for (number, user) in try await fill(test).enumerated() {
                let matches = try await test.store.search(
                    Secret("access user \(number)"),
                    of: test.app,
                    context: TestStore.context
                )
                #expect(matches.map(\.user.subject) == [user.subject])
            }
        }
    }

    @Test(
        "those who were erased are listed from all logs, and no one else",
        arguments: arrangements
    )
    func erased(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            var erased: [Identifier] = []
            for number in stride(from: 0, to: users.count, by: 2) {
                erased.append(try await test.erase("user \(number)").subject)
            }
            var listed: [ErasedUser] = []
            repeat {
                let page = try await test.store.erasedUsers(after: listed.last?.subject)
                if page.isEmpty { break }
                listed += page
            } while true
            #expect(listed.map(\.subject) == erased.sorted())
            for user in listed { #expect(try await test.store.erasure(of: user) != nil) }
            #expect(try await test.store.livingUsers(among: erased) == 0)
            let all = users.map(\.subject)
            #expect(try await test.store.livingUsers(among: all) == all.count - erased.count)
        }
    }

    @Test("values are dropped log by log, and each log says so", arguments: arrangements)
    func superseded(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            for number in users.indices { try await test.rotate("user \(number)", "2") }
            try await test.setGrace(0)
            await test.drop()
            let left = try await test.store.supersededValues(by: test.store.clock.now())
            #expect(left.isEmpty)
            for number in users.indices {
                let user = try await test.user("user \(number)")
                #expect(try await test.store.value(.accessToken, version: 1, of: user) == nil)
                let absence = await test.store.absence(of: .accessToken, version: 1, of: user)
                #expect(absence == .dropped)
            }
        }
    }

    @Test(
        "problems are folded and muted in the log of whom they are about",
        arguments: arrangements
    )
    func problems(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            for number in users.indices {
                try await test.tell(.connectionBroken(reason: "x"), of: "user \(number)")
            }
            await test.foldProblems()
            let counts = try await test.store.problemCounts(of: test.app)
            #expect(counts.map(\.count) == [Int64(users.count)])
            for user in users {
                let name = ProblemName(kind: counts[0].kind, about: user.subject)
                let problem = try #require(try await test.store.problem(name, of: test.app))
                let event = try await test.store.event(
                    at: problem.first.position,
                    log: user.log
                )
                #expect(try event?.record().subject == user.subject)
                let marked = try await test.store.mark(
                    name,
                    muted: true,
                    of: test.app,
                    context: TestStore.context
                )
                #expect(marked?.problem.state == .muted)
            }
        }
    }

    @Test(
        "each pair has checkpoints of its own, and maps in which its users are",
        arguments: arrangements
    )
    func evidence(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            let maps = try await SteppedIntegrator.loadedMaps(of: test.store)
            try await SteppedIntegrator(test, maps: maps).look()
            for log in test.store.logs.all {
                let latest = try await test.store.latestCheckpoint(log: log)
                #expect(latest?.size == (try await test.store.size(log: log)))
                let name = test.store.vault.checkpointSigner(logID: log.id).key.name
                #expect(latest?.note.hasPrefix("\(name)\n") == true)
            }
            for (number, user) in users.enumerated() {
                let proof = try await maps[user.log.pair].proof(
                    of: Secret("user \(number)"),
                    subject: user.subject,
                    in: test.app
                )
                #expect(proof?.proof.states?.state?.version == user.state.version)
                let elsewhere = try await maps[(user.log.pair + 1) % Self.pairs].proof(
                    of: Secret("user \(number)"),
                    subject: nil,
                    in: test.app
                )
                #expect(elsewhere != nil && elsewhere?.proof.states == nil)
            }
            let counts = await maps.asyncMap { await $0.made.states.count }
            #expect(counts.reduce(0, +) == users.count)
        }
    }

    @Test(
        "a session and a person are claimed once, in whatever logs those are who claim them",
        arguments: arrangements
    )
    func claims(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            for (number, user) in users.enumerated() {
                let make = { (kind: FingerprintKind, text: String) in
                    test.store.vault.fingerprint(kind, of: Secret(text), app: test.app.id)
                }
                let session = make(.session, "session access user \(number)")
                let human = make(.human, "human user \(number)")
                for (kind, fingerprint) in [(LookupKind.session, session), (.human, human)] {
                    let found = try #require(try await test.store.lookup(kind, fingerprint))
                    #expect(found.subject == user.subject)
                    let event = try #require(try await test.store.event(id: found.reference))
                    #expect(event.log == user.log)
                    #expect(try event.record().subject == user.subject)
                }
                // Somebody of the next log brings the same session, and the same person.
                let name = try #require(
                    (0...).lazy.map { "other \(number) \($0)" }.first {
                        test.store.home(of: Secret($0), in: test.app).pair
                            == (user.log.pair + 1) % Self.pairs
                    }
                )
                let other = try await test.launchedUser(name)
                for (human, accessToken, kind) in [
                    ("human \(name)", "access user \(number)", LookupKind.session),
                    ("human user \(number)", "access \(name)", .human),
                ] {
                    let change = test.connection(
                        of: other,
                        human: human,
                        accessToken: accessToken,
                        publicToken: "public \(name)"
                    )
                    guard case .claimed(kind) = try await test.store.write(change, to: other)
                    else {
                        Issue.record("\(kind) was claimed twice")
                        continue
                    }
                }
            }
        }
    }

    @Test("a change of the root key reaches the keys of all logs", arguments: arrangements)
    func rootKey(databases: Int) async throws {
        try await TestStore.run(pairs: Self.pairs, databases: databases) { test in
            let users = try await fill(test)
            let new = RootKey(bytes: (0..<32).map { _ in UInt8.random(in: 0...255) })
            let keys = RootKeys(new, other: test.rootKey)
            try await test.another(rootKeys: keys) { store in
                let rotation = try await store.rotateRootKey(
                    context: TestStore.context,
                    owner: test.owners
                )
                #expect(rotation.isComplete)
            }
            try await test.another(rootKeys: RootKeys(new)) { store in
                for (number, user) in users.enumerated() {
                    let found = try #require(
                        try await store.user(subject: user.subject, of: test.app)
                    )
                    let token = try store.value(.accessToken, of: found)
                    #expect(token == Secret("access user \(number)"))
                }
            }
        }
    }

    @Test("how many pairs there are is decided before the first event")
    func fixed() async throws {
        let database = try await TestPostgres.freshDatabase()
        let owner = PostgresConfiguration(url: database.url)
        _ = try await TestStore.migrate(owner)
        for pairs in [1, 2, 2, 4, 1, 3] {
            try await Migrator.makeLogs(Logs(pairs: pairs), on: owner)
        }
        try await TestStore.run(pairs: 2) { test in
            try await Migrator.makeLogs(Logs(pairs: 2), on: test.owner)
            for pairs in [1, 3] {
                await #expect(throws: StoreOpeningError.self) {
                    try await Migrator.makeLogs(Logs(pairs: pairs), on: test.owner)
                }
            }
            // Nor by hand.
            let owner = try await test.ownerConnection()
            await #expect(throws: PostgresError.self) {
                try await owner.script("insert into ledger.log (log_id, kind) values (4, 'fact')")
            }
            // And a log that has lost its others is no log that a service works on.
            try await owner.script(
                "alter table ledger.log disable trigger all; delete from ledger.log where log_id = 3"
            )
            await owner.close()
            await #expect(throws: StoreOpeningError.self) {
                _ = try await LedgerStore(
                    pools: test.store.pools,
                    rootKeys: RootKeys(test.rootKey),
                    logger: Self.quiet
                )
            }
        }
    }
}

extension [MapKeeper] {
    fileprivate func asyncMap<Value>(_ body: (MapKeeper) async -> Value) async -> [Value] {
        var values: [Value] = []
        for keeper in self { values.append(await body(keeper)) }
        return values
    }
}

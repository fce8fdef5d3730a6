import Ledger
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Updates of apps", .timeLimit(.minutes(5)))
struct AppUpdateTests {
    private func update(
        _ test: TestStore,
        _ app: StoredApp? = nil,
        _ make: (inout AppChange) -> Void
    ) async throws -> AdministrationOutcome {
        var change = AppChange()
        make(&change)
        var known = app
        if known == nil { known = try await stored(test) }
        return try await test.store.update(
            try #require(known),
            change,
            context: TestStore.context,
            owner: test.owners
        )
    }

    private func stored(_ test: TestStore) async throws -> StoredApp {
        try #require(await test.store.app(clientID: "demo"))
    }

    private func values(_ test: TestStore) async throws -> [String] {
        let owner = try await test.ownerConnection()
        let values = try await owner.rows(
            Statement("values", "select kind || ' ' || version from vault.value order by 1")
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        await owner.close()
        return values
    }

    private func lastUpdate(_ test: TestStore) async throws -> LedgerEvent.AppUpdate? {
        let events = try await test.store.page(log: .facts, from: 0, limit: 1_000)
        guard case .appUpdated(let update)? = try events.last?.record().event else { return nil }
        return update
    }

    @Test("what is named changes, the rest stays, and the event tells it without a secret")
    func changes() async throws {
        try await TestStore.run { test in
            #expect(
                try await update(test) {
                    $0.clientSecret = Secret("second secret")
                    $0.userURL = "http://127.0.0.1:7"
                } == .written
            )
            var app = try await stored(test)
            #expect(app.clientSecret == Secret("second secret") && app.clientSecretVersion == 2)
            #expect(app.appKey == Secret("demo app key") && app.appKeyVersion == 1)
            #expect(app.userURL == "http://127.0.0.1:7" && app.apiURL == "http://127.0.0.1:1")
            #expect(app.allowedOrigins == ["http://127.0.0.1:2"])
            #expect(try await values(test) == ["app_key 1", "client_secret 2"])
            var told = LedgerEvent.AppUpdate()
            told.clientSecretVersion = 2
            told.changed = [.userURL]
            #expect(try await lastUpdate(test) == told)

            #expect(
                try await update(test) {
                    $0.appKey = .removed
                    $0.allowedOrigins = []
                } == .written
            )
            app = try await stored(test)
            #expect(app.appKey == nil && app.appKeyVersion == nil && app.allowedOrigins == [])
            #expect(app.name == "Demo" && app.clientSecret == Secret("second secret"))
            #expect(try await values(test) == ["client_secret 2"])
            #expect(try await lastUpdate(test)?.appKeyVersion == 0)

            #expect(try await update(test) { $0.appKey = .replaced(Secret("k")) } == .written)
            #expect(try await stored(test).appKey == Secret("k"))
            let events = try await test.store.page(log: .facts, from: 0, limit: 1_000)
            for event in events {
                let text = String(decoding: event.bytes, as: UTF8.self)
                #expect(!text.contains("second secret") && !text.contains("demo app key"))
                #expect(!text.contains("127.0.0.1"))
            }
        }
    }

    @Test(
        "what is kept of an app's users is decided when it is added, or later, and told each time"
    )
    func decisions() async throws {
        try await TestStore.run { test in
            #expect(test.app.supersededGraceSeconds == SupersededGrace.usualSeconds)
            #expect(test.app.accessRecording == .full)
            #expect(try await lastUpdate(test) == nil, "what is usual is not told")
            #expect(
                try await update(test) {
                    $0.supersededGraceSeconds = 60
                    $0.accessRecording = .off
                } == .written
            )
            var told = LedgerEvent.AppUpdate()
            told.supersededGraceSeconds = 60
            told.accessRecording = .off
            #expect(try await lastUpdate(test) == told)
            let app = try await stored(test)
            #expect(app.supersededGraceSeconds == 60 && app.accessRecording == .off)
            let same = try await update(test) {
                $0.supersededGraceSeconds = 60
                $0.accessRecording = .off
            }
            #expect(same == .unchanged)

            let other = NewApp(
                clientID: "other",
                name: "Other",
                clientSecret: Secret("other"),
                appKey: nil,
                connectURL: "http://127.0.0.1:1",
                userURL: "http://127.0.0.1:1",
                apiURL: "http://127.0.0.1:1",
                allowedOrigins: [],
                supersededGraceSeconds: 60,
                accessRecording: .off
            )
            #expect(
                try await test.store.add(other, context: TestStore.context, owner: test.owners)
            )
            #expect(try await lastUpdate(test) == told)
            let added = try #require(await test.store.app(clientID: "other"))
            #expect(added.supersededGraceSeconds == 60 && added.accessRecording == .off)
            // Beyond what may be decided.
            for seconds in [-1, SupersededGrace.secondsMax + 1] {
                await #expect(throws: StoreError.self) {
                    try await update(test) { $0.supersededGraceSeconds = seconds }
                }
            }
        }
    }

    @Test("nothing different is nothing written, and an app that changed meanwhile is let be")
    func conflicts() async throws {
        try await TestStore.run { test in
            let before = test.app
            let same = try await update(test) {
                $0.apiURL = before.apiURL
                $0.userURL = before.userURL
                $0.allowedOrigins = before.allowedOrigins
            }
            #expect(same == .unchanged)
            #expect(try await update(test) { $0.apiURL = "http://127.0.0.1:9" } == .written)
            let count = try await test.store.page(log: .facts, from: 0, limit: 1_000).count
            let stale = try await update(test, before) { $0.clientSecret = Secret("lost") }
            #expect(stale == .conflict)
            #expect(try await test.store.page(log: .facts, from: 0, limit: 1_000).count == count)
            #expect(try await stored(test).clientSecret == before.clientSecret)
        }
    }

    @Test("the app and its event are written together or not at all")
    func together() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            try await owner.script(
                "alter table ledger.event add constraint no check (type <> 'app.updated') not valid"
            )
            await #expect(throws: StoreError.self) {
                try await update(test) { $0.clientSecret = Secret("second") }
            }
            let app = try await stored(test)
            #expect(app.clientSecret == test.app.clientSecret && app.clientSecretVersion == 1)
            #expect(try await values(test) == ["app_key 1", "client_secret 1"])
            await owner.close()
        }
    }

    @Test("a value that the service's role left in the way does not keep a secret from changing")
    func inTheWay() async throws {
        try await TestStore.run { test in
            let owner = try await test.ownerConnection()
            try await owner.script(
                """
                insert into vault.value select log_id, subject, kind, 2, sealed from vault.value
                where kind = 'client_secret'
                """
            )
            #expect(try await update(test) { $0.clientSecret = Secret("second") } == .written)
            #expect(try await stored(test).clientSecret == Secret("second"))
            await owner.close()
        }
    }

    @Test("another copy goes by an update within 5 s")
    func copies() async throws {
        try await TestStore.run { test in
            try await test.another { copy in
                _ = try await copy.app(clientID: "demo")
                #expect(try await update(test) { $0.clientSecret = Secret("second") } == .written)
                let start = ContinuousClock.now
                while try await copy.app(clientID: "demo")?.clientSecret != Secret("second") {
                    try #require(start.duration(to: .now) < .seconds(5), "still the old secret")
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
        }
    }
}

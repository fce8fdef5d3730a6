import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing

@Suite("Pages of an export", .timeLimit(.minutes(5)))
struct ExportPageTests {
    /// All pages of an export, and how many there were.
    private func export(
        _ test: TestStore,
        _ query: EventQuery,
        _ positions: Range<Int64>
    ) async throws -> (whole: ExportPage, pages: Int) {
        let request = ExportRequest(log: .facts, query: query, apps: [], positions: positions)
        var whole = ExportPage()
        var pages = 0
        var next: Int64? = positions.lowerBound
        while let position = next {
            let page = try await test.store.exportPage(request, from: position)
            #expect(page.positions.count == page.ends.count)
            #expect(page.ends.last ?? 0 == page.lines.count)
            if let next = page.next { #expect(next > position && next < positions.upperBound) }
            whole.ends += page.ends.map { $0 + whole.lines.count }
            whole.lines += page.lines
            whole.positions += page.positions
            next = page.next
            pages += 1
        }
        return (whole, pages)
    }

    private func otherApp(_ test: TestStore) async throws -> StoredApp {
        let new = NewApp(
            clientID: "other",
            name: "Other",
            clientSecret: Secret("other secret"),
            appKey: nil,
            connectURL: "http://127.0.0.1:1",
            userURL: "http://127.0.0.1:1",
            apiURL: "http://127.0.0.1:1",
            allowedOrigins: []
        )
        let context = RecordContext(actor: "operator")
        _ = try await test.store.add(new, context: context, owner: test.owners)
        let other = try #require(try await test.store.app(clientID: "other"))
        for number in 0..<5 {
            let user = test.store.newUser(Secret("other \(number)"), of: other)
            _ = try await test.store.write(test.launch(user), to: user)
        }
        return other
    }

    /// Every query that these conditions make, each taken or left away.
    private func queries(_ test: TestStore, _ events: [StoredEvent]) throws -> [EventQuery] {
        let middle = events[events.count / 2]
        let time = try middle.record().time
        let later = try events[events.count * 3 / 4].record().time
        return (0..<32).map { bits in
            var query = EventQuery(clientID: bits & 1 == 0 ? nil : test.app.clientID)
            if bits & 2 != 0 { query.subject = try? middle.record().subject }
            if bits & 4 != 0 { query.types = ["launch.closed", "access_token.rotated"] }
            if bits & 8 != 0 { query.since = time }
            if bits & 16 != 0 { query.before = later }
            return query
        }
    }

    /// What a query of the test's app means, told once more.
    private func fulfils(
        _ event: StoredEvent,
        _ query: EventQuery,
        _ test: TestStore
    ) throws -> Bool {
        let record = try event.record()
        if query.clientID != nil, event.app != test.app.id { return false }
        if let subject = query.subject, record.subject != subject { return false }
        let type = "\(record.event.type)"
        if !query.types.isEmpty, !query.types.contains(type) { return false }
        if let since = query.since, record.time < since { return false }
        if let before = query.before, record.time >= before { return false }
        return true
    }

    @Test("each condition, alone and with others, gives what looking at every record gives")
    func conditions() async throws {
        try await TestStore.run { test in
            try await RandomHistory(test: test, seed: 4).run(users: 12, steps: 10)
            _ = try await otherApp(test)
            let events = try await test.log()
            let size = Int64(events.count)
            var found = 0
            for query in try queries(test, events) {
                for positions in [0..<size, 7..<size - 5, size / 2..<size / 2, size - 1..<size] {
                    let expected = try events.filter {
                        try positions.contains($0.position) && fulfils($0, query, test)
                    }
                    let (whole, _) = try await export(test, query, positions)
                    #expect(whole.positions == expected.map(\.position), "\(query) \(positions)")
                    let lines = expected.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
                    #expect(whole.lines == lines, "\(query) \(positions)")
                    found += expected.count
                    let listed = try await test.store.events(
                        query,
                        log: .facts,
                        from: positions.lowerBound,
                        limit: 1_000
                    )
                    #expect(
                        listed.events.map(\.position).filter { positions.contains($0) }
                            == whole.positions,
                        "a list and an export understand a query alike"
                    )
                    let matching = try events.filter {
                        try positions.contains($0.position) && query.matches($0.record())
                    }
                    #expect(
                        matching.map(\.position) == whole.positions,
                        "whoever verifies an export understands its query alike"
                    )
                }
            }
            #expect(found > 1_000)
        }
    }

    @Test("a query that few events fulfil gives bounded pages, empty ones among them")
    func sparse() async throws {
        try await TestStore.run { test in
            let rare: [Int64] = [100, 45_000, 70_000]
            try await test.fill(upTo: 70_001, rare: rare)
            let query = EventQuery(clientID: test.app.clientID, types: ["access_token.rotated"])
            let (whole, pages) = try await export(test, query, 0..<70_001)
            #expect(whole.positions == rare)
            #expect(pages == 4, "one page per \(StoreLimits.scannedEventsMax) positions")
        }
    }

    @Test("a full page goes on behind its last record, and nothing is lost or doubled")
    func full() async throws {
        try await TestStore.run { test in
            let size = Int64(StoreLimits.exportRecordsMax) * 2 + 17
            try await test.fill(upTo: size)
            for clientID in [nil, test.app.clientID] {
                let query = EventQuery(clientID: clientID)
                let (whole, pages) = try await export(test, query, 0..<size)
                #expect(pages == 3)
                #expect(whole.positions == Array(0..<size))
                #expect(whole.lines.filter { $0 == UInt8(ascii: "\n") }.count == Int(size))
            }
            let end = Int64(StoreLimits.exportRecordsMax)
            let page = try await test.store.exportPage(
                ExportRequest(log: .facts, query: EventQuery(), apps: [], positions: 0..<end),
                from: 0
            )
            #expect(page.next == nil, "a full page may be the last one")
        }
    }

    @Test("a page of long records ends with the one that makes it too long, and nothing is lost")
    func long() async throws {
        try await TestStore.run { test in
            let size: Int64 = 300
            try await test.fill(upTo: size, padding: 7_900)
            for clientID in [nil, test.app.clientID] {
                let query = EventQuery(clientID: clientID)
                let (whole, pages) = try await export(test, query, 0..<size)
                #expect(whole.positions == Array(0..<size))
                #expect(pages == 3, "133 records of 8 KB are a page")
            }
            let request = ExportRequest(
                log: .facts,
                query: EventQuery(),
                apps: [],
                positions: 0..<size
            )
            let page = try await test.store.exportPage(request, from: 0)
            #expect(page.next == page.positions.last.map { $0 + 1 })
            #expect(page.lines.count >= StoreLimits.exportBytesMax)
            #expect(page.lines.count < StoreLimits.exportBytesMax + 8_200)
        }
    }

    @Test("an app that does not exist has no events", arguments: ["nobody", "", "%", "Other"])
    func unknownApp(clientID: String) async throws {
        try await TestStore.run { test in
            let other = try await otherApp(test)
            let size = try await test.store.size(log: .facts)
            let events = try await test.log().filter { $0.app == other.id }
            let subject = try #require(try events.last?.record().subject)
            for subject in [nil, subject] {
                let query = EventQuery(clientID: clientID, subject: subject)
                let page = try await test.store.events(query, log: .facts, from: 0, limit: 100)
                #expect(page.events.isEmpty && page.next == nil)
                #expect(try await export(test, query, 0..<size).whole.lines.isEmpty)
            }
        }
    }

    @Test("an export is on record in the access log of each app, without a version")
    func recorded() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("exported")
            let other = try await otherApp(test)
            let export = LedgerEvent.Export(
                export: test.store.clock.identifier(),
                log: 0,
                format: .bundle,
                positions: 0..<9,
                query: EventQuery(types: ["token.read"], since: test.store.clock.now())
            )
            var query = export.query
            query.subject = user.subject
            try await test.store.recordExport(
                [
                    ExportRequest(
                        log: .facts,
                        query: query,
                        apps: [test.app, other],
                        positions: export.positions
                    )
                ],
                id: export.export,
                format: .bundle,
                context: TestStore.context
            )
            let events = try await test.log(.access)
            #expect(events.map(\.app) == [test.app.id, other.id])
            for event in events {
                let record = try event.record()
                #expect(record.event == .logExported(export))
                #expect(record.subject == user.subject)
                #expect(record.subjectVersion == nil)
            }
            let verification = try await Verification.run(test.owner)
            #expect(verification.findings == [])
        }
    }

    @Test("identities are those of the app's users, by name or all in order")
    func identities() async throws {
        try await TestStore.run { test in
            let count = StoreLimits.identitiesMax + 3
            for number in 0..<2 { _ = try await test.connectedUser("known \(number)") }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 2..<count {
                    group.addTask { _ = try await test.launchNew("known \(number)") }
                }
                try await group.waitForAll()
            }
            let other = try await otherApp(test)
            var all: [UserIdentity] = []
            var next: Identifier?
            repeat {
                let page = try await test.store.identities(of: test.app, after: next)
                all += page.identities
                next = page.next
            } while next != nil
            #expect(all.count == count)
            #expect(all.map(\.subject) == all.map(\.subject).sorted())
            #expect(
                Set(all.compactMap(\.clientUserID?.exposed))
                    == Set((0..<count).map { "known \($0)" })
            )
            #expect(
                Set(all.compactMap(\.humanID?.exposed))
                    == ["human known 0", "human known 1"]
            )
            let asked = [all[600 % count].subject, Identifier(value: 1), all[0].subject]
            let named = try await test.store.identities(of: asked, app: test.app)
            #expect(named.map(\.subject) == [asked[0], asked[2]])
            #expect(try await test.store.identities(of: asked, app: other).isEmpty)
        }
    }
}

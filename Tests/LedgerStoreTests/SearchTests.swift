import Ledger
import LedgerAudit
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Search by token", .timeLimit(.minutes(5)))
struct SearchTests {
    private func search(_ test: TestStore, _ token: String) async throws -> [TokenMatch] {
        try await test.store.search(Secret(token), of: test.app, context: TestStore.context)
    }

    /// Connects the user anew, with these tokens.
    private func connect(
        _ test: TestStore,
        _ name: String,
        access: String,
        _ publicToken: String
    ) async throws {
        let user = try await test.user(name)
        let change = test.connection(
            of: user,
            human: "human \(name)",
            accessToken: access,
            publicToken: publicToken
        )
        guard case .written = try await test.store.write(change, to: user) else {
            throw StoreError.conflict
        }
    }

    @Test("a token is found as what it was, from its issue until its replacement")
    func held() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("held")
            _ = try await test.connectedUser("other")
            try await connect(test, "held", access: "access 2", "public 2")
            try await connect(test, "held", access: "access 3", "public held")
            let subject = try await test.user("held").subject
            let first = try await search(test, "public held")
            #expect(first.map(\.user.subject) == [subject, subject])
            #expect(first.map(\.holding.kind) == [.publicToken, .publicToken])
            #expect(first.map(\.holding.version) == [1, 3], "issued twice, found twice")
            let second = try await search(test, "public 2")
            #expect(second.map(\.holding.version) == [2])
            #expect(first[0].holding.until == second[0].holding.from)
            #expect(second[0].holding.until == first[1].holding.from)
            #expect(first[1].holding.until == nil)
            let event = try #require(
                try await test.store.event(at: first[0].holding.from.position, log: .facts)
            )
            #expect("\(try event.record().event.type)" == "public_token.rotated")
            #expect(try event.record().time == first[0].holding.from.time)
            let access = try await search(test, "access 2")
            #expect(access.map(\.holding.kind) == [.accessToken])
            #expect(access.first?.holding.until != nil)
            #expect(try await search(test, "access").isEmpty)
            #expect(try await search(test, "human held").isEmpty)
            let other = try await search(test, "access other")
            #expect(other.map(\.user.subject) == [try await test.user("other").subject])
        }
    }

    @Test("a public token that was fetched again is found from its first issue")
    func fetchedAgain() async throws {
        try await TestStore.run { test in
            var user = try await test.connectedUser("again")
            var doubt = Change(context: TestStore.context)
            doubt.append(.launchClosed(launch: test.store.clock.identifier()))
            _ = try await test.store.write(doubt, to: user)
            user = try await test.user("again")
            for token in ["public again", "public new"] {
                let human = try #require(user.state.human)
                let event = try #require(
                    user.state.recover(
                        publicToken: test.store.vault.fingerprint(
                            .publicToken,
                            of: Secret(token),
                            app: test.app.id
                        ),
                        human: human
                    )
                )
                var change = Change(context: TestStore.context)
                change.append(event)
                if case .publicTokenRecovered(let issued, _) = event, issued.version > 1 {
                    change.keep(Secret(token), .publicToken, version: issued.version)
                }
                _ = try await test.store.write(change, to: user)
                user = try await test.user("again")
            }
            let old = try await search(test, "public again")
            #expect(old.map(\.holding.version) == [1])
            let new = try await search(test, "public new")
            #expect(new.map(\.holding.version) == [2])
            #expect(old.first?.holding.until == new.first?.holding.from)
        }
    }

    @Test("a value that is both of somebody's tokens is found as both")
    func bothKinds() async throws {
        try await TestStore.run { test in
            _ = try await test.launchedUser("both")
            try await connect(test, "both", access: "same", "same")
            #expect(
                Set(try await search(test, "same").map(\.holding.kind))
                    == [.accessToken, .publicToken]
            )
        }
    }

    @Test("each question is on record with its fingerprints and the number of its answers")
    func recorded() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("asked")
            _ = try await search(test, "public asked")
            _ = try await search(test, "unknown")
            let records = try await test.log(.access).map { try $0.record() }
            let vault = test.store.vault
            try #require(records.count == 2)
            for (record, (token, count)) in zip(records, [("public asked", 1), ("unknown", 0)]) {
                #expect(
                    record.event
                        == .tokenSearched(
                            accessToken: vault.fingerprint(
                                .accessToken,
                                of: Secret(token),
                                app: test.app.id
                            ),
                            publicToken: vault.fingerprint(
                                .publicToken,
                                of: Secret(token),
                                app: test.app.id
                            ),
                            matches: Int64(count)
                        )
                )
                #expect(record.subjectVersion == nil)
            }
            #expect(records.map(\.subject) == [user.subject, nil])
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    @Test(
        "the lookup goes through its index, however many events there are",
        arguments: [0, 30_000]
    )
    func plan(events: Int64) async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("indexed")
            if events > 0 { try await test.fill(upTo: events) }
            let connection = try await test.ownerConnection()
            if events > 0 { try await connection.script("analyze ledger.event") }
            let scans = Statement(
                "test_scans",
                """
                select i.idx_scan, t.seq_scan from pg_stat_user_indexes i
                join pg_stat_user_tables t using (relid)
                where i.indexrelname = 'event_token_fingerprint'
                """
            )
            let read = { () async throws -> [Int64] in
                try await connection.script("select pg_stat_force_next_flush()")
                try await connection.script("select pg_stat_clear_snapshot()")
                return try await connection.query(scans) { result throws(PostgresError) in
                    [try result.int8(0, 0), try result.int8(0, 1)]
                }
            }
            let before = try await read()
            let fingerprint = test.store.vault.fingerprint(
                .accessToken,
                of: Secret("access indexed"),
                app: test.app.id
            )
            // More often than PostgreSQL waits before it caches a plan for all parameters.
            for _ in 0..<8 {
                let found = try await connection.query(
                    Statement(
                        "test_find",
                        "select count(*) from ledger.find_tokens(0, $1, $2, 10)",
                        .uuid(test.app.id.value),
                        .byteaArray([Array(fingerprint.description.utf8)])
                    )
                ) { result throws(PostgresError) in try result.int8(0, 0) }
                #expect(found == 1)
            }
            let after = try await read()
            await connection.close()
            #expect(after[0] - before[0] == 8)
            #expect(after[1] == before[1], "the table was not scanned")
        }
    }
}

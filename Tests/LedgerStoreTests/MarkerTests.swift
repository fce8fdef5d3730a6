import Foundation
import Ledger
@testable import LedgerStore
import Postgres
import Synchronization
import TestSupport
import Testing
import Vault

@Suite("Secrets in the database", .timeLimit(.minutes(5)))
struct MarkerTests {
    /// That the work is done.
    private final class Flag: Sendable {
        let isOver = Atomic(false)
    }

    /// PostgreSQL as talkative as it can be made.
    private static let talkative = [
        "log_statement": "all", "log_min_messages": "debug1", "log_min_error_statement": "debug1",
        "log_min_duration_statement": "0", "log_parameter_max_length": "-1",
        "log_parameter_max_length_on_error": "-1", "log_error_verbosity": "verbose",
        "log_connections": "on", "track_activity_query_size": "65536",
        "shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track": "all",
    ]

    private static let markers = [
        "MARKERuser", "MARKERhuman", "MARKERaccess", "MARKERpublic", "MARKERsession",
        "MARKERclientsecret", "MARKERappkey",
    ]

    @Test(
        "no value of the vault is in the server's log, views, files or records",
        .timeLimit(.minutes(5))
    )
    func markers() async throws {
        try await TestCluster.run(settings: Self.talkative) { cluster in
            try await TestStore.run(on: cluster) { test in
                let owner = try await test.ownerConnection()
                try await owner.script("create extension pg_stat_statements schema public")
                let key = try await watched(test)
                try await provoke(test)
                let texts = Self.markers + [key]
                let statements = try await Self.text(of: Self.statements, owner)
                #expect(statements.contains("append_events") && statements.contains("add_app"))
                for text in texts { #expect(!statements.contains(text)) }
                try await owner.script("checkpoint")
                let backup = try SteppedIntegrator.temporaryFolder()
                defer { try? FileManager.default.removeItem(atPath: backup) }
                try await cluster.backUp(to: backup + "/data")
                let copied = try await PostgresTools.files(under: backup, holding: ["VISIBLE"])
                #expect(copied.contains { $0.contains("/base/") })
                #expect(try await PostgresTools.files(under: backup, holding: texts) == [])
                let dump = try await PostgresTools.data(test.owner.url)
                #expect(dump.contains("VISIBLE"))
                for marker in Self.markers { #expect(!dump.contains(marker)) }
                for event in try await test.log() {
                    #expect(!String(decoding: event.bytes, as: UTF8.self).contains("MARKER"))
                }
                try await cluster.stop()
                // The folder holds tables, indexes, the write-ahead log and the server's own log.
                let log = try await cluster.logPath()
                let folder = String(log.dropLast("/server.log".count))
                let visible = try await PostgresTools.files(under: folder, holding: ["VISIBLE"])
                #expect(visible.contains(log), "the server's log shows parameters")
                #expect(visible.contains { $0.contains("/pg_wal/") })
                #expect(visible.contains { $0.contains("/base/") })
                let hits = try await PostgresTools.files(under: folder, holding: texts)
                #expect(hits == [])
            }
        }
    }

    private static let statements = Statement(
        "statements",
        "select coalesce(string_agg(query, ' '), '') from public.pg_stat_statements"
    )

    private static let activity = Statement(
        "activity",
        "select coalesce(string_agg(query, ' '), '') from pg_stat_activity where pid <> pg_backend_pid()"
    )

    private static func text(
        of statement: Statement,
        _ connection: PostgresConnection
    ) async throws -> String {
        try await connection.query(statement) { result throws(PostgresError) in
            try result.text(0, 0)
        }
    }

    /// Works while somebody looks all the time at what the sessions do; gives an API key back.
    private func watched(_ test: TestStore) async throws -> String {
        let flag = Flag()
        let watcher = try await test.ownerConnection()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var seen = ""
                var isOver = false
                // Once more in the end: a session shows its last statement while it rests.
                while !isOver {
                    isOver = flag.isOver.load(ordering: .acquiring)
                    let text = try await Self.text(of: Self.activity, watcher)
                    #expect(!text.contains("MARKER"))
                    seen += text
                }
                #expect(seen.contains("append_") || seen.contains("read_users"))
                await watcher.close()
            }
            let key: String
            do {
                defer { flag.isOver.store(true, ordering: .releasing) }
                key = try await work(test)
            }
            try await group.waitForAll()
            return key
        }
    }

    /// Stores every kind of value, and what may be seen beside them; gives an API key back.
    private func work(_ test: TestStore) async throws -> String {
        let app = NewApp(
            clientID: "VISIBLEapp",
            name: "VISIBLEname",
            clientSecret: Secret("MARKERclientsecret"),
            appKey: Secret("MARKERappkey"),
            connectURL: "http://127.0.0.1:1",
            userURL: "http://127.0.0.1:1",
            apiURL: "http://127.0.0.1:1",
            allowedOrigins: []
        )
        #expect(try await test.store.add(app, context: TestStore.context, owner: test.owners))
        let stored = try #require(await test.store.app(clientID: "VISIBLEapp"))
        #expect(stored.clientSecret.exposed == "MARKERclientsecret")
        let key = try await test.store.createAPIKey(
            of: stored,
            NewAPIKey(scopes: [.launch], isTest: true),
            context: TestStore.context,
            owner: test.owner
        )
        guard case .key = try await test.store.authenticate(key.secret.exposed, from: { nil })
        else { throw StoreError.defect }
        var user = try await test.launchedUser("MARKERuser")
        for round in 0..<3 {
            var change = test.connection(
                of: user,
                human: "MARKERhuman",
                accessToken: "MARKERaccess \(round)",
                publicToken: "MARKERpublic \(round)"
            )
            change.keep(Secret("MARKERsession"), .sessionToken, version: Int64(round + 1))
            guard case .written = try await test.store.write(change, to: user) else {
                throw StoreError.conflict
            }
            user = try await test.user("MARKERuser")
        }
        #expect(try test.store.value(.accessToken, of: user)?.exposed == "MARKERaccess 2")
        try await test.store.recordReads(
            [(.accessToken, 3)],
            of: user,
            test.app,
            key: key.id,
            context: TestStore.context
        )
        return key.secret.exposed
    }

    /// Errors that quote what they are about: taken keys, refused rows, conflicts.
    private func provoke(_ test: TestStore) async throws {
        let user = try await test.user("MARKERuser")
        _ = try await test.store.write(test.launch(user), to: user)
        _ = try await test.store.write(test.launch(user), to: user)
        _ = try await test.launchNew("MARKERuser")
        let change = test.connection(
            of: user,
            human: "MARKERhuman",
            accessToken: "MARKERaccess",
            publicToken: "MARKERpublic"
        )
        // The same value twice: a unique key of the vault is violated inside the append.
        var doubled = change
        doubled.keep(Secret("MARKERaccess"), .sessionToken, version: 4)
        doubled.keep(Secret("MARKERaccess"), .sessionToken, version: 4)
        let current = try await test.user("MARKERuser")
        _ = try? await test.store.write(doubled, to: current)
        var long = Change(
            context: RecordContext(actor: "VISIBLE" + String(repeating: "x", count: 20_000))
        )
        long.append(.connectionBroken(reason: "x"))
        long.keep(Secret("MARKERpublic"), .sessionToken, version: 99)
        await #expect(throws: StoreError.refused(.checkViolation)) {
            try await test.store.write(long, to: current)
        }
    }
}

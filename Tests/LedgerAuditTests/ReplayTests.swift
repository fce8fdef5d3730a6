import Ledger
@testable import LedgerAudit
import LedgerStore
import MerkleLog
import Postgres
import TestSupport
import Testing
import Vault

/// A log rebuilt from exported records in another database.
@Suite("Replay", .timeLimit(.minutes(5)))
struct ReplayTests {
    /// A random history with two checkpoints in between and one at the end.
    private static func run(
        _ body: (_ test: TestStore, _ records: [[UInt8]], [PublishedCheckpoint]) async throws ->
            Void
    ) async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            var checkpoints: [PublishedCheckpoint] = []
            for seed in UInt64(1)...3 {
                try await RandomHistory(test: test, seed: seed).run(users: 10, steps: 12)
                try await administer(test)
                try await watcher.look()
                guard let last = try await test.store.latestCheckpoint(log: .facts) else { return }
                checkpoints.append(last)
            }
            let records = try await test.store.page(log: .facts, from: 0, limit: 10_000).map(
                \.bytes
            )
            #expect(Int64(records.count) == checkpoints.last?.size)
            try await body(test, records, checkpoints)
        }
    }

    /// Everything that can happen to an API key and to an app.
    private static func administer(_ test: TestStore) async throws {
        let (store, context, owner) = (test.store, TestStore.context, test.owner)
        let app = try #require(await store.app(clientID: "demo"))
        let soon = store.clock.now().adding(seconds: 60)
        let gone = "gone \(store.clock.identifier())"
        _ = try await test.connectedUser(gone)
        try await test.erase(gone)
        let key = try await store.createAPIKey(
            of: app,
            NewAPIKey(scopes: [.launch], isTest: true, networks: [IPNetwork("::/0")]),
            context: context,
            owner: owner
        )
        let rotated = try await store.rotate(
            key.stored,
            endingAt: soon,
            expiresAt: soon.adding(seconds: 60),
            of: app,
            context: context,
            owner: owner
        )
        let (next, old) = try #require(rotated)
        var outcomes = [
            try await store.revoke(next.stored, of: app, context: context, owner: owner),
            try await store.setExpiry(
                of: old,
                to: soon.adding(seconds: 1),
                of: app,
                context: context,
                owner: owner
            ),
        ]
        var change = AppChange()
        change.clientSecret = Secret("another secret")
        change.appKey = app.appKey == nil ? .replaced(Secret("another key")) : .removed
        change.allowedOrigins = []
        outcomes.append(try await store.update(app, change, context: context, owner: test.owners))
        #expect(outcomes == [.written, .written, .written])
    }

    private static func target() async throws -> PostgresConfiguration {
        PostgresConfiguration(url: try await TestPostgres.freshDatabase().url)
    }

    private static func replay(
        _ records: [[UInt8]],
        _ checkpoints: [PublishedCheckpoint],
        into target: PostgresConfiguration,
        page: Int = 100
    ) async throws -> ReplayReport {
        var replay = try await LogReplay(into: target, log: .facts, checkpoints: checkpoints)
        do {
            for start in stride(from: 0, to: records.count, by: page) {
                let end = min(records.count, start + page)
                try await replay.append(Array(records[start..<end]))
            }
            return try await replay.finish()
        } catch {
            await replay.cancel()
            throw error
        }
    }

    /// Everything that is derived from records, without the app's id, which no record names.
    private static let derivedRows: StaticString = """
        select md5(string_agg(line, ';' order by line)) from (
            select concat_ws('|', log_id, position, event_id, subject, subject_version, type,
                recorded_at, record) as line from ledger.event where log_id = 0
            union all
            select concat_ws('|', log_id, subject, subject_version, changed_at, status,
                access_token_version, public_token_version, state)
            from vault.user_state
            union all
            select concat_ws('|', log_id, level, number, hashes, root) from ledger.tile
            union all
            select concat_ws('|', log_id, size) from ledger.log where log_id = 0
        ) lines
        """

    private static func derived(_ configuration: PostgresConfiguration) async throws -> String {
        let connection = try await PostgresConnection.connect(configuration)
        let digest = try await connection.query(Statement("derived", derivedRows)) {
            result throws(PostgresError) in try result.text(0, 0)
        }
        await connection.close()
        return digest
    }

    @Test("gives the same log, tree and projection", arguments: [1, 7, 10_000])
    func same(page: Int) async throws {
        try await Self.run { test, records, checkpoints in
            let target = try await Self.target()
            let report = try await Self.replay(records, checkpoints, into: target, page: page)
            #expect(report.root == checkpoints.last?.root)
            #expect(report.size == checkpoints.last?.size)
            #expect(report.signedSize == report.size)
            #expect(report.users == 33)
            #expect(try await Self.derived(target) == Self.derived(test.owner))
            var plan = VerificationPlan()
            plan.keys = [try VerifierKey(test.store.checkpointVerifierKey)]
            let verification = try await Verification.run(target, plan: plan)
            #expect(verification.findings == [])
            #expect(verification.logs.first?.provedSize == report.size)
        }
    }

    @Test("up to a position gives the state of that moment")
    func moment() async throws {
        try await Self.run { test, records, checkpoints in
            let size = Int(checkpoints[1].size) + 17
            let target = try await Self.target()
            let part = Array(records[..<size])
            let report = try await Self.replay(part, Array(checkpoints[..<2]), into: target)
            #expect(report.size == Int64(size))
            #expect(report.signedSize == checkpoints[1].size)
            var tree = TreeFrontier()
            for record in part { tree.append(MerkleHash(leaf: record)) }
            #expect(report.root == tree.root)
            #expect(try await Verification.run(target).findings == [])
        }
    }

    @Test("of other records than the signed ones writes nothing")
    func otherRecords() async throws {
        try await Self.run { test, records, checkpoints in
            let target = try await Self.target()
            var changed = records
            changed.swapAt(3, 4)
            await #expect(throws: ReplayError.rootDiffers(size: checkpoints[0].size)) {
                _ = try await Self.replay(changed, checkpoints, into: target)
            }
            changed = records
            changed[5].removeLast()
            await #expect(throws: ReplayError.notARecord(position: 5)) {
                _ = try await Self.replay(changed, checkpoints, into: target)
            }
            // What failed has left nothing, so the right records still find an empty database.
            let report = try await Self.replay(records, checkpoints, into: target)
            #expect(report.root == checkpoints.last?.root)
        }
    }

    @Test("into a database that is in use is refused")
    func notEmpty() async throws {
        try await Self.run { test, records, checkpoints in
            await #expect(throws: ReplayError.notEmpty) {
                _ = try await Self.replay(records, checkpoints, into: test.owner)
            }
            let target = try await Self.target()
            _ = try await Self.replay(records, checkpoints, into: target)
            await #expect(throws: ReplayError.notEmpty) {
                _ = try await Self.replay(records, checkpoints, into: target)
            }
            await #expect(throws: ReplayError.noLog(Log(.facts, pair: 4))) {
                _ = try await LogReplay(
                    into: target,
                    log: Log(.facts, pair: 4),
                    checkpoints: []
                )
            }
        }
    }
}

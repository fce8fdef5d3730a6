import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Evidence of webhook endpoints", .timeLimit(.minutes(5)))
struct WebhookEvidenceTests {
    typealias Kind = VerificationReport.Finding.Kind

    /// What somebody with the owner's rights does to the rows, what is found then with the root key,
    /// and what without.
    ///
    /// `first` was moved and has another secret, `second` is as it was made, `third` is paused, `fourth`
    /// removed.
    private static func damages(
        _ ids: [Identifier]
    ) -> [(sql: String, opened: [Kind], closed: [Kind])] {
        let (first, second, third, fourth) = (ids[0], ids[1], ids[2], ids[3])
        let row = "update ledger.webhook_endpoint set"
        return [
            ("select 1", [], []),
            // An earlier address: what it was sealed as opens all the same.
            (
                """
                \(row) (version, sealed) = (select version, sealed from public.before
                    where endpoint_id = '\(first)') where endpoint_id = '\(first)'
                """, [.webhookRowDiffers], [.webhookRowDiffers]
            ),
            // The same under the version that is due.
            (
                """
                \(row) sealed = (select sealed from public.before where endpoint_id = '\(first)')
                    where endpoint_id = '\(first)'
                """, [.webhookDoesNotOpen], []
            ),
            // Another endpoint's address and secret, of the same version.
            (
                """
                \(row) sealed = (select sealed from public.before where endpoint_id = '\(third)')
                    where endpoint_id = '\(second)'
                """, [.webhookDoesNotOpen], []
            ),
            (
                """
                insert into ledger.webhook_endpoint select gen_random_uuid(), app_id, 1, sealed,
                    null, created_at, null from ledger.webhook_endpoint where endpoint_id = '\(second)'
                """, [.webhookRowOfNobody], [.webhookRowOfNobody]
            ),
            (
                """
                delete from ledger.webhook_progress where endpoint_id = '\(second)';
                delete from ledger.webhook_lease where endpoint_id = '\(second)';
                delete from ledger.webhook_endpoint where endpoint_id = '\(second)'
                """, [.webhookRowMissing], [.webhookRowMissing]
            ),
            (
                "\(row) removed_at = now() where endpoint_id = '\(second)'",
                [.webhookRowDiffers], [.webhookRowDiffers]
            ),
            (
                "\(row) removed_at = null where endpoint_id = '\(fourth)'",
                [.webhookRowDiffers], [.webhookRowDiffers]
            ),
            (
                "\(row) pause_reason = 'gone' where endpoint_id = '\(second)'",
                [.webhookRowDiffers], [.webhookRowDiffers]
            ),
            (
                "\(row) pause_reason = null where endpoint_id = '\(third)'",
                [.webhookRowDiffers], [.webhookRowDiffers]
            ),
            (
                """
                insert into ledger.app (app_id, client_id, name, connect_url, user_url, api_url,
                    allowed_origins)
                values ('00000000-0000-7000-8000-000000000009', 'other', 'x', '', 'x', 'x', '{}');
                \(row) app_id = '00000000-0000-7000-8000-000000000009' where endpoint_id = '\(second)'
                """, [.webhookRowDiffers], [.webhookRowDiffers]
            ),
        ]
    }

    @Test("an endpoint that was added, changed or removed by hand is named")
    func rows() async throws {
        try await TestStore.run { test in
            let ids = try await endpoints(test)
            let connection = try await test.ownerConnection()
            try await connection.script("begin; savepoint intact")
            var report = VerificationReport()
            let vault = try await VerificationKeys(
                rootKeys: RootKeys(test.rootKey),
                logID: Log.facts.id
            ).vault(connection, &report)
            for damage in Self.damages(ids) {
                try await connection.script("\(damage.sql);")
                for (vault, kinds) in [(vault, damage.opened), (nil, damage.closed)] {
                    let found = try await Verification.run(
                        on: [connection],
                        isInTransaction: true,
                        vault: vault,
                        plan: VerificationPlan()
                    ).findings.map(\.kind).filter { $0 != .dataKeyMissing }
                    #expect(found == kinds, "\(damage.sql)")
                }
                try await connection.script("rollback to intact")
            }
        }
    }

    @Test("what was sealed with the root key, and says something else than the events, is named")
    func content() async throws {
        try await TestStore.run { test in
            let webhook = try await add(test, types: ["connect.finalized"])
            let owner = try await test.ownerConnection()
            // As the service would have sealed other types, had it been told to.
            var other = WebhookChange()
            other.types = []
            _ = try await test.store.update(
                webhook,
                other,
                of: test.app,
                context: TestStore.context
            )
            try await owner.script(
                """
                alter table ledger.event disable trigger all;
                update ledger.event set record = convert_to(replace(convert_from(record, 'UTF8'),
                    '"client_user_id":false', '"client_user_id":true'), 'UTF8')
                where type = 'webhook.updated';
                alter table ledger.event enable trigger all
                """
            )
            var plan = VerificationPlan()
            plan.rootKeys = RootKeys(test.rootKey)
            plan.checks = [.vault, .administration]
            let findings = try await Verification.run(test.owner, plan: plan).findings
            #expect(findings.map(\.kind) == [.webhookRowDiffers])
        }
    }

    @Test("an auditor sees what is not sealed, and what happens meanwhile is no finding")
    func auditor() async throws {
        try await TestStore.run { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for _ in 0..<4 { _ = try await endpoints(test) } }
                var plan = VerificationPlan()
                plan.rootKeys = RootKeys(test.rootKey)
                for _ in 0..<10 {
                    #expect(try await Verification.run(test.auditor()).findings == [])
                    #expect(try await Verification.run(test.owner, plan: plan).findings == [])
                }
                try await group.waitForAll()
            }
            let owner = try await test.ownerConnection()
            try await owner.script(
                "update ledger.webhook_endpoint set version = 9 where version = 1"
            )
            let found = try await Verification.run(test.auditor()).findings
            #expect(Set(found.map(\.kind)) == [.webhookRowDiffers] && found.count == 4)
        }
    }

    private func add(_ test: TestStore, types: [String] = []) async throws -> StoredWebhook {
        let definition = WebhookDefinition(url: "https://hooks.example.com/x", types: types)
        return try #require(
            try await test.store.add(definition, of: test.app, context: TestStore.context)
        )
    }

    /// Makes and changes the four endpoints, and keeps rows as they were at first.
    private func endpoints(_ test: TestStore) async throws -> [Identifier] {
        let (store, app, context) = (test.store, test.app, TestStore.context)
        var webhooks: [StoredWebhook] = []
        for _ in 0..<4 { webhooks.append(try await add(test)) }
        let owner = try await test.ownerConnection()
        try await owner.script(
            """
            create table if not exists public.before (like ledger.webhook_endpoint);
            insert into public.before select * from ledger.webhook_endpoint
            """
        )
        await owner.close()
        var change = WebhookChange()
        change.url = "https://hooks.example.com/y"
        _ = try await store.update(webhooks[0], change, of: app, context: context)
        let moved = try #require(try await store.webhook(webhooks[0].id, of: app))
        _ = try await store.rotateSecret(of: moved, overlapSeconds: 60, of: app, context: context)
        _ = try await store.pause(webhooks[2], .requested, of: app, context: context)
        let paused = try #require(try await store.webhook(webhooks[2].id, of: app))
        _ = try await store.resume(paused, of: app, context: context)
        let resumed = try #require(try await store.webhook(webhooks[2].id, of: app))
        _ = try await store.pause(resumed, .requested, of: app, context: context)
        _ = try await store.removeWebhook(webhooks[3].id, of: app, context: context)
        return webhooks.map(\.id)
    }
}

import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault

@Suite("Evidence of apps and API keys", .timeLimit(.minutes(5)))
struct AdministrationEvidenceTests {
    typealias Kind = VerificationReport.Finding.Kind

    /// What somebody with the owner's rights does to the rows, and what is found then.
    private static let damages: [(sql: String, kinds: [Kind])] = [
        ("", []),
        (
            """
            insert into ledger.api_key select 'forged', app_id, sha256('x'), is_test, scopes, label, networks,
                client_certificates, created_at, expires_at, revoked_at, replaces from ledger.api_key limit 1
            """, [.apiKeyRowOfNobody]
        ),
        ("delete from ledger.api_key where replaces is not null", [.apiKeyRowMissing]),
        (
            "update ledger.api_key set scopes = '{tokens:read}' where replaces is null",
            [.apiKeyRowDiffers]
        ),
        (
            "update ledger.api_key set revoked_at = null where revoked_at is not null",
            [.apiKeyRowDiffers]
        ),
        ("update ledger.api_key set expires_at = null where replaces is null", [.apiKeyRowDiffers]),
        (
            "update ledger.api_key set networks = '{}' where replaces is null", [.apiKeyRowDiffers]
        ),
        (
            "update ledger.api_key set client_certificates = '{}' where replaces is null",
            [.apiKeyRowDiffers]
        ),
        (
            "update ledger.api_key set created_at = now() where replaces is null",
            [.apiKeyRowDiffers]
        ),
        ("update ledger.app set name = 'other'", [.appRowDiffers]),
        ("update ledger.app set policies = '{}'", [.appRowDiffers]),
        ("update ledger.app set client_secret_version = 1", [.appRowDiffers]),
        ("update ledger.app set app_key_version = 7", [.appRowDiffers]),
        (
            """
            insert into ledger.app (app_id, client_id, name, connect_url, user_url, api_url, allowed_origins)
            values (gen_random_uuid(), 'forged', 'x', 'https://x', 'https://x', 'https://x', '{}')
            """, [.appRowOfNobody]
        ),
    ]

    @Test("a row that no event made, or that says something else than its events, is named")
    func rows() async throws {
        try await TestStore.run { test in
            try await administer(test)
            let connection = try await test.ownerConnection()
            try await connection.script("begin; savepoint intact")
            for damage in Self.damages {
                try await connection.script("\(damage.sql);")
                let report = try await Verification.run(
                    on: [connection],
                    isInTransaction: true,
                    vault: nil,
                    plan: VerificationPlan()
                )
                #expect(report.findings.map(\.kind) == damage.kinds, "\(damage.sql)")
                try await connection.script("rollback to intact")
            }
        }
    }

    @Test("what happens while it is verified is no finding")
    func live() async throws {
        try await TestStore.run { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { for _ in 0..<40 { try await administer(test) } }
                for _ in 0..<10 {
                    #expect(try await Verification.run(test.owner).findings == [])
                }
                try await group.waitForAll()
            }
            #expect(try await Verification.run(test.owner).findings == [])
        }
    }

    /// Makes, rotates, ends and revokes keys, and changes the app.
    private func administer(_ test: TestStore) async throws {
        let (store, owner, context) = (test.store, test.owner, TestStore.context)
        let made = try await store.createAPIKey(
            of: test.app,
            NewAPIKey(
                scopes: [.launch],
                isTest: true,
                networks: [IPNetwork("192.0.2.0/24")],
                clientCertificates: [CertificateThumbprint(of: [1])]
            ),
            context: context,
            owner: owner
        )
        _ = try await store.rotate(
            made.stored,
            endingAt: store.clock.now().adding(seconds: 900),
            expiresAt: nil,
            of: test.app,
            context: context,
            owner: owner
        )
        let other = try #require(try await store.apiKey(made.stored.id))
        _ = try await store.revoke(other, of: test.app, context: context, owner: owner)
        let app = try #require(try await store.app(clientID: test.app.clientID))
        var change = AppChange()
        change.clientSecret = Secret("another")
        change.appKey = .removed
        change.policies = [.challengeRequired]
        _ = try await store.update(app, change, context: context, owner: test.owners)
    }
}

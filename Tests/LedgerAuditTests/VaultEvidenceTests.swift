import Ledger
@testable import LedgerAudit
import LedgerStore
import Postgres
import TestSupport
import Testing
import Vault
import Wire

/// What a verification with the root key finds in the vault.
@Suite("Evidence of the vault", .timeLimit(.minutes(5)))
struct VaultEvidenceTests {
    typealias Damage = (sql: String, kind: VerificationReport.Finding.Kind, problem: String)

    static let vaultDamages: [Damage] = [
        (
            """
            update vault.user_state
            set access_token = set_byte(access_token, 20, get_byte(access_token, 20) # 1)
            """, .valueDoesNotOpen, "the access_token of version 1 does not open"
        ),
        (
            "update vault.user_state set public_token = access_token", .valueDoesNotOpen,
            "the public_token of version 1 does not open"
        ),
        (
            "update vault.user_state set access_token = null",
            .valueUnreadable, "the current access_token cannot be read"
        ),
        (
            "update vault.user_state set human_id = null", .valueUnreadable,
            "the human_id cannot be read"
        ),
        (
            "update vault.user_state set client_user_id = null", .userLookupUnknown,
            "no lookup leads from"
        ),
        (
            "update vault.user_state set wrapped_key = null",
            .dataKeyDoesNotOpen, "the data key does not open"
        ),
        (
            "delete from vault.lookup where kind = 'session'",
            .lookupMissing, "the lookup of kind session is missing"
        ),
        (
            "delete from vault.lookup where kind = 'human'", .lookupMissing,
            "the lookup of kind human is missing"
        ),
        (
            "update vault.user_state set fingerprint = null", .lookupMissing,
            "the lookup of kind user is missing"
        ),
        (
            "update vault.user_state set fingerprint = '0123456789abcdef'",
            .lookupPointsElsewhere, "the lookup of kind user points elsewhere"
        ),
        (
            "update vault.lookup set subject = gen_random_uuid() where kind = 'human'",
            .lookupPointsElsewhere, "the lookup of kind human points elsewhere"
        ),
        (
            "update vault.lookup set reference = gen_random_uuid() where kind = 'session'",
            .lookupPointsElsewhere, "the lookup of kind session points elsewhere"
        ),
        (
            """
            insert into vault.lookup select log_id, kind, '0123456789abcdef'::bytea, subject, reference
            from vault.lookup where kind = 'session'
            """, .lookupEventDiffers, "a lookup of kind session is not what the event"
        ),
        (
            """
            insert into vault.value
            select log_id, subject, 'access_token', 9, access_token from vault.user_state
            """, .valueDoesNotOpen, "the access_token of version 9 does not open"
        ),
        (
            "update vault.user_state set root_key_id = 'x'", .dataKeyOfOtherRootKey,
            "the data key names another root key"
        ),
        (
            "update vault.value set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) "
                + "where kind = 'client_secret'",
            .valueDoesNotOpen, "app demo: the client_secret of version 1 does not open"
        ),
        (
            "update vault.value set sealed = set_byte(sealed, 20, get_byte(sealed, 20) # 1) "
                + "where kind = 'app_key'", .valueDoesNotOpen,
            "app demo: the app_key of version 1 does not open"
        ),
        (
            "delete from vault.value where kind = 'client_secret'",
            .valueMissing, "app demo: the client_secret is missing"
        ),
        (
            "delete from vault.value where kind = 'app_key'",
            .valueMissing, "app demo: the app_key is missing"
        ),
        (
            "update ledger.app set client_secret_version = 2",
            .valueMissing, "app demo: the client_secret is missing"
        ),
        (
            "update ledger.app set app_key_version = null",
            .valueNotOfApp, "app demo: an app has no app_key of version 1"
        ),
        (
            // Whoever could do this unseen could read tokens unseen.
            "update ledger.app set access_log = 'off'",
            .appDecisionDiffers, "app demo: what it has decided is not what its events say"
        ),
        (
            """
            insert into vault.value select log_id, subject, 'access_token', 1, sealed
            from vault.value where kind = 'client_secret'
            """, .valueNotOfApp, "app demo: an app has no access_token of version 1"
        ),
        (
            "update vault.data_key set root_key_id = 'x' where subject in (select app_id from "
                + "ledger.app)", .dataKeyOfOtherRootKey,
            "app demo: the data key names another root key"
        ),
        (
            """
            update vault.data_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)
            where subject in (select app_id from ledger.app)
            """, .dataKeyDoesNotOpen, "app demo: the data key does not open"
        ),
        (
            "delete from vault.data_key where subject in (select app_id from ledger.app)",
            .dataKeyMissing, "app demo: the data key is missing"
        ),
        (
            """
            insert into vault.data_key
            select log_id, '01900000-0000-7000-8000-000000000001', root_key_id, wrapped
            from vault.data_key limit 1
            """,
            .dataKeyOfNobody,
            "the vault has a data key of subject 01900000-0000-7000-8000-000000000001, of whom"
        ),
        (
            """
            insert into vault.value
            select log_id, '01900000-0000-7000-8000-000000000001', kind, version, sealed
            from vault.value limit 1
            """, .valueWithoutDataKey,
            "the vault has a value of subject 01900000-0000-7000-8000-000000000001, who has"
        ),
        (
            "delete from vault.master_key where purpose = 'launch'",
            .masterKeyMissing, "the master key for launch is missing"
        ),
        (
            "delete from vault.master_key", .masterKeyMissing,
            "the master key for fingerprint is missing"
        ),
        (
            """
            update vault.master_key set wrapped = set_byte(wrapped, 20, get_byte(wrapped, 20) # 1)
            where purpose = 'checkpoint'
            """, .masterKeyDoesNotOpen, "the master key for checkpoint does not open"
        ),
        (
            "insert into vault.master_key select 'x', root_key_id, wrapped from vault.master_key "
                + "limit 1", .masterKeyUnknown, "a master key is stored for no known purpose"
        ),
    ]

    @Test("what is done to the vault is found", arguments: vaultDamages)
    func vault(damage: Damage) async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            #expect(try await SteppedIntegrator(test).verify().findings == [])
            try await SteppedIntegrator.damage(test, damage.sql)
            let findings = try await SteppedIntegrator(test).verify().findings
            #expect(
                findings.contains {
                    $0.kind == damage.kind && $0.problem.contains(damage.problem)
                },
                "\(findings)"
            )
            // The version of a secret is in the log as well, and so is what an app has decided.
            let told: [VerificationReport.Finding.Kind] =
                damage.sql.contains("client_secret_version")
                ? [.appRowDiffers]
                : damage.kind == .appDecisionDiffers ? [.appDecisionDiffers] : []
            #expect(
                try await Verification.run(test.owner).findings.map(\.kind)
                    == told,
                "without the root key"
            )
        }
    }

    @Test("a sealed value that is another one than the log names is found")
    func otherValue() async throws {
        try await TestStore.run { test in
            let user = try await test.connectedUser("alice")
            // Sealed by whoever holds the root key, under the right key and place.
            let vault = test.store.vault
            let owner = ValueOwner(logID: 0, app: test.app.id, subject: user.subject)
            let reader = VerificationVault(vault: vault, deployment: VerificationDeployment([]))
            let connection = try await test.ownerConnection()
            let rows = try await reader.userRows(
                [FoldedSubject(logID: 0, app: test.app.id, subject: user.subject)],
                connection
            )
            let key = try vault.unwrap(
                rows[user.subject.value]?.key?.wrapped ?? [],
                for: owner
            )
            let sealed = try vault.seal(
                Secret("another"),
                .accessToken,
                version: 1,
                for: owner,
                key: key
            )
            let digits = Hexadecimal.encode(sealed)
            try await connection.script(
                "update vault.user_state set access_token = '\\x\(digits)'"
            )
            await connection.close()
            let name = VaultFlaw.StoredValue(kind: "access_token", version: 1)
            let flaws = try await SteppedIntegrator(test).verify().findings.map(\.flaw)
            #expect(flaws.contains(.subject(user.subject, .valueDiffers(name))), "\(flaws)")
        }
    }

    // MARK: Reservations

    @Test("a reservation that led to no claim is counted, and is no finding")
    func reservation() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            #expect(try await SteppedIntegrator(test).verify().unusedReservations == 0)
            // Of a user of log 4.
            try await SteppedIntegrator.damage(
                test,
                """
                insert into vault.lookup values (0, 'human', '0123456789abcdef',
                    '01900000-0000-7000-8040-000000000001',
                    '01900000-0000-7000-8040-000000000002', now())
                """
            )
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings == [])
            #expect(report.unusedReservations == 1)
            #expect(report.sentences.contains { $0.hasPrefix("1 reservations of sessions") })
        }
    }

    @Test("a claim that somebody else made there is found")
    func otherReservation() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await SteppedIntegrator.damage(
                test,
                """
                insert into vault.lookup
                select 0, kind, set_byte(fingerprint, 0, get_byte(fingerprint, 0) # 1),
                    gen_random_uuid(), '01900000-0000-7000-8040-000000000002', now()
                from vault.lookup where kind = 'human'
                union all
                select 4, kind, set_byte(fingerprint, 0, get_byte(fingerprint, 0) # 1),
                    subject, reference, null
                from vault.lookup where kind = 'human'
                """
            )
            let report = try await SteppedIntegrator(test).verify()
            #expect(report.findings.map(\.kind).contains(.lookupSubjectDiffers))
            #expect(report.unusedReservations == 0)
        }
    }

    // MARK: The deployment's own keys

    @Test("verifying makes no key: a database that was never used has none, and stays so")
    func unused() async throws {
        let template = try await TestPostgres.template("test_store") { url in
            _ = try await TestStore.migrate(PostgresConfiguration(url: url))
        }
        let database = try await TestPostgres.freshDatabase(template: template)
        var plan = VerificationPlan()
        plan.rootKeys = RootKeys(RootKey(bytes: [UInt8](repeating: 1, count: 32)))
        let owner = PostgresConfiguration(url: database.url)
        for _ in 0..<2 {
            let report = try await Verification.run(owner, plan: plan)
            #expect(report.findings == [])
            #expect(report.vault == .unused)
            #expect(report.sentences.contains { $0.contains("The database was never used") })
        }
    }

    @Test("with another root key nothing is verified, and that is said")
    func otherRootKey() async throws {
        try await TestStore.run { test in
            let other = RootKey(bytes: [UInt8](repeating: 1, count: 32))
            var plan = VerificationPlan()
            plan.rootKeys = RootKeys(other)
            await #expect(throws: VaultError.wrongRootKey(id: other.id)) {
                try await Verification.run(test.owner, plan: plan)
            }
        }
    }

    @Test("when a key is missing, the rest is verified all the same")
    func missingKey() async throws {
        try await TestStore.run { test in
            _ = try await test.connectedUser("alice")
            try await SteppedIntegrator.damage(
                test,
                """
                delete from vault.master_key where purpose = 'checkpoint';
                update ledger.event set type = 'x' where log_id = 0 and position = 0;
                """
            )
            let report = try await SteppedIntegrator(test).verify()
            #expect(
                report.findings.map(\.flaw)
                    == [.masterKeyMissing(.checkpoint), .columnDiffers(.type)]
            )
            #expect(report.values == nil)
            #expect(report.sentences.contains { $0.contains("own keys cannot be opened") })
        }
    }

    @Test("resumed, it says that only values of changed users were opened")
    func words() async throws {
        try await TestStore.run { test in
            let watcher = SteppedIntegrator(test)
            try await watcher.look()
            _ = try await test.connectedUser("alice")
            try await watcher.look()
            var plan = VerificationPlan()
            plan.rootKeys = RootKeys(test.rootKey)
            plan.since[0] = 1
            let report = try await Verification.run(test.owner, plan: plan)
            #expect(report.findings == [])
            #expect(report.values == 4)
            let words = report.sentences.joined(separator: "\n")
            #expect(words.contains("4 sealed values of these users were opened"))
            #expect(words.contains("Not checked: the values of the other users, the apps' own"))
            #expect(!words.contains("lookups"))
        }
    }
}

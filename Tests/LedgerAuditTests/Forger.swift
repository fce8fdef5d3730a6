import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Testing
@testable import Vault

/// Writes as the service would, with keys of its own, and with the secret that it shows to the
/// database, which stands in a log of the server where that logs parameters.
struct Forger {
    let test: TestStore
    let vault: Vault

    init(_ test: TestStore) throws {
        self.test = test
        let root = RootKey(bytes: [UInt8](repeating: 7, count: 32))
        func key(_ purpose: MasterKeyPurpose) throws -> MasterKey {
            try RootKeys(root).openMasterKey(try root.makeMasterKey(purpose), purpose)
        }
        vault = Vault(
            rootKeys: RootKeys(root),
            fingerprint: try key(.fingerprint),
            launch: try key(.launch),
            checkpoint: try key(.checkpoint)
        )
    }

    func append(_ command: AppendCommand) async throws -> [AppendVerdict?] {
        let append = AppendStatement([command], log: .facts, vault: vault)
        let thief = try await test.serviceConnection()
        try await setSecret(vault.databaseSecret)
        let verdicts: Result<[AppendVerdict?], PostgresError>
        do throws(PostgresError) {
            verdicts = .success(
                try await thief.query(append.statement) { result throws(PostgresError) in
                    try append.verdicts(result)
                }
            )
        } catch {
            verdicts = .failure(error)
        }
        try await setSecret(test.store.vault.databaseSecret)
        await thief.close()
        return try verdicts.get()
    }

    private func setSecret(_ secret: [UInt8]) async throws {
        let owner = try await test.ownerConnection()
        try await owner.execute(
            Statement(
                "test_secret",
                "update ledger.appender set secret_hash = sha256($1)",
                .bytea(secret)
            )
        )
        await owner.close()
    }

    /// Appends what the service would write for an event, but for its MACs.
    func append(_ event: LedgerEvent, to user: StoredUser) async throws {
        var change = Change(context: RecordContext(actor: "service"))
        change.append(event)
        var (command, _) = try test.store.prepare(change, of: user)
        command.changesTokens = true
        let verdicts = try await append(command)
        #expect(verdicts.count == 1)
        guard case .appended? = verdicts[0] else {
            Issue.record("\(String(describing: verdicts[0]))")
            return
        }
    }
}

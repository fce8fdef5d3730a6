internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Opens the deployment's own keys to verify with them.
///
/// Other than the service it never makes one: who verifies changes nothing.
struct VerificationKeys: Sendable {
    private struct Row: Sendable {
        let purpose: String
        let rootKeyID: String
        let wrapped: [UInt8]
    }

    let rootKeys: RootKeys
    /// Findings about keys stand beside the log of administration.
    let logID: Int32

    /// The vault, or nil when a key is missing or damaged, which is a finding.
    ///
    /// A database that was never used has no keys, which is not a finding. Throws
    /// `VaultError.wrongRootKey` when the keys were wrapped by none of the root keys.
    func vault(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws -> Vault? {
        let rows = try await rows(connection)
        report.vault = .keysMissing
        if rows.isEmpty, try await !isUsed(connection) {
            report.vault = .unused
            return nil
        }
        var keys: [MasterKeyPurpose: MasterKey] = [:]
        for row in rows {
            guard [rootKeys.current.id, rootKeys.other?.id].contains(row.rootKeyID) else {
                throw VaultError.wrongRootKey(id: rootKeys.current.id)
            }
            guard let purpose = MasterKeyPurpose(rawValue: row.purpose) else {
                report.add(logID, nil, .masterKeyUnknown)
                continue
            }
            keys[purpose] = try? rootKeys.openMasterKey(row.wrapped, purpose)
            if keys[purpose] == nil {
                report.add(logID, nil, .masterKeyDoesNotOpen(purpose))
            }
        }
        for purpose in MasterKeyPurpose.allCases
        where !rows.contains(where: { $0.purpose == purpose.rawValue }) {
            report.add(logID, nil, .masterKeyMissing(purpose))
        }
        guard let fingerprint = keys[.fingerprint], let launch = keys[.launch],
            let checkpoint = keys[.checkpoint]
        else { return nil }
        report.vault = .opened
        return Vault(
            rootKeys: rootKeys,
            fingerprint: fingerprint,
            launch: launch,
            checkpoint: checkpoint
        )
    }

    private func rows(_ connection: PostgresConnection) async throws(PostgresError) -> [Row] {
        try await connection.rows(
            Statement(
                "verify_master_keys",
                "select purpose, root_key_id, wrapped from vault.master_key order by purpose"
            )
        ) { result, row throws(PostgresError) in
            Row(
                purpose: try result.text(row, 0),
                rootKeyID: try result.text(row, 1),
                wrapped: try result.bytes(row, 2)
            )
        }
    }

    private func isUsed(_ connection: PostgresConnection) async throws(PostgresError) -> Bool {
        try await connection.query(
            Statement(
                "verify_is_used",
                """
                select exists (select 1 from ledger.event)
                    or exists (select 1 from ledger.log where size > 0)
                    or exists (select 1 from vault.data_key)
                    or exists (select 1 from vault.user_state)
                """
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }
}

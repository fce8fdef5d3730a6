internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

extension VerificationVault {
    private struct App: Sendable {
        let id: Identifier
        let clientID: String
        let key: StoredKey?
        /// Which version of each secret must be there, and no other one.
        let secrets: [ValueKind: Int64]
    }

    /// The apps' own secrets: no event names their fingerprints, but each must open as what it is
    /// stored as.
    func checkApps(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        let apps = try await apps(connection)
        let values = try await values(
            apps.map {
                FoldedSubject(logID: Log.facts.id, app: $0.id, subject: $0.id)
            },
            connection
        )
        for app in apps {
            for flaw in flaws(of: app, values[app.id.value] ?? []) {
                report.add(Log.facts.id, nil, .app(app.clientID, flaw))
            }
            report.values = (report.values ?? 0) + Int64(values[app.id.value]?.count ?? 0)
        }
        report.apps = Int64(apps.count)
    }

    private func flaws(of app: App, _ values: [Value]) -> [VaultFlaw] {
        let owner = ValueOwner(logID: Log.facts.id, app: app.id, subject: app.id)
        guard let stored = app.key else { return [.dataKeyMissing] }
        guard let key = try? vault.unwrap(stored.wrapped, for: owner) else {
            return [.dataKeyDoesNotOpen]
        }
        var flaws: [VaultFlaw] = []
        if !vault.isWrapped(stored.wrapped, for: owner, by: stored.rootKeyID) {
            flaws.append(.dataKeyOfOtherRootKey)
        }
        var missing = app.secrets
        for value in values {
            guard let kind = ValueKind(rawValue: value.kind), value.version == app.secrets[kind]
            else {
                flaws.append(.valueNotOfApp(value.name))
                continue
            }
            missing[kind] = nil
            let plain = try? vault.open(
                value.sealed,
                kind,
                version: value.version,
                for: owner,
                key: key
            )
            if plain == nil { flaws.append(.valueDoesNotOpen(value.name)) }
        }
        for kind in [ValueKind.clientSecret, .appKey] where missing[kind] != nil {
            flaws.append(.valueMissing(kind))
        }
        return flaws
    }

    private func apps(_ connection: PostgresConnection) async throws(PostgresError) -> [App] {
        try await connection.rows(
            Statement(
                "verify_app_keys",
                """
                select a.app_id, a.client_id, k.root_key_id, k.wrapped,
                    a.client_secret_version, a.app_key_version
                from ledger.app a
                left join vault.data_key k on k.log_id = $1 and k.subject = a.app_id
                order by a.client_id
                """,
                .int4(Log.facts.id)
            )
        ) { result, row throws(PostgresError) in
            var key: StoredKey?
            if let wrapped = try result.bytesOrNil(row, 3) {
                key = StoredKey(rootKeyID: try result.text(row, 2), wrapped: wrapped)
            }
            var secrets = [ValueKind.clientSecret: try result.int8(row, 4)]
            secrets[.appKey] = try result.int8OrNil(row, 5)
            return App(
                id: Identifier(value: try result.uuid(row, 0)),
                clientID: try result.text(row, 1),
                key: key,
                secrets: secrets
            )
        }
    }

    // MARK: Rows of nobody

    private struct Row: Sendable {
        let logID: Int32
        let subject: UInt128
        var kind = ""
        var version: Int64 = 0
        let isKnown: Bool
    }

    /// Finds data keys of nobody, and sealed values that no data key belongs to.
    func checkOrphans(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        var after = Row(logID: .min, subject: 0, isKnown: true)
        while let last = try await orphanKeys(after, connection, &report) { after = last }
        after = Row(logID: .min, subject: 0, isKnown: true)
        while let last = try await orphanValues(after, connection, &report) { after = last }
    }

    private func orphanKeys(
        _ after: Row,
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws -> Row? {
        let page = try await connection.rows(
            Statement(
                "verify_key_owners",
                """
                select k.log_id, k.subject, exists (
                    select from ledger.app a where a.app_id = k.subject and k.log_id = 0)
                from (
                    select log_id, subject from vault.data_key
                    where (log_id, subject) > ($1, $2) order by log_id, subject limit 5000
                ) as k
                order by k.log_id, k.subject
                """,
                .int4(after.logID),
                .uuid(after.subject)
            )
        ) { result, row throws(PostgresError) in
            Row(
                logID: try result.int4(row, 0),
                subject: try result.uuid(row, 1),
                isKnown: try result.bool(row, 2)
            )
        }
        for row in page where !row.isKnown {
            report.add(row.logID, nil, .dataKeyOfNobody(subject: Identifier(value: row.subject)))
        }
        return page.last
    }

    private func orphanValues(
        _ after: Row,
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws -> Row? {
        let page = try await connection.rows(
            Statement(
                "verify_value_owners",
                """
                select v.log_id, v.subject, v.kind, v.version, exists (
                        select from vault.data_key k
                        where k.log_id = v.log_id and k.subject = v.subject)
                    or exists (
                        select from ledger.event e
                        join vault.user_state head on head.log_id = e.log_id
                            and head.app_id = e.app_id and head.subject = e.subject
                        where e.subject = v.subject and e.subject_version = 1
                            and e.log_id = v.log_id and head.wrapped_key is not null)
                from vault.value v
                where (v.log_id, v.subject, v.kind, v.version) > ($1, $2, $3, $4)
                order by v.log_id, v.subject, v.kind, v.version limit 5000
                """,
                .int4(after.logID),
                .uuid(after.subject),
                .text(after.kind),
                .int8(after.version)
            )
        ) { result, row throws(PostgresError) in
            Row(
                logID: try result.int4(row, 0),
                subject: try result.uuid(row, 1),
                kind: try result.text(row, 2),
                version: try result.int8(row, 3),
                isKnown: try result.bool(row, 4)
            )
        }
        for row in page where !row.isKnown {
            let subject = Identifier(value: row.subject)
            report.add(row.logID, nil, .valueWithoutDataKey(subject: subject))
        }
        return page.last
    }
}

internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

extension VerificationVault {
    func userRows(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: UserRow] {
        let rows = try await connection.rows(
            Statement(
                "verify_user_rows",
                """
                select head.subject, head.fingerprint, head.root_key_id, head.wrapped_key,
                    head.client_user_id, head.human_id, head.access_token,
                    head.access_token_version, head.public_token, head.public_token_version
                from unnest($1::int[], $2::uuid[], $3::uuid[]) as f (log_id, app_id, subject)
                join vault.user_state head on head.log_id = f.log_id and head.app_id = f.app_id
                    and head.subject = f.subject
                """,
                .int4Array(folded.map(\.logID)),
                .uuidArray(folded.map(\.app.value)),
                .uuidArray(folded.map(\.subject.value))
            )
        ) { result, row throws(PostgresError) in
            (try result.uuid(row, 0), try UserRow(result, row))
        }
        // A subject whose events stand in two logs may have two rows.
        return Dictionary(rows) { _, last in last }
    }

    func values(
        _ folded: [FoldedSubject],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [UInt128: [Value]] {
        let values = try await connection.rows(
            Statement(
                "verify_values",
                """
                select v.subject, v.kind, v.version, v.sealed, v.superseded_at
                from unnest($1::int[], $2::uuid[]) as f (log_id, subject)
                join vault.value v on v.log_id = f.log_id and v.subject = f.subject
                order by v.subject, v.kind, v.version
                """,
                .int4Array(folded.map(\.logID)),
                .uuidArray(folded.map(\.subject.value))
            )
        ) { result, row throws(PostgresError) in
            (
                subject: try result.uuid(row, 0),
                value: Value(
                    kind: try result.text(row, 1),
                    version: try result.int8(row, 2),
                    sealed: try result.bytes(row, 3),
                    supersededAt: try result.timestamptzOrNil(row, 4).map {
                        Timestamp(microseconds: $0)
                    }
                )
            )
        }
        return Dictionary(grouping: values, by: \.subject).mapValues { $0.map(\.value) }
    }

    /// The lookups under some keys, each from the database in which its log stands.
    func lookups(
        _ keys: [Lookup.Key],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Lookup.Key: Lookup] {
        var found: [Lookup.Key: Lookup] = [:]
        for (place, keys) in Dictionary(grouping: keys, by: { databases?.place(of: $0.logID) }) {
            let there = place.flatMap { databases?.connection($0) } ?? connection
            // Of two of one key either will do: nobody can tell them apart.
            found.merge(try await Self.lookups(keys, there)) { first, _ in first }
        }
        return found
    }

    private static func lookups(
        _ keys: [Lookup.Key],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Lookup.Key: Lookup] {
        let lookups = try await connection.rows(
            Statement(
                "verify_lookups",
                """
                select k.log_id, k.kind, k.fingerprint, k.subject, k.reference,
                    k.reserved_at is not null
                from unnest($1::int[], $2::text[], $3::bytea[]) as f (log_id, kind, fingerprint)
                join vault.lookup k on k.log_id = f.log_id and k.kind = f.kind
                    and k.fingerprint = f.fingerprint
                """,
                .int4Array(keys.map(\.logID)),
                .textArray(keys.map(\.kind.rawValue)),
                .byteaArray(keys.map(\.fingerprint.bytes))
            )
        ) { result, row throws(PostgresError) -> (Lookup.Key, Lookup)? in
            guard let kind = LookupKind(rawValue: try result.text(row, 1)),
                let fingerprint = Fingerprint(try result.bytes(row, 2))
            else { return nil }
            return (
                Lookup.Key(
                    logID: try result.int4(row, 0),
                    kind: kind,
                    fingerprint: fingerprint
                ),
                Lookup(
                    subject: try result.uuid(row, 3),
                    reference: try result.uuid(row, 4),
                    isReserved: try result.bool(row, 5)
                )
            )
        }
        // Two subjects may claim one lookup, which then comes twice.
        return Dictionary(lookups.compactMap { $0 }) { first, _ in first }
    }

    /// How many lookups there are, without reservations.
    func countLookups(_ connection: PostgresConnection) async throws(PostgresError) -> Int64 {
        try await connection.query(
            Statement(
                "count_lookups",
                """
                select (select count(*) from vault.lookup where reserved_at is null)
                    + (select count(fingerprint) from vault.user_state)
                """
            )
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// Every lookup against the event that made it: the other direction.
    ///
    /// Needed only when there are others than those that the events of all subjects have led to.
    func checkLookups(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        var after: (logID: Int32, kind: String, fingerprint: [UInt8]) = (.min, "", [])
        while true {
            let page = try await lookupPage(after, connection)
            guard let last = page.last else { return }
            for row in page {
                if let flaw = Self.flaw(of: row) {
                    report.add(row.logID, row.position, .lookup(kind: row.kind, flaw))
                }
            }
            after = (last.logID, last.kind, last.fingerprint)
        }
    }

    struct LookupRow: Sendable {
        let logID: Int32
        let kind: String
        let fingerprint: [UInt8]
        let subject: UInt128
        let position: Int64?
        let record: [UInt8]?
    }

    private static func flaw(of row: LookupRow) -> LookupFlaw? {
        guard let bytes = row.record else { return .eventMissing }
        // Bytes that are not a record are a finding of the log.
        guard let record = try? Record(decoding: bytes) else { return nil }
        guard record.subject?.value == row.subject else { return .subjectDiffers }
        return isMade(row, by: record) ? nil : .eventDiffers
    }

    private static func isMade(_ row: LookupRow, by record: Record) -> Bool {
        let fingerprint = Fingerprint(row.fingerprint)
        var finish: LedgerEvent.Finish?
        switch record.event {
        case .finishReceived(let received), .finishHeld(let received): finish = received
        default: break
        }
        return switch LookupKind(rawValue: row.kind) {
        case .session: finish.map { $0.session == fingerprint } ?? false
        case .human: record.event.linkedHuman.map { $0 == fingerprint } ?? false
        // Users are found by their row, and tokens in the log.
        case .user, .token, nil: false
        }
    }

    private func lookupPage(
        _ after: (logID: Int32, kind: String, fingerprint: [UInt8]),
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [LookupRow] {
        try await connection.rows(
            Statement(
                "verify_lookup_page",
                """
                select k.log_id, k.kind, k.fingerprint, k.subject, e.position, e.record, e.mac,
                    e.event_id, e.app_id, e.subject, e.subject_version
                from (
                    select log_id, kind, fingerprint, subject, reference from vault.lookup
                    where (log_id, kind, fingerprint) > ($1, $2, $3) and reserved_at is null
                    order by log_id, kind, fingerprint limit 2000
                ) as k
                left join ledger.event e
                    on e.event_id = k.reference and e.log_id = k.log_id
                order by k.log_id, k.kind, k.fingerprint
                """,
                .int4(after.logID),
                .text(after.kind),
                .bytea(after.fingerprint)
            )
        ) { result, row throws(PostgresError) in
            LookupRow(
                logID: try result.int4(row, 0),
                kind: try result.text(row, 1),
                fingerprint: try result.bytes(row, 2),
                subject: try result.uuid(row, 3),
                position: try result.int8OrNil(row, 4),
                // One that the service did not write has made no lookup.
                record: vault.hasWritten(result, row, from: 5, logID: try result.int4(row, 0))
                    ? try result.bytesOrNil(row, 5) : nil
            )
        }
    }
}

extension VerificationVault.UserRow {
    /// Reads the columns from the second on, as `userRows` names them.
    fileprivate init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        fingerprint = try result.bytesOrNil(row, 1).flatMap { Fingerprint($0) }
        var key: VerificationVault.StoredKey?
        if let wrapped = try result.bytesOrNil(row, 3) {
            key = VerificationVault.StoredKey(
                rootKeyID: try result.textOrNil(row, 2) ?? "",
                wrapped: wrapped
            )
        }
        self.key = key
        var values: [VerificationVault.Value] = []
        for (kind, column, version) in [
            (ValueKind.clientUserID, 4, 1), (.humanID, 5, 1),
            (.accessToken, 6, try result.int8OrNil(row, 7)),
            (.publicToken, 8, try result.int8OrNil(row, 9)),
        ] {
            guard let sealed = try result.bytesOrNil(row, column) else { continue }
            values.append(
                VerificationVault.Value(
                    kind: kind.rawValue,
                    version: version ?? 0,
                    sealed: sealed
                )
            )
        }
        self.values = values
    }
}

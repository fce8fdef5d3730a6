internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// Brings current tokens back to their users' rows, where a forged event had them put away.
///
/// Only those of users whose row was mended are looked at. What stands in a row and opens stays.
struct TokenRestoration: Sendable {
    private struct Candidate: Sendable {
        let owner: ValueOwner
        let kind: ValueKind
        let version: Int64
        let wrappedKey: [UInt8]
        let current: [UInt8]?
        let putAway: [UInt8]
    }

    let vault: Vault

    func run(_ connection: PostgresConnection) async throws(PostgresError) {
        for candidate in try await candidates(connection) where isNeeded(candidate) {
            try await bringBack(candidate, connection)
        }
    }

    /// Whether the row's own value is none of this version, and the other one is.
    private func isNeeded(_ candidate: Candidate) -> Bool {
        guard let key = try? vault.unwrap(candidate.wrappedKey, for: candidate.owner) else {
            return false
        }
        func opens(_ sealed: [UInt8]) -> Bool {
            let value = try? vault.open(
                sealed,
                candidate.kind,
                version: candidate.version,
                for: candidate.owner,
                key: key
            )
            return value != nil
        }
        return !(candidate.current.map(opens) ?? false) && opens(candidate.putAway)
    }

    private func candidates(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [Candidate] {
        let rows = try await connection.rows(
            Statement(
                "put_away_tokens",
                """
                select head.log_id, head.app_id, head.subject, held.kind, held.version,
                    head.wrapped_key, token.sealed, held.sealed
                from differing join vault.user_state head using (log_id, app_id, subject)
                cross join lateral (values
                    ('access_token', head.access_token_version, head.access_token),
                    ('public_token', head.public_token_version, head.public_token)
                ) as token (kind, version, sealed)
                join vault.value held on held.log_id = head.log_id
                    and held.subject = head.subject and held.kind = token.kind
                    and held.version = token.version
                where head.wrapped_key is not null
                """
            )
        ) { result, row throws(PostgresError) -> Candidate? in
            guard let kind = ValueKind(rawValue: try result.text(row, 3)) else { return nil }
            return Candidate(
                owner: ValueOwner(
                    logID: try result.int4(row, 0),
                    app: Identifier(value: try result.uuid(row, 1)),
                    subject: Identifier(value: try result.uuid(row, 2))
                ),
                kind: kind,
                version: try result.int8(row, 4),
                wrappedKey: try result.bytes(row, 5),
                current: try result.bytesOrNil(row, 6),
                putAway: try result.bytes(row, 7)
            )
        }
        return rows.compactMap { $0 }
    }

    private func bringBack(
        _ candidate: Candidate,
        _ connection: PostgresConnection
    ) async throws(PostgresError) {
        try await connection.execute(
            Statement(
                "bring_back_token",
                """
                with back as (
                    delete from vault.value
                    where log_id = $1 and subject = $3 and kind = $4 and version = $5
                    returning sealed
                )
                update vault.user_state head set
                    access_token = case $4 when 'access_token' then back.sealed
                        else head.access_token end,
                    public_token = case $4 when 'public_token' then back.sealed
                        else head.public_token end
                from back where head.log_id = $1 and head.app_id = $2 and head.subject = $3
                """,
                .int4(candidate.owner.logID),
                .uuid(candidate.owner.app.value),
                .uuid(candidate.owner.subject.value),
                .text(candidate.kind.rawValue),
                .int8(candidate.version)
            )
        )
    }
}

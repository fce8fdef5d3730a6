internal import Ledger
internal import LedgerStore
internal import Postgres

// A claim is decided in its home. Of a user of another log that has a reservation, made before the claim
// (docs/decisions/0067-k-logs-of-facts.md#claims-across-logs).

extension VerificationVault {
    /// Where the reservation of a claim must be; nil where the claim's own log is its home.
    func reservation(of claim: Lookup.Key) -> Lookup.Key? {
        let home = deployment.logs.home(of: claim.fingerprint).id
        guard home != claim.logID else { return nil }
        return Lookup.Key(logID: home, kind: claim.kind, fingerprint: claim.fingerprint)
    }

    /// What does not fit between a claim that a subject has made and its reservation.
    ///
    /// One goes only when its user is erased, and then only a person's, whose claim has gone before.
    func reservationFlaw(
        _ claim: Lookup.Key,
        of subject: FoldedSubject,
        _ kept: Kept
    ) -> VaultFlaw? {
        guard let key = reservation(of: claim) else { return nil }
        guard let found = kept.lookups[key] else { return .reservationMissing(claim.kind) }
        let isOfClaim =
            found.isReserved && found.subject == subject.subject.value
            && Identifier(value: found.reference).logID == claim.logID
        return isOfClaim ? nil : .reservationDiffers(claim.kind)
    }

    /// Where somebody may have claimed the same before logs were added.
    func earlier(of claim: Lookup.Key) -> [Lookup.Key] {
        deployment.logs.closed.filter { $0.id != claim.logID }.map {
            Lookup.Key(logID: $0.id, kind: claim.kind, fingerprint: claim.fingerprint)
        }
    }

    /// Whether somebody else has claimed the same in a closed log.
    func isClaimedByOther(_ claim: Lookup.Key, than subject: FoldedSubject, _ kept: Kept) -> Bool {
        earlier(of: claim).contains { key in
            guard let found = kept.lookups[key], !found.isReserved else { return false }
            return found.subject != subject.subject.value
        }
    }

    fileprivate struct ReservedRow: Sendable {
        let key: Lookup.Key
        /// The kind as stored.
        let kind: String
        let fingerprint: [UInt8]
        let subject: UInt128
        let reference: Identifier
        /// Where the claim is made, in the log that the reservation names.
        let made: Lookup.Key
    }

    /// Every reservation against the claim for which it was made, in the log that it names
    /// (docs/decisions/0067-k-logs-of-facts.md).
    ///
    /// One without a claim is counted: whoever made it ended before the append. One with a claim and a reference that was
    /// burned cannot come about: no append makes a claim with it, and none is burned once the claim is made.
    func checkReservations(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        var after: (logID: Int32, kind: String, fingerprint: [UInt8]) = (.min, "", [])
        while true {
            let page = try await reservationPage(after, connection)
            guard let last = page.last else { return }
            let claims = try await lookups(page.map(\.made), connection)
                .filter { !$1.isReserved }
            let burned = try await burned(page.map(\.reference), connection)
            for row in page {
                switch claims[row.made]?.subject {
                case nil: report.unusedReservations += 1
                case row.subject:
                    guard burned.contains(row.reference) else { break }
                    let flaw = VaultFlaw.reservationBurned(row.key.kind)
                    let subject = Identifier(value: row.subject)
                    report.add(row.made.logID, nil, .subject(subject, flaw))
                case .some: report.add(row.key.logID, nil, .lookup(kind: row.kind, .subjectDiffers))
                }
            }
            after = (last.key.logID, last.kind, last.fingerprint)
        }
    }

    /// Which of these references were burned, in the logs that they name.
    private func burned(
        _ references: [Identifier],
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> Set<Identifier> {
        let burned = try await connection.rows(
            Statement(
                "verify_burned",
                """
                select b.reference from unnest($1::int[], $2::uuid[]) as f (log_id, reference)
                join vault.burned b on b.log_id = f.log_id and b.reference = f.reference
                """,
                .int4Array(references.map(\.logID)),
                .uuidArray(references.map(\.value))
            )
        ) { result, row throws(PostgresError) in Identifier(value: try result.uuid(row, 0)) }
        return Set(burned)
    }

    private func reservationPage(
        _ after: (logID: Int32, kind: String, fingerprint: [UInt8]),
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [ReservedRow] {
        try await connection.rows(
            Statement(
                "verify_reservation_page",
                """
                select log_id, kind, fingerprint, subject, reference from vault.lookup
                where (log_id, kind, fingerprint) > ($1, $2, $3) and reserved_at is not null
                order by log_id, kind, fingerprint limit 2000
                """,
                .int4(after.logID),
                .text(after.kind),
                .bytea(after.fingerprint)
            )
        ) { result, row throws(PostgresError) in try ReservedRow(result, row) }
    }
}

extension VerificationVault.ReservedRow {
    fileprivate init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        kind = try result.text(row, 1)
        fingerprint = try result.bytes(row, 2)
        subject = try result.uuid(row, 3)
        guard let lookup = LookupKind(rawValue: kind), let found = Fingerprint(fingerprint) else {
            throw PostgresError.decodingFailed("row \(row) is of kind \(kind)")
        }
        reference = Identifier(value: try result.uuid(row, 4))
        key = .init(logID: try result.int4(row, 0), kind: lookup, fingerprint: found)
        made = .init(logID: reference.logID, kind: lookup, fingerprint: found)
    }
}

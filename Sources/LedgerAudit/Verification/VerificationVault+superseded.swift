internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

// Values of tokens that were replaced: there until the log says that they were dropped, and gone from
// then on (docs/decisions/0046-superseded-values-are-dropped.md).

extension VerificationVault {
    /// What was dropped of an app's past tokens, and what may be.
    struct Drops: Sendable {
        let graceSeconds: Int64
        /// Those are dropped that were replaced until then; nil before the first drop.
        let until: Timestamp?
        /// What the server's clock said when this was read.
        let now: Timestamp
    }

    /// How long after its grace a value may be there before that is told: far longer than a round of
    /// the service, and than most outages.
    private static let overdueSeconds: Int64 = 86_400

    /// The values of past tokens, by what they are.
    static func past(_ values: [Value]) -> [SubjectClaims.Token: Value] {
        var past: [SubjectClaims.Token: Value] = [:]
        for value in values {
            guard let kind = ValueKind(rawValue: value.kind), kind.tokenKind != nil else {
                continue
            }
            past[SubjectClaims.Token(kind: kind, version: value.version)] = value
        }
        return past
    }

    /// Compares the values of tokens that were replaced with what the log says of them.
    func judgePast(
        _ claims: SubjectClaims,
        _ opened: Opened,
        _ drops: Drops?,
        _ judgement: inout Judgement
    ) {
        let order = claims.superseded.sorted {
            ($0.key.kind.rawValue, $0.key.version) < ($1.key.kind.rawValue, $1.key.version)
        }
        for (token, time) in order {
            let name = VaultFlaw.StoredValue(kind: token.kind.rawValue, version: token.version)
            guard let value = opened.past[token] else {
                guard let until = drops?.until, time <= until else {
                    judgement.flaws.append(.pastValueMissing(name))
                    continue
                }
                continue
            }
            if let until = drops?.until, value.supersededAt ?? time <= until {
                judgement.flaws.append(.droppedValueThere(name))
            } else if let drops,
                time.adding(seconds: drops.graceSeconds + Self.overdueSeconds) < drops.now
            {
                judgement.overdue += 1
            }
        }
    }

    /// The last drop of each app, and the grace that it has now.
    func drops(_ connection: PostgresConnection) async throws(PostgresError) -> [UInt128: Drops] {
        let drops = try await connection.rows(
            Statement(
                "verify_drops",
                """
                select a.app_id, a.superseded_grace_seconds, clock_timestamp(), e.record, e.mac,
                    e.event_id, e.app_id, e.subject, e.subject_version
                from ledger.app a
                left join lateral (
                    select record, mac, event_id, app_id, subject, subject_version, position
                    from ledger.event
                    where log_id = $2 and app_id = a.app_id and type = 'values.dropped'
                    order by position + 0 desc limit $1
                ) e on true
                order by a.app_id, e.position
                """,
                .int8(Self.lastDropsMax),
                .int4(Log.facts.id)
            )
        ) { result, row throws(PostgresError) in
            var until: Timestamp?
            // Bytes that are not a record, or not the service's, are a finding of the log.
            if vault.hasWritten(result, row, from: 3, logID: Log.facts.id),
                let record = try? Record(decoding: try result.bytes(row, 3)),
                case .valuesDropped(_, let time) = record.event
            {
                until = time
            }
            return (
                app: try result.uuid(row, 0),
                drops: Drops(
                    graceSeconds: try result.int8(row, 1),
                    until: until,
                    now: Timestamp(microseconds: try result.timestamptz(row, 2))
                )
            )
        }
        return Dictionary(drops.map { ($0.app, $0.drops) }) { $1.until == nil ? $0 : $1 }
    }

    /// Among how many of an app's last drops one is looked for that the service wrote.
    private static let lastDropsMax: Int64 = 10

    // MARK: Drops within the grace

    /// Compares each drop with the grace that had been told by then.
    func checkDrops(
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        for app in try await apps(connection) {
            var graceSeconds = SupersededGrace.usualSeconds
            var after: Int64 = -1
            while true {
                let page = try await decisions(of: app, after: after, connection)
                guard let last = page.last else { break }
                for (position, bytes) in page {
                    guard let bytes, let record = try? Record(decoding: bytes) else { continue }
                    switch record.event {
                    case .appUpdated(let update):
                        graceSeconds = update.supersededGraceSeconds ?? graceSeconds
                    case .valuesDropped(_, let until)
                    where until.adding(seconds: graceSeconds) > record.time:
                        report.add(Log.facts.id, position, .droppedWithinGrace)
                    default: break
                    }
                }
                after = last.position
            }
        }
    }

    private func apps(_ connection: PostgresConnection) async throws(PostgresError) -> [UInt128] {
        try await connection.rows(
            Statement("verify_apps_with_drops", "select app_id from ledger.app order by client_id")
        ) { result, row throws(PostgresError) in try result.uuid(row, 0) }
    }

    private func decisions(
        of app: UInt128,
        after position: Int64,
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [(position: Int64, record: [UInt8]?)] {
        try await connection.rows(
            Statement(
                "verify_decisions",
                """
                select position, record, mac, event_id, app_id, subject, subject_version
                from ledger.event
                where log_id = $3 and app_id = $1 and position + 0 > $2
                    and type in ('app.added', 'app.updated', 'values.dropped')
                order by position + 0 limit 5000
                """,
                .uuid(app),
                .int8(position),
                .int4(Log.facts.id)
            )
        ) { result, row throws(PostgresError) -> (position: Int64, record: [UInt8]?) in
            // Nil for one that the service did not write.
            let isOurs = vault.hasWritten(result, row, from: 1, logID: Log.facts.id)
            return (try result.int8(row, 0), isOurs ? try result.bytes(row, 1) : nil)
        }
    }
}

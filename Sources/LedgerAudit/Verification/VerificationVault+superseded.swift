internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

// Values of tokens that were replaced: there until the log says that they were dropped, and gone from
// then on (docs/decisions/0046-superseded-values-are-dropped.md).

extension VerificationVault {
    /// Whose past tokens are dropped at once: those of an app in a log.
    struct DropPlace: Hashable {
        let logID: Int32
        let app: UInt128
    }

    /// What was dropped of an app's past tokens in a log, and what may be.
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

    /// The last drop of each app in each log, and the grace that it has now.
    func drops(
        _ connection: PostgresConnection
    ) async throws(PostgresError) -> [DropPlace: Drops] {
        let drops = try await connection.rows(
            Statement(
                "verify_drops",
                """
                select a.app_id, a.superseded_grace_seconds, clock_timestamp(), e.record, e.mac,
                    e.event_id, e.app_id, e.subject, e.subject_version, l.log_id
                from ledger.app a cross join ledger.log l
                left join lateral (
                    select record, mac, event_id, app_id, subject, subject_version, position
                    from ledger.event
                    where log_id = l.log_id and app_id = a.app_id and type = 'values.dropped'
                    order by position + 0 desc limit $1
                ) e on true
                where l.kind = 'fact'
                order by a.app_id, l.log_id, e.position
                """,
                .int8(Self.lastDropsMax)
            )
        ) { result, row throws(PostgresError) in
            var until: Timestamp?
            // Bytes that are not a record, or not the service's, are a finding of the log.
            let logID = try result.int4(row, 9)
            if vault.hasWritten(result, row, from: 3, logID: logID),
                let record = try? Record(decoding: try result.bytes(row, 3)),
                case .valuesDropped(_, let time) = record.event
            {
                until = time
            }
            return (
                place: DropPlace(logID: logID, app: try result.uuid(row, 0)),
                drops: Drops(
                    graceSeconds: try result.int8(row, 1),
                    until: until,
                    now: Timestamp(microseconds: try result.timestamptz(row, 2))
                )
            )
        }
        return Dictionary(drops.map { ($0.place, $0.drops) }) { $1.until == nil ? $0 : $1 }
    }

    /// Among how many of an app's last drops one is looked for that the service wrote.
    private static let lastDropsMax: Int64 = 10

    // MARK: Drops within the grace

    /// Compares each drop in logs of one database with the grace that had been told by then.
    func checkDrops(
        _ logs: [Log],
        _ connection: PostgresConnection,
        _ report: inout VerificationReport
    ) async throws {
        // The log of administration first, wherever it stands: apps are told of there.
        let read = [.facts] + logs.filter { $0 != .facts }
        for app in try await apps(connection) {
            var graces = ToldGraces()
            for log in read {
                let there = databases.flatMap { $0.connection($0.place(of: log.id)) } ?? connection
                var after: Int64 = -1
                while true {
                    let page = try await decisions(of: app, log, after: after, there)
                    guard let last = page.last else { break }
                    for (position, bytes) in page {
                        guard let bytes, let record = try? Record(decoding: bytes),
                            graces.forbid(record, log), logs.contains(log)
                        else { continue }
                        report.add(log.id, position, .droppedWithinGrace)
                    }
                    after = last.position
                }
            }
        }
    }

    /// The graces of an app that the log of administration tells of, in its order.
    private struct ToldGraces {
        private var graces: [(from: Timestamp, seconds: Int64)] = [
            (Timestamp(microseconds: .min), SupersededGrace.usualSeconds)
        ]

        /// How far the clocks of two copies of the service may be apart.
        private static let clockSlack: Int64 = 60

        /// Whether a record drops what was within the grace by then; takes one that tells of another.
        mutating func forbid(_ record: Record, _ log: Log) -> Bool {
            switch record.event {
            case .appUpdated(let update):
                guard let seconds = update.supersededGraceSeconds else { return false }
                graces.append((record.time, seconds))
                return false
            case .valuesDropped(_, let until):
                return until.adding(seconds: seconds(at: record.time, log)) > record.time
            default: return false
            }
        }

        /// Where a drop stands in another log, only the times tell what had been told by then.
        private func seconds(at time: Timestamp, _ log: Log) -> Int64 {
            guard log != .facts else { return graces[graces.count - 1].seconds }
            let (early, late) = (
                time.adding(seconds: -Self.clockSlack), time.adding(seconds: Self.clockSlack)
            )
            let before = graces.last { $0.from <= early } ?? graces[0]
            let around = graces.filter { $0.from > early && $0.from <= late }
            return ([before] + around).map(\.seconds).min() ?? before.seconds
        }
    }

    private func apps(_ connection: PostgresConnection) async throws(PostgresError) -> [UInt128] {
        try await connection.rows(
            Statement("verify_apps_with_drops", "select app_id from ledger.app order by client_id")
        ) { result, row throws(PostgresError) in try result.uuid(row, 0) }
    }

    private func decisions(
        of app: UInt128,
        _ log: Log,
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
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) -> (position: Int64, record: [UInt8]?) in
            // Nil for one that the service did not write.
            let isOurs = vault.hasWritten(result, row, from: 1, logID: log.id)
            return (try result.int8(row, 0), isOurs ? try result.bytes(row, 1) : nil)
        }
    }
}

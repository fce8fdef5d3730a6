internal import Ledger
internal import LedgerStore
internal import Postgres
internal import Vault

/// One user's whole story, folded.
struct FoldedSubject: Sendable {
    let logID: Int32
    let app: Identifier
    let subject: Identifier
    var state = SubjectState()
    /// When the last event was recorded.
    var changedAt = Timestamp(microseconds: 0)
    /// Where the last event stands.
    var position: Int64 = -1
    /// The last event's subject version, as its column says.
    var version: Int64 = 0
    /// What the story says about the vault, where that was asked for.
    var claims: SubjectClaims?
    /// Where the story does not go on as it must, and what does not fit there.
    var flaws: [(position: Int64, flaw: VerificationFlaw)] = []
}

/// What a subject's events say about values in the vault, by fingerprint.
struct SubjectClaims: Sendable {
    struct Token: Sendable, Hashable {
        let kind: ValueKind
        let version: Int64
    }

    /// The user's first event, which claimed the `clientUserId`.
    var first: Identifier?
    var tokens: [Token: Fingerprint] = [:]
    /// The intents, with their events and the subject versions under which session tokens are kept.
    var finishes: [(event: Identifier, version: Int64, finish: LedgerEvent.Finish)] = []
    /// Events that name the person to whom the user is linked.
    var links: [(event: Identifier, human: Fingerprint)] = []

    mutating func take(_ record: Record) {
        if first == nil { first = record.id }
        switch record.event {
        case .accessTokenRotated(let token, _):
            tokens[Token(kind: .accessToken, version: token.version)] = token.fingerprint
        case .publicTokenRotated(let token, _), .publicTokenRecovered(let token, _):
            tokens[Token(kind: .publicToken, version: token.version)] = token.fingerprint
        case .finishReceived(let finish):
            finishes.append((record.id, record.subjectVersion ?? 0, finish))
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishRefused,
            .exchangeDispatched,
            .connectFinalized, .editFinalized, .finalizeRejected, .finalizeUnresolved,
            .finalizeRefused, .finalizeAbandoned, .finalizeSuperseded, .personGone,
            .connectionBroken, .tokenRead, .logExported, .tokenSearched, .appAdded, .appUpdated,
            .apiKeyCreated, .apiKeyExpirySet, .apiKeyRevoked:
            break
        }
        if let human = record.event.linkedHuman { links.append((record.id, human)) }
    }
}

extension LedgerEvent {
    /// The person to whom the event may link the user.
    var linkedHuman: Fingerprint? {
        switch self {
        case .finishReceived(let finish): finish.human
        case .connectFinalized(_, _, let human), .editFinalized(_, _, let human),
            .publicTokenRecovered(_, let human):
            human
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishRefused,
            .exchangeDispatched,
            .accessTokenRotated, .publicTokenRotated, .finalizeRejected, .finalizeUnresolved,
            .finalizeRefused, .finalizeAbandoned, .finalizeSuperseded, .personGone,
            .connectionBroken, .tokenRead, .logExported, .tokenSearched, .appAdded, .appUpdated,
            .apiKeyCreated, .apiKeyExpirySet, .apiKeyRevoked:
            nil
        }
    }
}

/// Folds users one after the other, in constant memory.
struct SubjectFold {
    private struct Row: Sendable {
        let logID: Int32
        let app: Identifier
        let subject: Identifier
        let version: Int64
        let position: Int64
        let bytes: [UInt8]

        init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
            logID = try result.int4(row, 0)
            app = Identifier(value: try result.uuid(row, 1))
            subject = Identifier(value: try result.uuid(row, 2))
            version = try result.int8(row, 3)
            position = try result.int8(row, 4)
            bytes = try result.bytes(row, 5)
        }
    }

    private struct Key: Sendable {
        var subject: UInt128
        var version: Int64
        var logID: Int32
    }

    /// Events per round trip: enough to hide the round trip, little enough to hold in memory.
    private static let pageEvents: Int64 = 5_000

    private let connection: PostgresConnection
    private let subjects: ClosedRange<UInt128>
    private let readsClaims: Bool
    private var current: FoldedSubject?

    /// Folds those subjects whose number lies in a range.
    init(
        _ connection: PostgresConnection,
        subjects: ClosedRange<UInt128> = .min ... .max,
        readsClaims: Bool = false
    ) {
        self.connection = connection
        self.subjects = subjects
        self.readsClaims = readsClaims
    }

    /// Folds all subjects of the range and hands them over in groups.
    mutating func run(_ body: ([FoldedSubject]) async throws -> Void) async throws {
        // Versions begin at 1, so this key stands before the first subject's first event.
        var after = Key(subject: subjects.lowerBound, version: 0, logID: 0)
        while true {
            let page = try await page(after)
            guard let last = page.last else { break }
            try await body(fold(page))
            after = Key(subject: last.subject.value, version: last.version, logID: last.logID)
            if page.count < Int(Self.pageEvents) { break }
        }
        try await body(end())
    }

    /// Folds certain subjects, all at once: there must be few of them.
    mutating func run(only subjects: [Identifier]) async throws -> [FoldedSubject] {
        let rows = try await connection.rows(
            Statement(
                "fold_subjects",
                """
                select e.log_id, e.app_id, e.subject, e.subject_version, e.position, e.record
                from unnest($1::uuid[]) as named (subject)
                join ledger.event e on e.subject = named.subject
                where e.subject_version is not null
                order by e.subject, e.subject_version, e.log_id
                """,
                .uuidArray(subjects.map(\.value))
            ),
            Row.init
        )
        return fold(rows) + end()
    }

    private mutating func end() -> [FoldedSubject] {
        defer { current = nil }
        return current.map { [$0] } ?? []
    }

    /// Gives the subjects that ended within the page.
    private mutating func fold(_ page: [Row]) -> [FoldedSubject] {
        var finished: [FoldedSubject] = []
        for row in page {
            var folded: FoldedSubject
            if let current, current.subject == row.subject, current.logID == row.logID {
                folded = current
            } else {
                finished += end()
                folded = FoldedSubject(logID: row.logID, app: row.app, subject: row.subject)
                if readsClaims { folded.claims = SubjectClaims() }
            }
            // One owner at a time, or every event would copy the whole state.
            current = nil
            Self.take(row, into: &folded)
            current = folded
        }
        return finished
    }

    private static func take(_ row: Row, into folded: inout FoldedSubject) {
        func add(_ flaw: VerificationFlaw) { folded.flaws.append((row.position, flaw)) }
        if row.position <= folded.position { add(.subjectOutOfOrder(after: folded.version)) }
        folded.position = row.position
        let due = folded.version + 1
        folded.version = row.version
        guard let record = try? Record(decoding: row.bytes) else {
            return add(.recordUnreadable)
        }
        if row.version != due {
            add(.subjectVersionNotDue(row.version, due: due))
        } else if row.app != folded.app {
            add(.subjectAppDiffers)
        }
        folded.state.apply(record.event, at: record.time)
        folded.changedAt = record.time
        folded.claims?.take(record)
    }

    private func page(_ after: Key) async throws(PostgresError) -> [Row] {
        try await connection.rows(
            Statement(
                "fold_page",
                """
                select log_id, app_id, subject, subject_version, position, record
                from ledger.event
                where subject_version is not null
                    and (subject, subject_version, log_id) > ($1, $2, $3) and subject <= $4
                order by subject, subject_version, log_id limit $5
                """,
                .uuid(after.subject),
                .int8(after.version),
                .int4(after.logID),
                .uuid(subjects.upperBound),
                .int8(Self.pageEvents)
            ),
            Row.init
        )
    }
}

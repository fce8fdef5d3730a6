internal import Ledger
internal import LedgerStore
internal import Postgres
internal import StateMap
internal import Vault

/// One user's whole story, folded.
struct FoldedSubject: Sendable {
    let logID: Int32
    let app: Identifier
    let subject: Identifier
    var state = SubjectState()
    /// When the last event was recorded.
    var changedAt = Timestamp(microseconds: 0)
    /// Where the first event stands.
    var begin: Int64 = 0
    /// Where the last event stands.
    var position: Int64 = -1
    /// The last event's subject version, as its column says.
    var version: Int64 = 0
    /// How many of the events the service did not write; nothing follows from them.
    var forged: Int64 = 0
    /// How many the service wrote, as far as anybody can tell.
    var genuine: Int64 = 0
    /// Whether it wrote none of them: then there is no such user.
    var isOfNobody: Bool { genuine == 0 }
    /// Whether some events are cold history.
    var hasGaps = false
    /// Whether its events were read with several statements.
    var isSplit = false
    /// Whether there are flaws in what the service wrote.
    var isUnreadable = false
    /// The last event's record.
    var newest: [UInt8] = []
    /// Before which position a state is asked for, too.
    var bound: Int64?
    /// What the map of states held of the user at the bound, once the story is beyond it.
    var atBound: MapState?
    /// Whether it is.
    var isBeyondBound = false
    /// What the story says of problems.
    var problemEvents: [ProblemEvent] = []
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
    /// When each token was replaced that is held no more.
    var superseded: [Token: Timestamp] = [:]
    /// The versions that are held.
    private var held: [ValueKind: Int64] = [:]
    /// The intents, with their events and the subject versions under which session tokens are kept.
    var finishes: [(event: Identifier, version: Int64, finish: LedgerEvent.Finish)] = []
    /// Events that name the person to whom the user is linked.
    var links: [(event: Identifier, human: Fingerprint)] = []
    /// Where those events stand.
    private var positions: [Identifier: Int64] = [:]

    /// Where an event stands that claims something.
    func position(of event: Identifier) -> Int64? { positions[event] }

    mutating func take(_ record: Record, at position: Int64) {
        if first == nil { first = record.id }
        switch record.event {
        case .accessTokenRotated(let token, _):
            take(token, .accessToken, at: record.time)
        case .publicTokenRotated(let token, _), .publicTokenRecovered(let token, _):
            take(token, .publicToken, at: record.time)
        case .tokensImported(let tokens):
            take(tokens.accessToken, .accessToken, at: record.time)
            take(tokens.publicToken, .publicToken, at: record.time)
        case .finishReceived(let finish), .finishHeld(let finish):
            finishes.append((record.id, record.subjectVersion ?? 0, finish))
            positions[record.id] = position
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishConfirmed,
            .finishRefused, .verifierRefused, .exchangeDispatched, .connectFinalized,
            .editFinalized, .finalizeRejected, .finalizeUnresolved, .finalizeRefused,
            .finalizeAbandoned, .finalizeSuperseded, .personGone,
            .connectionBroken, .subjectErased, .subjectHeld, .subjectReleased,
            .tokenRead, .logExported, .logFollowed, .tokenSearched, .tokenRevealed, .userViewed,
            .accessNoted, .appAdded, .appUpdated, .valuesDropped, .apiKeyCreated, .apiKeyExpirySet,
            .apiKeyRevoked, .rootKeyRotated, .webhook, .problemMuted, .problemUnmuted:
            break
        }
        if let human = record.event.linkedHuman {
            links.append((record.id, human))
            positions[record.id] = position
        }
    }

    private mutating func take(
        _ token: LedgerEvent.IssuedToken,
        _ kind: ValueKind,
        at time: Timestamp
    ) {
        // A recovery may bring the token that is held.
        if let version = held[kind], version != token.version {
            superseded[Token(kind: kind, version: version)] = time
        }
        held[kind] = token.version
        tokens[Token(kind: kind, version: token.version)] = token.fingerprint
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
        case .tokensImported(let tokens): tokens.human
        case .connectLaunched, .editLaunched, .launchClosed, .launchFailed, .finishHeld,
            .finishConfirmed, .finishRefused, .verifierRefused, .exchangeDispatched,
            .accessTokenRotated, .publicTokenRotated, .finalizeRejected, .finalizeUnresolved,
            .finalizeRefused, .finalizeAbandoned, .finalizeSuperseded, .personGone,
            .connectionBroken, .subjectErased, .subjectHeld, .subjectReleased,
            .tokenRead, .logExported, .logFollowed, .tokenSearched, .tokenRevealed, .userViewed,
            .accessNoted, .appAdded, .appUpdated, .valuesDropped, .apiKeyCreated, .apiKeyExpirySet,
            .apiKeyRevoked, .rootKeyRotated, .webhook, .problemMuted, .problemUnmuted:
            nil
        }
    }
}

/// Folds users one after the other, in constant memory.
///
/// Asked for one thing at a time.
actor SubjectFold {
    private struct Key: Sendable {
        var subject: UInt128
        var version: Int64
        var logID: Int32
    }

    /// Events per round trip: enough to hide the round trip, little enough to hold in memory.
    private static let pageEvents: Int64 = 5_000

    /// What it reads with; nothing else of it is used.
    nonisolated let connection: PostgresConnection
    private let last: UInt128
    /// After which event the next page begins; nil once there is none.
    private var after: Key?
    private let vault: Vault?
    private let readsClaims: Bool
    /// Before which position of a log a state is asked for, too.
    private let bounds: [Int32: Int64]
    /// Before which position of a log there may be gaps, as it was asked for last.
    private var lines: [Int32: Int64] = [:]
    private var current: FoldedSubject?

    /// Folds those subjects whose number lies in a range.
    ///
    /// With the vault, events that the service did not write change nothing.
    init(
        _ connection: PostgresConnection,
        subjects: ClosedRange<UInt128> = .min ... .max,
        vault: Vault?,
        readsClaims: Bool = false,
        bounds: [Int32: Int64] = [:]
    ) {
        self.connection = connection
        last = subjects.upperBound
        // Versions begin at 1, so this key stands before the first subject's first event.
        after = Key(subject: subjects.lowerBound, version: 0, logID: 0)
        self.vault = vault
        self.readsClaims = readsClaims
        self.bounds = bounds
    }

    /// The next users of the range whose stories are folded, perhaps none yet; nil after the last ones.
    func next() async throws(PostgresError) -> [FoldedSubject]? {
        if let page = try await page() {
            return try await whole(fold(page, before: try await gaps()))
        }
        let last = end()
        return last.isEmpty ? nil : try await whole(last)
    }

    /// Reads again, with one statement each, those whose launches may have gone between two.
    private func whole(
        _ folded: [FoldedSubject]
    ) async throws(PostgresError) -> [FoldedSubject] {
        var whole: [FoldedSubject] = []
        for subject in folded {
            guard subject.hasGaps, subject.isSplit else {
                whole.append(subject)
                continue
            }
            let fold = SubjectFold(
                connection,
                vault: vault,
                readsClaims: readsClaims,
                bounds: bounds
            )
            let again = try await fold.run(only: [subject.subject])
            whole += again.filter { $0.logID == subject.logID }
        }
        return whole
    }

    /// Folds certain subjects, all at once: there must be few of them.
    func run(only subjects: [Identifier]) async throws(PostgresError) -> [FoldedSubject] {
        let rows = try await connection.rows(
            Statement(
                "fold_subjects",
                """
                select e.log_id, e.position, e.record, e.mac, e.event_id, e.app_id, e.subject,
                    e.subject_version
                from unnest($1::uuid[]) as named (subject)
                join ledger.event e on e.subject = named.subject
                where e.subject_version is not null
                order by e.subject, e.subject_version, e.log_id
                """,
                .uuidArray(subjects.map(\.value))
            ),
            StoryEvent.decoder(vault)
        )
        return fold(rows, before: try await gaps()) + end()
    }

    /// Before which position of each log events may be missing.
    ///
    /// Asked for after the events. What was put back between the two was missing under the line of before.
    private func gaps() async throws(PostgresError) -> [Int32: Int64] {
        let before = lines
        lines = try await ColdHistory.gaps(connection)
        return before.merging(lines) { max($0, $1) }
    }

    private func end() -> [FoldedSubject] {
        defer { current = nil }
        return current.map { [$0] } ?? []
    }

    /// Gives the subjects that ended within the page.
    private func fold(
        _ page: [StoryEvent],
        before lines: [Int32: Int64]
    ) -> [FoldedSubject] {
        var finished: [FoldedSubject] = []
        for (index, row) in page.enumerated() {
            var folded: FoldedSubject
            if let current, current.subject == row.subject, current.logID == row.logID {
                folded = current
                if index == 0 { folded.isSplit = true }
            } else {
                finished += end()
                folded = FoldedSubject(logID: row.logID, app: row.app, subject: row.subject)
                folded.bound = bounds[row.logID]
                if readsClaims { folded.claims = SubjectClaims() }
            }
            // One owner at a time, or every event would copy the whole state.
            current = nil
            take(row, into: &folded, gapsBefore: lines[row.logID] ?? 0)
            current = folded
        }
        return finished
    }

    private func take(
        _ row: StoryEvent,
        into folded: inout FoldedSubject,
        gapsBefore line: Int64
    ) {
        func add(_ flaw: VerificationFlaw) {
            folded.flaws.append((row.position, flaw))
            // What somebody else wrote must not keep the rest from being folded.
            if !row.isForged { folded.isUnreadable = true }
        }
        if let bound = folded.bound, row.position >= bound, !folded.isBeyondBound {
            folded.atBound = folded.current
            folded.isBeyondBound = true
        }
        if !row.isForged, row.version > folded.version + 1,
            ColdHistory.isGap(after: folded.version, at: row.position, before: line)
        {
            folded.state.passOver(row.version - folded.version - 1)
            folded.version = row.version - 1
            folded.hasGaps = true
        }
        folded.newest = row.bytes
        if folded.version == 0 { folded.begin = row.position }
        if row.position <= folded.position { add(.subjectOutOfOrder(after: folded.version)) }
        folded.position = row.position
        let due = folded.version + 1
        let record = row.isForged ? nil : try? Record(decoding: row.bytes)
        if !row.isForged || row.version == due { folded.version = row.version }
        if record == nil, !row.isForged { return add(.recordUnreadable) }
        if row.version != due {
            add(.subjectVersionNotDue(row.version, due: due))
        } else if row.app != folded.app {
            add(.subjectAppDiffers)
        } else if folded.state.status == .erased {
            add(.eventAfterErasure)
        }
        guard let record else {
            folded.forged += 1
            // One that is not due has not taken a version from the service.
            if row.version == due { folded.state.passOver() }
            return
        }
        folded.genuine += 1
        folded.state.apply(record.event, at: record.time)
        folded.changedAt = record.time
        folded.claims?.take(record, at: row.position)
        if ProblemFold.concerns(record.event) {
            folded.problemEvents.append(
                ProblemEvent(
                    place: ProblemPlace(app: folded.app, about: folded.subject),
                    position: row.position,
                    record: record
                )
            )
        }
    }

    /// The next page, which is not empty; nil after the last one.
    private func page() async throws(PostgresError) -> [StoryEvent]? {
        guard let after else { return nil }
        let page = try await connection.rows(
            Statement(
                "fold_page",
                """
                select log_id, position, record, mac, event_id, app_id, subject, subject_version
                from ledger.event
                where subject_version is not null
                    and (subject, subject_version, log_id) > ($1, $2, $3) and subject <= $4
                order by subject, subject_version, log_id limit $5
                """,
                .uuid(after.subject),
                .int8(after.version),
                .int4(after.logID),
                .uuid(last),
                .int8(Self.pageEvents)
            ),
            StoryEvent.decoder(vault)
        )
        let isLast = page.count < Int(Self.pageEvents)
        self.after =
            isLast
            ? nil
            : page.last.map {
                Key(subject: $0.subject.value, version: $0.version, logID: $0.logID)
            }
        return page.isEmpty ? nil : page
    }
}

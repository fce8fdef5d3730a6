package import Ledger
internal import Postgres
internal import Vault

/// A record as stored, with its place.
package struct StoredEvent: Sendable {
    package let log: Log
    /// The app whose event it is.
    package let app: Identifier
    package let position: Int64
    /// The record's bytes, exactly as stored.
    package let bytes: [UInt8]
    /// Whether somebody else than the service wrote it: its MAC is not the vault's.
    package let isForged: Bool
    /// Counts the user's events; nil where it is about no user.
    package let subjectVersion: Int64?
    /// How many of the user's events right before it are cold history; told where the user's events are read.
    package internal(set) var coldBefore: Int64 = 0

    /// Reads the columns `log_id, position, record, mac, event_id, app_id, subject, subject_version`.
    init(
        _ result: borrowing PostgresResult,
        _ row: Int,
        _ vault: Vault
    ) throws(PostgresError) {
        log = try Log(result, row, 0)
        position = try result.int8(row, 1)
        bytes = try result.bytes(row, 2)
        app = Identifier(value: try result.uuid(row, 5))
        subjectVersion = try result.int8OrNil(row, 7)
        isForged = !vault.hasWritten(result, row, from: 2, logID: log.id)
    }

    /// The record, for whoever folds a story; nil when the service did not write it.
    package func genuineRecord() throws(StoreError) -> Record? {
        isForged ? nil : try record()
    }

    /// What `TokenHolding.list` takes of it.
    package func steps() throws(StoreError) -> [(position: Int64, record: Record?)] {
        TokenHolding.steps(at: position, try genuineRecord(), coldBefore: coldBefore)
    }

    /// The record; throws when the service did not write it, or the bytes are not a record.
    package func record() throws(StoreError) -> Record {
        guard !isForged else { throw .damaged(.record) }
        do {
            return try Record(decoding: bytes)
        } catch {
            throw .damaged(.record)
        }
    }
}

extension LedgerStore {
    /// Reads a row as `StoredEvent` wants it.
    var decode: RowDecoder<StoredEvent> {
        { [vault] result, row throws(PostgresError) in try StoredEvent(result, row, vault) }
    }

    /// The event with this id, in the log that the id names; a statement about the maps is none.
    ///
    /// Nil also for one that is cold history. For whoever asks whether something has happened: of facts only
    /// launches can be cold, and nobody asks so for an old one.
    package func event(id: Identifier) async throws(StoreError) -> StoredEvent? {
        guard let log = logs.log(of: id) else { return nil }
        return try await database[log].firstRow(Self.event(id: id, log: log), decode)
    }

    /// The same for somebody who has the id from the ledger: where the event may be cold, that is told.
    package func event(named id: Identifier) async throws(StoreError) -> StoredEvent? {
        if let event = try await event(id: id) { return event }
        guard let log = logs.log(of: id) else { return nil }
        // Where it stood, if it did, nobody knows.
        return try await warmRow(log, at: 0, Self.event(id: id, log: log))
    }

    static func event(id: Identifier, log: Log) -> Statement {
        Statement(
            "event_by_id",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from ledger.event where log_id = $1 and event_id = $2
            """,
            .int4(log.id),
            .uuid(id.value)
        )
    }

    /// The event at a position of a log.
    package func event(
        at position: Int64,
        log: Log
    ) async throws(StoreError) -> StoredEvent? {
        let statement = Statement(
            "event_at",
            """
            select log_id, position, record, mac, event_id, app_id, subject,
                subject_version
            from ledger.event
            where log_id = $1 and position = $2
            """,
            .int4(log.id),
            .int8(position)
        )
        if let event = try await bulk[log].firstRow(statement, decode) { return event }
        return try await warmRow(log, at: position, statement)
    }

    /// Asks again for a row that was not found: it may have been cold when it was asked for, and be back by now.
    private func warmRow(
        _ log: Log,
        at position: Int64,
        _ statement: Statement
    ) async throws(StoreError) -> StoredEvent? {
        guard try await !requireWarm(log, from: position).stretches.isEmpty else { return nil }
        return try await bulk[log].firstRow(statement, decode)
    }

    /// A user's events in order, from after a subject version; `isListed` where only who reads lists waits.
    ///
    /// Of how many between them are cold history, each says (`StoredEvent.coldBefore`).
    package func history(
        of user: StoredUser,
        after version: Int64 = 0,
        limit: Int = StoreLimits.pageEventsMax,
        isListed: Bool = false
    ) async throws(StoreError) -> [StoredEvent] {
        try await history(
            of: user.subject,
            log: user.log,
            after: version,
            limit: limit,
            isListed: isListed
        )
    }

    /// The same of a subject.
    func history(
        of subject: Identifier,
        log: Log,
        after version: Int64,
        limit: Int,
        isListed: Bool = true
    ) async throws(StoreError) -> [StoredEvent] {
        let statement = Self.history(of: subject, log: log, after: version, limit: limit)
        let reader = (isListed ? bulk : database)[log]
        var events = try await reader.rows(statement, decode)
        guard events.lacksSome(after: version) else { return events }
        let line = try await coldHistory(of: log).gapsBefore
        if !events.explain(after: version, before: line) {
            // What was missing may have been put back before the line was read.
            events = try await reader.rows(statement, decode)
            _ = events.explain(after: version, before: line)
        }
        return events
    }

    static func history(
        of subject: Identifier,
        log: Log,
        after version: Int64,
        limit: Int
    ) -> Statement {
        Statement(
            "history",
            """
            select log_id, position, record, mac, event_id, app_id, subject, subject_version
            from ledger.event
            where log_id = $1 and subject = $2 and subject_version > $3
            order by subject_version limit $4
            """,
            .int4(log.id),
            .uuid(subject.value),
            .int8(version),
            .int8(Int64(limit))
        )
    }

    /// All of a user's events, page by page; `isListed` where only who reads lists waits.
    package func pages(of user: StoredUser, isListed: Bool = false) -> HistoryReader {
        HistoryReader(self, of: user.subject, in: user.app, log: user.log, isListed: isListed)
    }

    /// All of a user's events at once.
    package func wholeHistory(
        of user: StoredUser,
        isListed: Bool = false
    ) async throws(StoreError) -> [StoredEvent] {
        var pages = pages(of: user, isListed: isListed)
        var events: [StoredEvent] = []
        while let page = try await pages.next() { events += page }
        return events
    }

    /// A page of a log, unfiltered, from a position on.
    package func page(
        log: Log,
        from position: Int64,
        limit: Int = StoreLimits.pageEventsMax
    ) async throws(StoreError) -> [StoredEvent] {
        try await bulk[log].rows(
            Statement(
                "page",
                """
                select log_id, position, record, mac, event_id, app_id, subject,
                    subject_version
                from ledger.event
                where log_id = $1 and position >= $2 order by position limit $3
                """,
                .int4(log.id),
                .int8(position),
                .int8(Int64(limit))
            ),
            decode
        )
    }

    /// Who holds a fingerprint, and the event that claimed it.
    package func lookup(
        _ kind: LookupKind,
        _ fingerprint: Fingerprint
    ) async throws(StoreError) -> FoundClaim? {
        let home = logs.home(of: fingerprint)
        if let found = try await claims(kind, fingerprint, home).first {
            guard found.isReserved else { return found }
            // Whether the claim was made is said by the log of who reserved it.
            guard let log = logs.log(of: found.subject), log.kind == .facts, log != home else {
                throw .damaged(.value)
            }
            let made = try await claims(kind, fingerprint, log).first { !$0.isReserved }
            if let made { return made }
        }
        // What was claimed before logs were added was at home in one of those of before.
        for log in logs.closed {
            let made = try await claims(kind, fingerprint, log).first { !$0.isReserved }
            if let made { return made }
        }
        return nil
    }

    private func claims(
        _ kind: LookupKind,
        _ fingerprint: Fingerprint,
        _ log: Log
    ) async throws(StoreError) -> [FoundClaim] {
        try await database[log].rows(Self.claim(kind, fingerprint, log)) {
            result,
            row throws(PostgresError) in
            FoundClaim(
                subject: Identifier(value: try result.uuid(row, 0)),
                reference: Identifier(value: try result.uuid(row, 1)),
                isReserved: try result.bool(row, 2)
            )
        }
    }

    static func claim(
        _ kind: LookupKind,
        _ fingerprint: Fingerprint,
        _ log: Log
    ) -> Statement {
        Statement(
            "lookup",
            """
            select subject, reference, reserved_at is not null from vault.lookup
            where log_id = $1 and kind = $2 and fingerprint = $3
            """,
            .int4(log.id),
            .text(kind.rawValue),
            .bytea(fingerprint.bytes)
        )
    }

    /// A page of an app's users, in order of their subjects, after one; who was erased is none of them.
    package func users(
        of app: StoredApp,
        after subject: Identifier?,
        limit: Int
    ) async throws(StoreError) -> [FoundUser] {
        var users: [PlacedUser] = []
        for log in logs.list(.facts) {
            users += try await bulk[log].rows(
                Statement(
                    "users",
                    """
                    select subject from vault.user_state
                    where log_id = $1 and app_id = $2 and subject > $3 and status <> 'erased'
                    order by subject limit $4
                    """,
                    .int4(log.id),
                    .uuid(app.id.value),
                    .uuid(subject?.value ?? 0),
                    .int8(Int64(limit))
                )
            ) { result, row throws(PostgresError) in
                PlacedUser(log: log, subject: Identifier(value: try result.uuid(row, 0)))
            }
        }
        if logs.pairs > 1 { users = Array(users.sorted { $0.subject < $1.subject }.prefix(limit)) }
        return try await found(users.map { $0.question(app) }, of: app)
    }
}

/// Who holds a fingerprint: an object, for the reason that `CurrentRow` is one.
package final class FoundClaim: Sendable {
    package let subject: Identifier
    /// The event that claimed it.
    package let reference: Identifier
    /// Whether it is reserved here for a user of another log, who need not have claimed it.
    let isReserved: Bool

    init(subject: Identifier, reference: Identifier, isReserved: Bool) {
        self.subject = subject
        self.reference = reference
        self.isReserved = isReserved
    }
}

/// A user's pseudonym, and in which log its row was found.
///
/// What stands in a log may be a row that the service did not write, with a pseudonym that names another
/// log: it must not be passed over.
struct PlacedUser: Sendable {
    let log: Log
    let subject: Identifier

    /// Asks for the row where it was found.
    func question(_ app: StoredApp) -> UserReader.Question {
        UserReader.Question(log: log, app: app.id, fingerprint: nil, subject: subject)
    }
}

extension [StoredEvent] {
    /// Whether one of a user's versions is missing between them, which come after one of the versions.
    fileprivate func lacksSome(after version: Int64) -> Bool {
        (last?.subjectVersion ?? version) != version + Int64(count)
    }

    /// Says of each how many events right before it are cold, and gives whether that explains all that is missing.
    fileprivate mutating func explain(after version: Int64, before line: Int64) -> Bool {
        // As whoever folds them counts: one that the service did not write takes the next version.
        var (counted, explainsAll) = (version, true)
        for index in indices {
            let missing = (self[index].subjectVersion ?? counted) - counted - 1
            if missing > 0, !self[index].isForged,
                ColdHistory.isGap(after: counted, at: self[index].position, before: line)
            {
                self[index].coldBefore = missing
                counted += missing
            } else if missing != 0, !self[index].isForged {
                explainsAll = false
                counted += missing
            }
            counted += 1
        }
        return explainsAll
    }
}

package import Ledger
internal import Postgres
internal import Vault

/// Somebody who was erased, and the subject version of the erasure.
struct ErasedUser: Sendable {
    let log: Log
    let subject: Identifier
    let version: Int64
}

/// How an erasure stands in the log.
// As three arguments they break the heap: with Swift 6.3.1 an asynchronous function of so many words,
// an identifier among them, ended with a jump to nowhere.
struct ErasureOrder: Sendable {
    let id: Identifier
    let reason: ErasureReason
    let context: RecordContext
}

extension LedgerStore {
    /// Erases a user: key, values, and what leads to the user are gone when this returns, and the
    /// event that says so is in the log (docs/decisions/0045-what-an-erasure-leaves.md).
    ///
    /// Gives its event, or nil when somebody else was faster. Throws `ErasureError.held`,
    /// or `StoreError`.
    func erase(
        _ user: StoredUser,
        of app: StoredApp,
        _ order: ErasureOrder
    ) async throws -> StoredEvent? {
        do {
            _ = try await change(user, of: app) { user in
                guard let event = user.state.erase(order.reason) else { throw ErasureError.held }
                var change = Change(context: order.context)
                change.append(event, id: order.id)
                return change
            }
        } catch StoreError.erased {
            // Perhaps by a twin, with the same id.
        }
        let found = try await event(id: order.id)
        // The same id, and so the same `Idempotency-Key`, for another user.
        if let subject = try found?.record().subject, subject != user.subject {
            throw ErasureError.keyReused
        }
        try await releaseReservations(of: user.subject, log: user.log)
        return found
    }

    /// Frees the people to whom an erased user of a log was linked in the logs that are their homes.
    func releaseReservations(of subject: Identifier, log: Log) async throws(StoreError) {
        try await claimer.release(everythingOf: subject, logID: log.id)
    }

    /// Keeps a user from being erased; false when that is so already.
    package func hold(
        _ user: StoredUser,
        of app: StoredApp,
        reason: HoldReason,
        context: RecordContext
    ) async throws -> Bool {
        try await record(user, of: app, context) { $0.hold(reason) }
    }

    /// Ends the hold; false when there is none.
    package func release(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws -> Bool {
        try await record(user, of: app, context) { $0.release }
    }

    private func record(
        _ user: StoredUser,
        of app: StoredApp,
        _ context: RecordContext,
        _ decide: (SubjectState) -> LedgerEvent?
    ) async throws -> Bool {
        let outcome = try await change(user, of: app) { user in
            guard let event = decide(user.state) else { return nil }
            var change = Change(context: context)
            change.append(event)
            return change
        }
        return outcome != nil
    }

    /// Why the value of a token is not there: it was dropped, the user was erased since, or something
    /// is damaged.
    package func absence(
        of kind: TokenKind,
        version: Int64,
        of user: StoredUser
    ) async -> StoreError {
        let question = UserReader.Question(
            log: user.log,
            app: user.app,
            fingerprint: nil,
            subject: user.subject
        )
        do throws(StoreError) {
            guard let row = try await reader(of: question.log).read(question),
                vault.isMAC(row.stateMAC, ofState: row.state, for: user.owner),
                let state = try? SubjectState(decoding: row.state), state.version == row.version
            else { return .damaged(.state) }
            if state.status == .erased { return .erased }
            return try await isDropped(kind, version: version, of: user)
                ? .dropped : .damaged(.value)
        } catch {
            return error
        }
    }

    // MARK: The list outside

    /// A page of those who were erased, in order of their subjects, after one.
    func erasedUsers(after subject: Identifier?) async throws(StoreError) -> [ErasedUser] {
        var users: [ErasedUser] = []
        for log in logs.list(.facts) {
            users += try await bulk[log].rows(
                Statement(
                    "erased_users",
                    """
                    select subject, subject_version from vault.user_state
                    where status = 'erased' and subject > $1 and log_id = $2
                    order by subject limit $3
                    """,
                    .uuid(subject?.value ?? 0),
                    .int4(log.id),
                    .int8(Int64(StoreLimits.erasuresMax))
                )
            ) { result, row throws(PostgresError) in
                ErasedUser(
                    log: log,
                    subject: Identifier(value: try result.uuid(row, 0)),
                    version: try result.int8(row, 1)
                )
            }
        }
        guard logs.pairs > 1 else { return users }
        let sorted = users.sorted { $0.subject < $1.subject }
        return Array(sorted.prefix(StoreLimits.erasuresMax))
    }

    /// The event that erased somebody.
    func erasure(of user: ErasedUser) async throws(StoreError) -> StoredEvent? {
        try await history(of: user.subject, log: user.log, after: user.version - 1, limit: 1).first
    }

    /// How many of these are users who are not erased.
    package func livingUsers(among subjects: [Identifier]) async throws(StoreError) -> Int {
        var count: Int64 = 0
        for (log, subjects) in Dictionary(grouping: subjects, by: { logs.log(of: $0) }) {
            // Who names a log that there is not is nobody.
            guard let log else { continue }
            count += try await livingUsers(among: subjects, log)
        }
        return Int(count)
    }

    private func livingUsers(
        among subjects: [Identifier],
        _ log: Log
    ) async throws(StoreError) -> Int64 {
        var count: Int64 = 0
        for start in stride(from: 0, to: subjects.count, by: StoreLimits.erasuresMax) {
            let end = min(subjects.count, start + StoreLimits.erasuresMax)
            count += try await bulk[log].query(
                Statement(
                    "living_users",
                    """
                    select count(*) from unnest($1::uuid[]) as named (subject)
                    join ledger.event e on e.subject = named.subject and e.subject_version = 1
                        and e.log_id = $2
                    join vault.user_state head on head.log_id = e.log_id
                        and head.app_id = e.app_id and head.subject = e.subject
                    where head.status <> 'erased'
                    """,
                    .uuidArray(subjects[start..<end].map(\.value)),
                    .int4(log.id)
                )
            ) { result throws(PostgresError) in try result.int8(0, 0) }
        }
        return count
    }
}

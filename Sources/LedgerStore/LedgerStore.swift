internal import Crypto
package import Ledger
package import Logging
package import Postgres
internal import ServiceLifecycle

/// The ledger kept in PostgreSQL: appends changes, reads users and events.
///
/// Its pool is a service of its own and must run longer than the store.
package final class LedgerStore: Service {
    package let vault: Vault
    package let clock = EventClock()
    let pool: PostgresPool
    let logger: Logger
    private let factLogIDs: [Int32]
    private let factWriters: [Int32: LogWriter]
    private let accessWriter: LogWriter
    /// The log that says who read which token.
    package let accessLog: Int32
    /// The log that administration stands in, and all users of a deployment with one log.
    package var administrationLog: Int32 { factLogIDs[0] }
    private let users: UserReader
    let directory: AppDirectory
    let gate = SubjectGate()

    /// Opens the store: compares the schema, opens the keys, reads which logs there are.
    ///
    /// Throws `StoreOpeningError`; the service must not start then.
    package init(
        pool: PostgresPool, rootKey: RootKey, logger: Logger
    ) async throws(StoreOpeningError) {
        try await SchemaCheck.run(pool)
        do {
            vault = try await Vault(rootKey: rootKey, pool: pool)
        } catch {
            throw .vault(error)
        }
        let logs: [Int32: String]
        do {
            logs = try await Self.logs(pool)
        } catch {
            throw .database(error)
        }
        factLogIDs = logs.filter { $0.value == "fact" }.keys.sorted()
        guard let accessLogID = logs.first(where: { $0.value == "access" })?.key,
            !factLogIDs.isEmpty
        else { throw .noLogs }
        accessLog = accessLogID
        self.pool = pool
        self.logger = logger
        let rootKeyID = vault.rootKeyID
        let writer = { (logID: Int32) in
            LogWriter(logID: logID, pool: pool, rootKeyID: rootKeyID, logger: logger)
        }
        factWriters = Dictionary(uniqueKeysWithValues: factLogIDs.map { ($0, writer($0)) })
        accessWriter = writer(accessLogID)
        users = UserReader(pool: pool)
        directory = AppDirectory(pool: pool, vault: vault)
    }

    /// Works until the graceful shutdown; what was accepted before is still written.
    package func run() async throws {
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                for writer in factWriters.values { group.addTask { await writer.run() } }
                group.addTask { await self.accessWriter.run() }
                group.addTask { await self.users.run() }
            }
        } onGracefulShutdown: {
            self.close()
        }
    }

    /// Ends `run()` after what was accepted.
    package func close() {
        for writer in factWriters.values { writer.close() }
        accessWriter.close()
        users.close()
    }

    private static func logs(_ pool: PostgresPool) async throws(PostgresError) -> [Int32: String] {
        try await pool.query(Statement("logs", "select log_id, kind from ledger.log")) {
            result throws(PostgresError) in
            var logs: [Int32: String] = [:]
            for row in 0..<result.rowCount {
                logs[try result.int4(row, 0)] = try result.text(row, 1)
            }
            return logs
        }
    }
}

// MARK: Users

extension LedgerStore {
    /// The user of an app by the app's own id, or nil.
    package func user(
        _ clientUserID: Secret, of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        let fingerprint = vault.fingerprint(.user, of: clientUserID, app: app.id)
        return try await user(
            UserReader.Question(
                logID: logID(of: fingerprint), app: app.id, fingerprint: fingerprint,
                subject: nil),
            of: app)
    }

    /// The user of an app by subject, or nil.
    package func user(
        subject: Identifier, logID: Int32, of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        try await user(
            UserReader.Question(
                logID: logID, app: app.id, fingerprint: nil, subject: subject),
            of: app)
    }

    /// A user who is not stored yet, under a new pseudonym and a new key.
    package func newUser(_ clientUserID: Secret, of app: StoredApp) -> StoredUser {
        let fingerprint = vault.fingerprint(.user, of: clientUserID, app: app.id)
        return StoredUser(
            app: app.id, clientID: app.clientID, logID: logID(of: fingerprint),
            subject: clock.pseudonym(), state: SubjectState(), newClientUserID: clientUserID,
            key: .fresh(vault.newDataKey()))
    }

    /// Opens one of the user's current values; nil when none is held.
    ///
    /// A token is compared with the fingerprint that the log names before it leaves.
    package func value(
        _ kind: ValueKind, of user: StoredUser
    ) throws(StoreError) -> Secret? {
        if kind == .clientUserID, let new = user.newClientUserID { return new }
        guard let sealed = user.sealed[kind] else { return nil }
        let held = TokenKind(rawValue: kind.rawValue).flatMap { user.state.token($0) }
        let value = try vault.open(
            sealed, kind, version: held?.version ?? 1, for: user.owner, key: try key(of: user))
        if let held, let fingerprintKind = FingerprintKind(rawValue: kind.rawValue) {
            guard vault.fingerprint(fingerprintKind, of: value, app: user.app) == held.fingerprint
            else { throw .damaged(.fingerprint) }
        }
        return value
    }

    /// An earlier value of the user, or nil once it was dropped.
    package func value(
        _ kind: ValueKind, version: Int64, of user: StoredUser
    ) async throws(StoreError) -> Secret? {
        let sealed: [UInt8]?
        do {
            sealed = try await pool.query(
                Statement(
                    "value",
                    """
                    select sealed from vault.value
                    where log_id = $1 and subject = $2 and kind = $3 and version = $4
                    """,
                    .int4(user.logID), .uuid(user.subject.value), .text(kind.rawValue),
                    .int8(version))
            ) { result throws(PostgresError) in
                result.rowCount == 0 ? nil : try result.bytes(0, 0)
            }
        } catch {
            throw StoreError(error)
        }
        guard let sealed else { return nil }
        return try vault.open(
            sealed, kind, version: version, for: user.owner, key: try key(of: user))
    }

    /// The log that a user's events stand in: decided once, by the fingerprint (design, section 4).
    private func logID(of fingerprint: Fingerprint) -> Int32 {
        let hash = fingerprint.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return factLogIDs[Int(hash % UInt64(factLogIDs.count))]
    }

    private func key(of user: StoredUser) throws(StoreError) -> SymmetricKey {
        switch user.key {
        case .fresh(let key): return key
        case .wrapped(let wrapped):
            do {
                return try vault.unwrap(wrapped, for: user.owner)
            } catch {
                throw .damaged(.value)
            }
        }
    }

    private func user(
        _ question: UserReader.Question, of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        guard let answer = try await users.read(question) else { return nil }
        do {
            return StoredUser(
                app: app.id, clientID: app.clientID, logID: question.logID,
                subject: answer.subject, state: try SubjectState(decoding: answer.state),
                newClientUserID: nil, key: .wrapped(answer.wrappedKey), sealed: answer.sealed)
        } catch {
            throw .damaged(.state)
        }
    }
}

// MARK: Writing

extension LedgerStore {
    /// Writes a change to a user as it was read. Durable when it returns `.written`.
    package func write(
        _ change: Change, to user: StoredUser
    ) async throws(StoreError) -> ChangeOutcome {
        let (command, changed) = try prepare(change, of: user)
        guard let writer = factWriters[user.logID] else { throw .damaged(.answer) }
        switch try await writer.append(command) {
        case .appended(let position): return .written(changed, position: position)
        case .repeated(let position): return .repeated(position: position)
        case .claimed(let kind): return .claimed(kind)
        case .conflict: return .conflict
        }
    }

    /// Records that secret values are about to be handed out. Durable when it returns (T28).
    package func recordReads(
        _ tokens: [(kind: TokenKind, version: Int64)], of user: StoredUser, key: String,
        context: RecordContext
    ) async throws(StoreError) {
        let time = clock.now()
        let events = tokens.map { token in
            let record = Record(
                id: clock.identifier(), clientID: user.clientID, subject: user.subject,
                time: time, subjectVersion: nil, context: context,
                event: .tokenRead(kind: token.kind, version: token.version, key: key))
            return AppendCommand.Event(record: record, bytes: record.encoded())
        }
        guard !events.isEmpty else { return }
        // Reads of one user need no order among each other, so each is a subject of its own.
        _ = try await accessWriter.append(
            AppendCommand(
                app: user.app, subject: clock.identifier(), expected: nil, time: time, state: nil,
                events: events))
    }

    /// Composes the records, seals the values and folds the events into the new state.
    private func prepare(
        _ change: Change, of user: StoredUser
    ) throws(StoreError) -> (AppendCommand, StoredUser) {
        let time = clock.now()
        var changed = user
        var events: [AppendCommand.Event] = []
        for new in change.events {
            changed.state.apply(new.event, at: time)
            let record = Record(
                id: new.id ?? clock.identifier(), clientID: user.clientID, subject: user.subject,
                time: time, subjectVersion: changed.state.version, context: change.context,
                event: new.event)
            events.append(AppendCommand.Event(record: record, bytes: record.encoded()))
        }
        guard let first = events.first else { preconditionFailure("A change has an event.") }
        var command = AppendCommand(
            app: user.app, subject: user.subject, expected: user.state.version, time: time,
            state: changed.state, events: events)
        var claims = change.claims
        var values = change.values
        if let clientUserID = user.newClientUserID {
            claims.append(
                Change.Claim(
                    kind: .user,
                    fingerprint: vault.fingerprint(.user, of: clientUserID, app: user.app)))
            values.append(Change.NewValue(kind: .clientUserID, version: 1, value: clientUserID))
        }
        command.claims = claims.map {
            AppendCommand.Claim(
                kind: $0.kind, fingerprint: $0.fingerprint, reference: first.record.id)
        }
        command.drops = change.drops
        do {
            try seal(values, of: user, into: &command, &changed)
        } catch {
            throw .damaged(.value)
        }
        return (command, changed)
    }

    private func seal(
        _ values: [Change.NewValue], of user: StoredUser, into command: inout AppendCommand,
        _ changed: inout StoredUser
    ) throws {
        if case .fresh(let key) = user.key, user.state.version == 0 {
            command.wrappedKey = try vault.wrap(key, for: user.owner)
        }
        guard !values.isEmpty else { return }
        let key = try key(of: user)
        for value in values {
            let sealed = try vault.seal(
                value.value, value.kind, version: value.version, for: user.owner, key: key)
            command.values.append(
                AppendCommand.SealedValue(
                    kind: value.kind, version: value.version, bytes: sealed))
            changed.sealed[value.kind] = sealed
        }
    }
}

package import Ledger
internal import Logging
internal import Postgres
internal import StateMap
package import Vault

extension LedgerStore {
    /// The user of an app by the app's own id, or nil.
    package func user(
        _ clientUserID: Secret,
        of app: StoredApp
    ) async throws(StoreError) -> StoredUser? {
        let fingerprint = vault.fingerprint(.user, of: clientUserID, app: app.id)
        for log in whereabouts(of: clientUserID, in: app) {
            let question = UserReader.Question(
                log: log,
                app: app.id,
                fingerprint: fingerprint,
                subject: nil
            )
            if let user = try await user(question, of: app) { return user }
        }
        return nil
    }

    /// The user of an app by subject, or nil, which one who was erased is unless asked for.
    package func user(
        subject: Identifier,
        of app: StoredApp,
        evenErased: Bool = false
    ) async throws(StoreError) -> StoredUser? {
        guard let question = questions([subject], app).first else { return nil }
        return try await user(question, of: app, evenErased: evenErased)
    }

    /// The logs in one of which an app's user is, or was: the home, and those of before others were added.
    package func whereabouts(of clientUserID: Secret, in app: StoredApp) -> [Log] {
        [home(of: clientUserID, in: app)] + logs.closed
    }

    /// The log to which an app's user belongs who is not stored yet.
    ///
    /// By the label that the map of names has it under: so whoever has the app's name key can see of a proof
    /// that somebody is in no map that it is the right map (docs/decisions/0067-k-logs-of-facts.md).
    package func home(of clientUserID: Secret, in app: StoredApp) -> Log {
        // With one pair nobody pays for a label.
        guard logs.pairs > 1 else { return .facts }
        return logs.home(
            of: MapKey.label(of: clientUserID, nameKey: vault.nameKey(app: app.id))
        )
    }

    /// A user who is not stored yet, under a new pseudonym and a new key.
    package func newUser(_ clientUserID: Secret, of app: StoredApp) -> StoredUser {
        let log = home(of: clientUserID, in: app)
        return StoredUser(
            app: app.id,
            clientID: app.clientID,
            log: log,
            subject: clock.identifier(in: log),
            state: SubjectState(),
            newClientUserID: clientUserID,
            newFingerprint: vault.fingerprint(.user, of: clientUserID, app: app.id),
            key: .open(vault.newDataKey())
        )
    }

    /// The user with the key at hand, for whoever opens several values: each would unwrap it anew.
    ///
    /// `clientUserID` is the name that the user was found under. Its fingerprint leads to the row, and
    /// is under no code: where somebody has moved it to another's row, nobody gets that one's tokens.
    /// Throws `StoreError.damaged` then.
    package func unlocked(
        _ user: StoredUser,
        named clientUserID: Secret
    ) throws(StoreError) -> StoredUser {
        var unlocked = user
        unlocked.key = .open(try key(of: user))
        guard try value(.clientUserID, of: unlocked) == clientUserID else { throw .damaged(.value) }
        return unlocked
    }

    /// Opens one of the user's current values; nil when none is held.
    ///
    /// A token is compared with the fingerprint that the log names before it leaves.
    package func value(
        _ kind: ValueKind,
        of user: StoredUser
    ) throws(StoreError) -> Secret? {
        if kind == .clientUserID, let new = user.newClientUserID { return new }
        guard let sealed = user.sealed[kind] else { return nil }
        let held = kind.tokenKind.flatMap { user.state.token($0) }
        let value = try open(sealed, kind, version: held?.version ?? 1, of: user)
        if let held { try check(value, kind, held, user) }
        return value
    }

    /// An earlier token of the user, or nil once it was dropped.
    package func value(
        _ kind: ValueKind,
        _ token: SubjectState.HeldToken,
        of user: StoredUser
    ) async throws(StoreError) -> Secret? {
        guard let value = try await value(kind, version: token.version, of: user) else {
            return nil
        }
        try check(value, kind, token, user)
        return value
    }

    private func check(
        _ value: Secret,
        _ kind: ValueKind,
        _ token: SubjectState.HeldToken,
        _ user: StoredUser
    ) throws(StoreError) {
        guard let fingerprintKind = kind.fingerprintKind,
            vault.fingerprint(fingerprintKind, of: value, app: user.app) == token.fingerprint
        else { throw .damaged(.fingerprint) }
    }

    /// An earlier value of the user, or nil once it was dropped.
    package func value(
        _ kind: ValueKind,
        version: Int64,
        of user: StoredUser
    ) async throws(StoreError) -> Secret? {
        let sealed = try await database[user.log].firstRow(
            Statement(
                "value",
                """
                select sealed from vault.value
                where log_id = $1 and subject = $3 and kind = $4 and version = $5
                union all
                select case $4 when 'access_token' then access_token else public_token end
                from vault.user_state
                where log_id = $1 and app_id = $2 and subject = $3
                    and case $4 when 'access_token' then access_token_version
                        when 'public_token' then public_token_version end = $5
                limit 1
                """,
                .int4(user.log.id),
                .uuid(user.app.value),
                .uuid(user.subject.value),
                .text(kind.rawValue),
                .int8(version)
            )
        ) { result, row throws(PostgresError) in try result.bytesOrNil(row, 0) }
        guard let sealed, let sealed else { return nil }
        return try open(sealed, kind, version: version, of: user)
    }

    /// Seals a value of the user's that is kept outside the database.
    package func seal(
        _ value: Secret,
        _ kind: ValueKind,
        of user: StoredUser
    ) throws(StoreError) -> [UInt8] {
        let key = try key(of: user)
        do {
            return try vault.seal(value, kind, version: 1, for: user.owner, key: key)
        } catch {
            throw .damaged(.value)
        }
    }

    /// Opens what `seal` gave.
    package func open(
        _ sealed: [UInt8],
        _ kind: ValueKind,
        of user: StoredUser
    ) throws(StoreError) -> Secret {
        try open(sealed, kind, version: 1, of: user)
    }

    private func open(
        _ sealed: [UInt8],
        _ kind: ValueKind,
        version: Int64,
        of user: StoredUser
    ) throws(StoreError) -> Secret {
        let key = try key(of: user)
        do {
            return try vault.open(sealed, kind, version: version, for: user.owner, key: key)
        } catch {
            throw .damaged(.value)
        }
    }

    func key(of user: StoredUser) throws(StoreError) -> DataKey {
        switch user.key {
        case .open(let key): return key
        case .missing: throw .damaged(.value)
        case .wrapped(let wrapped):
            do {
                return try vault.unwrap(wrapped, for: user.owner)
            } catch {
                throw .damaged(.value)
            }
        }
    }

    /// Those of an app's users, by subject, whom these subjects name; of one who was erased, only that.
    package func users(
        _ subjects: [Identifier],
        of app: StoredApp
    ) async throws(StoreError) -> [Identifier: FoundUser] {
        let found = try await found(questions(subjects, app), of: app)
        return Dictionary(found.map { ($0.subject, $0) }) { first, _ in first }
    }

    /// Asks for each in the log that the subject names; who names a log that there is not, or none of facts, is
    /// no user.
    func questions(_ subjects: [Identifier], _ app: StoredApp) -> [UserReader.Question] {
        subjects.compactMap { subject in
            guard let log = logs.log(of: subject), log.kind == .facts else { return nil }
            return PlacedUser(log: log, subject: subject).question(app)
        }
    }

    /// Those of the users that there are, each by itself: one that is damaged hides no other.
    func found(
        _ questions: [UserReader.Question],
        of app: StoredApp
    ) async throws(StoreError) -> [FoundUser] {
        var users: [FoundUser] = []
        for (question, answer) in zip(questions, await UserReader.readAll(questions, bulk)) {
            guard let answer = try answer.get() else { continue }
            do {
                let user = try self.user(answer, question, app)
                users.append(user.isErased ? .erased(user.subject) : .user(user))
            } catch {
                logger.error("a user's row is damaged", metadata: ["subject": "\(answer.subject)"])
                users.append(.damaged(answer.subject))
            }
        }
        return users
    }

    private func user(
        _ question: UserReader.Question,
        of app: StoredApp,
        evenErased: Bool = false
    ) async throws(StoreError) -> StoredUser? {
        guard let answer = try await reader(of: question.log).read(question) else { return nil }
        let user = try self.user(answer, question, app)
        return user.isErased && !evenErased ? nil : user
    }

    /// The user of a row, which the service must have made itself: a state of before would bear a
    /// MAC of ours too, but belongs to another version.
    func user(
        _ answer: UserReader.Answer,
        _ question: UserReader.Question,
        _ app: StoredApp
    ) throws(StoreError) -> StoredUser {
        let owner = ValueOwner(logID: question.log.id, app: app.id, subject: answer.subject)
        guard vault.isMAC(answer.stateMAC, ofState: answer.state, for: owner) else {
            throw .damaged(.state)
        }
        do {
            let state = try SubjectState(decoding: answer.state)
            guard state.version == answer.version else { throw StoreError.damaged(.state) }
            return StoredUser(
                app: app.id,
                clientID: app.clientID,
                log: question.log,
                subject: answer.subject,
                state: state,
                newClientUserID: nil,
                newFingerprint: nil,
                key: answer.wrappedKey.map { .wrapped($0) } ?? .missing,
                sealed: answer.sealed
            )
        } catch {
            throw .damaged(.state)
        }
    }
}

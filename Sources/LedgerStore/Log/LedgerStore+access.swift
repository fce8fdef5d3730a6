package import Ledger
internal import Postgres

extension LedgerStore {
    /// Records that secret values are about to be handed out.
    ///
    /// Durable when it returns (docs/threats.md#t28).
    package func recordReads(
        _ tokens: [(kind: TokenKind, version: Int64)],
        of user: StoredUser,
        _ app: StoredApp,
        key: String,
        context: RecordContext
    ) async throws(StoreError) {
        try await recordAccess(
            tokens.map { .tokenRead(kind: $0.kind, version: $0.version, key: key) },
            of: app,
            user.subject,
            context
        )
    }

    /// Records that a person is about to be shown a token, and why; as `full` recordings have it.
    ///
    /// Durable when it returns. Whoever shows a token asks first whether the app wants so much kept.
    package func recordReveal(
        _ kind: TokenKind,
        version: Int64,
        for reason: RevealReason,
        of user: StoredUser,
        _ app: StoredApp,
        key: String,
        context: RecordContext
    ) async throws(StoreError) {
        let reveal = LedgerEvent.TokenReveal(
            kind: kind,
            version: version,
            key: key,
            reason: reason
        )
        try await recordAccess([.tokenRevealed(reveal)], of: app, user.subject, context)
    }

    /// Records that a person is about to see a user's page.
    ///
    /// Durable when it returns.
    package func recordView(
        of user: StoredUser,
        _ app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) {
        try await recordAccess([.userViewed], of: app, user.subject, context)
    }

    /// Appends events of one access to the access log, as much of them as the app wants to be kept.
    func recordAccess(
        _ events: [LedgerEvent],
        of app: StoredApp,
        _ subject: Identifier?,
        _ context: RecordContext
    ) async throws(StoreError) {
        guard let kind = events.first?.accessKind else { return }
        switch app.accessRecording {
        case .full:
            let log = subject.flatMap { logs.log(of: $0)?.access } ?? .access
            try await append(events, of: app, subject, context, to: log)
        case .metadata:
            // A trace or a cause would lead to the user after all.
            let context = RecordContext(actor: context.actor, requestID: context.requestID)
            try await note(kind, of: app, context)
        case .off: break
        }
    }

    /// Appends a note to any access log: it must not lead to a user.
    ///
    /// Nor must it wait for a database that is away: then it is another one's.
    private func note(
        _ kind: AccessKind,
        of app: StoredApp,
        _ context: RecordContext
    ) async throws(StoreError) {
        var tried: Set<Int> = []
        for log in logs.list(.access).shuffled() where tried.insert(pools.place(of: log)).inserted {
            do {
                return try await append([.accessNoted(kind)], of: app, nil, context, to: log)
            } catch {
                guard error == .unavailable, tried.count < pools.pools.count else { throw error }
            }
        }
    }

    private func append(
        _ events: [LedgerEvent],
        of app: StoredApp,
        _ subject: Identifier?,
        _ context: RecordContext,
        to log: Log
    ) async throws(StoreError) {
        let time = clock.now()
        let events = events.map { event in
            let record = Record(
                id: clock.identifier(in: log),
                clientID: app.clientID,
                subject: subject,
                time: time,
                subjectVersion: nil,
                context: context,
                event: event
            )
            return AppendCommand.Event(record: record, bytes: record.encoded())
        }
        // Accesses of one user need no order among each other, so each is a subject of its own.
        _ = try await writer(of: log).append(
            AppendCommand(
                app: app.id,
                subject: clock.identifier(in: log),
                expected: nil,
                time: time,
                state: nil,
                events: events
            )
        )
    }

    /// Who read what of a user, in order of positions, from one on.
    package func accesses(
        of user: StoredUser,
        from position: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredEvent] {
        let log = user.log.access
        let history = try await requireWarm(log, from: position)
        let events = try await bulk[log].rows(
            Self.accesses(
                of: user.subject,
                app: user.app,
                log: log,
                from: position,
                limit: limit
            ),
            decode
        )
        try await requireUnchanged(history, log)
        return events
    }

    /// Who read what of a user of late, the newest first, before a position; what is cold is not among it.
    package func latestAccesses(
        of user: StoredUser,
        before position: Int64,
        limit: Int
    ) async throws(StoreError) -> [StoredEvent] {
        let log = user.log.access
        let history = try await coldHistory(of: log)
        let events = try await bulk[log].rows(
            Statement(
                "latest_accesses",
                """
                select log_id, position, record, mac, event_id, app_id, subject,
                    subject_version
                from ledger.event
                where log_id = $3 and subject = $1 and subject_version is null
                    and position + 0 < $2 and position + 0 >= $6 and app_id = $4
                order by position + 0 desc limit $5
                """,
                .uuid(user.subject.value),
                .int8(position),
                .int4(log.id),
                .uuid(user.app.value),
                .int8(Int64(limit)),
                .int8(history.before)
            ),
            decode
        )
        try await requireUnchanged(history, log)
        return events
    }

    /// Conditions and order are those of the index (`Schema/0034_access.sql`); whoever named the pseudonym of another app's user is not
    /// told of.
    static func accesses(
        of subject: Identifier,
        app: Identifier,
        log: Log,
        from position: Int64,
        limit: Int
    ) -> Statement {
        Statement(
            "accesses",
            """
            select log_id, position, record, mac, event_id, app_id, subject,
                subject_version
            from ledger.event
            where log_id = $3 and subject = $1 and subject_version is null
                and position + 0 >= $2 and app_id = $4
            order by position + 0 limit $5
            """,
            .uuid(subject.value),
            .int8(position),
            .int4(log.id),
            .uuid(app.value),
            .int8(Int64(limit))
        )
    }
}

package import Ledger
internal import Postgres
internal import Vault

/// A user who held the token that was searched for, and when.
package struct TokenMatch: Sendable {
    package let user: StoredUser
    package let holding: TokenHolding
}

extension LedgerStore {
    /// Whose a token of the app was, and when: as access token and as public token.
    ///
    /// Only its keyed fingerprints are looked up, and the question is on record, durable, before
    /// the answer is given. A value that was issued more than once gives a match for each time; who
    /// was erased is not among them.
    package func search(
        _ token: Secret,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> [TokenMatch] {
        let accessToken = vault.fingerprint(.accessToken, of: token, app: app.id)
        let publicToken = vault.fingerprint(.publicToken, of: token, app: app.id)
        let subjects = try await subjects(
            with: [accessToken, publicToken],
            of: app,
            in: logs.list(.facts),
            eventsMax: StoreLimits.searchEventsMax
        ).sorted().prefix(StoreLimits.searchSubjectsMax)
        let found = try await found(questions(Array(subjects), app), of: app)
        // Whoever holds a token has a row in the projection, also once erased.
        guard found.count == subjects.count else { throw .damaged(.state) }
        var users: [StoredUser] = []
        for found in found {
            if let user = try found.get() { users.append(user) }
        }
        var matches: [TokenMatch] = []
        for user in users {
            for holding in try await holdings(of: user) {
                let sought = holding.kind == .accessToken ? accessToken : publicToken
                guard holding.fingerprint == sought else { continue }
                matches.append(TokenMatch(user: user, holding: holding))
            }
        }
        try await recordAccess(
            [
                .tokenSearched(
                    accessToken: accessToken,
                    publicToken: publicToken,
                    matches: Int64(matches.count)
                )
            ],
            of: app,
            users.count == 1 ? users.first?.subject : nil,
            context
        )
        return matches
    }

    /// Which tokens a user held, and when.
    func holdings(of user: StoredUser) async throws(StoreError) -> [TokenHolding] {
        var records: [(position: Int64, record: Record?)] = []
        var pages = pages(of: user, isListed: true)
        while let page = try await pages.next() {
            for event in page { records += try event.steps() }
        }
        do {
            return try TokenHolding.list(records)
        } catch {
            throw .damaged(.record)
        }
    }

    /// Who in the app was ever given one of these tokens, as these logs of facts say, also who was erased since.
    func subjects(
        with fingerprints: [Fingerprint],
        of app: StoredApp,
        in logs: [Log],
        eventsMax: Int
    ) async throws(StoreError) -> Set<Identifier> {
        var subjects: Set<Identifier> = []
        for log in logs {
            let events = try await bulk[log].rows(
                Statement(
                    "find_tokens",
                    """
                    select log_id, position, record, mac, event_id, app_id, subject, subject_version
                    from ledger.find_tokens($1, $2, $3, $4)
                    """,
                    .int4(log.id),
                    .uuid(app.id.value),
                    .byteaArray(fingerprints.map { Array($0.description.utf8) }),
                    .int4(Int32(eventsMax))
                ),
                decode
            )
            // Whoever wrote so many events himself must not make it look as though nobody had the token.
            guard events.count < eventsMax || events.contains(where: { !$0.isForged })
            else { throw .damaged(.record) }
            for event in events {
                if let subject = try event.genuineRecord()?.subject { subjects.insert(subject) }
            }
        }
        return subjects
    }
}

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
    /// the answer is given. A value that was issued more than once gives a match for each time.
    package func search(
        _ token: Secret,
        of app: StoredApp,
        context: RecordContext
    ) async throws(StoreError) -> [TokenMatch] {
        let accessToken = vault.fingerprint(.accessToken, of: token, app: app.id)
        let publicToken = vault.fingerprint(.publicToken, of: token, app: app.id)
        let subjects = try await subjects(with: [accessToken, publicToken], of: app)
        let users = try await users(at: subjects.map { (Log.facts, $0) }, of: app)
        // Whoever holds a token has a row in the projection.
        guard users.count == subjects.count else { throw .damaged(.state) }
        var matches: [TokenMatch] = []
        for user in users {
            for holding in try await holdings(of: user) {
                let sought = holding.kind == .accessToken ? accessToken : publicToken
                guard holding.fingerprint == sought else { continue }
                matches.append(TokenMatch(user: user, holding: holding))
            }
        }
        try await recordAccess(
            .tokenSearched(
                accessToken: accessToken,
                publicToken: publicToken,
                matches: Int64(matches.count)
            ),
            of: app,
            users.count == 1 ? users.first?.subject : nil,
            context
        )
        return matches
    }

    /// Which tokens a user held, and when.
    private func holdings(of user: StoredUser) async throws(StoreError) -> [TokenHolding] {
        var records: [(position: Int64, record: Record)] = []
        for event in try await wholeHistory(of: user, isListed: true) {
            records.append((event.position, try event.record()))
        }
        do {
            return try TokenHolding.list(records)
        } catch {
            throw .damaged(.record)
        }
    }

    private func subjects(
        with fingerprints: [Fingerprint],
        of app: StoredApp
    ) async throws(StoreError) -> [Identifier] {
        try await bulk.rows(
            Statement(
                "find_tokens",
                "select found_subject from ledger.find_tokens($1, $2, $3, $4)",
                .int4(Log.facts.id),
                .uuid(app.id.value),
                .byteaArray(fingerprints.map { Array($0.description.utf8) }),
                .int4(Int32(StoreLimits.searchSubjectsMax))
            )
        ) { result, row throws(PostgresError) in
            Identifier(value: try result.uuid(row, 0))
        }
    }
}

internal import Ledger
internal import Postgres

extension Claimer {
    /// Reserves the tokens of several users, with one statement in each home; nil for whom somebody else was faster.
    ///
    /// Nobody is waited for. What was reserved before a failure, or for one of whose tokens somebody else has
    /// another, is there for who begins anew.
    func hold(_ takers: [TokenTaker]) async throws(StoreError) -> [HeldTokens?] {
        var held = takers.map { HeldTokens($0.tokens, $0.claimant, logs) }
        var asked: [Int32: [(taker: Int, token: Int)]] = [:]
        for taker in held.indices {
            for (token, claim) in held[taker].claims.enumerated() {
                asked[claim.place.home, default: []].append((taker, token))
            }
        }
        for (home, places) in asked {
            let tokens = places.map { place in
                AskedToken(
                    fingerprint: takers[place.taker].tokens[place.token],
                    subject: takers[place.taker].claimant.subject,
                    reference: takers[place.taker].claimant.newReference()
                )
            }
            let rows: [(number: Int, row: Reservation)]
            do {
                rows = try await database[home].retried(Self.reserve(tokens, in: home, secret)) {
                    result throws(PostgresError) in
                    guard !result.isWarned else { throw .outcomeUnknown("a warning") }
                    return try result.rows { result, row throws(PostgresError) in
                        (Int(try result.int8(row, 0)) - 1, try Reservation(result, row, from: 1))
                    }
                }
            } catch {
                throw StoreError(error)
            }
            for (number, row) in rows {
                let place = places[number]
                held[place.taker].found(row, at: place.token)
            }
        }
        return held.map { $0.areReserved ? $0 : nil }
    }

    /// Lets others have what was taken over, with one statement in each home.
    ///
    /// What cannot be removed now is taken away later by whoever wants it.
    func letGo(written held: [HeldTokens]) async {
        var left: [Int32: [AskedToken]] = [:]
        for held in held {
            for (claim, reference) in zip(held.claims, held.references) {
                guard let reference else { continue }
                left[claim.place.home, default: []].append(
                    AskedToken(
                        fingerprint: claim.place.fingerprint,
                        subject: claim.steps.subject,
                        reference: reference
                    )
                )
            }
        }
        for (home, tokens) in left {
            _ = try? await database[home].retried(Self.release(tokens, from: home, secret)) {
                _ throws(PostgresError) in
            }
        }
    }
}

/// One of several tokens that are reserved, or released, at once.
private struct AskedToken {
    let fingerprint: Fingerprint
    let subject: Identifier
    let reference: Identifier
}

extension Claimer {
    /// All in one order, so that no two such statements wait for each other crosswise.
    private static func reserve(
        _ tokens: [AskedToken],
        in home: Int32,
        _ secret: [UInt8]
    ) -> Statement {
        Statement(
            "reserve_tokens",
            """
            select asked.number, reserved.holder, reserved.held_reference, reserved.age is null,
                reserved.age > make_interval(secs => $6::double precision)
            from (
                select * from unnest($2::bytea[], $3::uuid[], $4::uuid[])
                    with ordinality as a (fingerprint, subject, reference, number)
                order by a.fingerprint
            ) as asked
            cross join lateral ledger.reserve(
                $1, 'token', asked.fingerprint, asked.subject, asked.reference, $5
            ) as reserved
            """,
            .int4(home),
            .byteaArray(tokens.map(\.fingerprint.bytes)),
            .uuidArray(tokens.map(\.subject.value)),
            .uuidArray(tokens.map(\.reference.value)),
            .bytea(secret),
            .int8(StoreLimits.reservationSeconds)
        )
    }

    private static func release(
        _ tokens: [AskedToken],
        from home: Int32,
        _ secret: [UInt8]
    ) -> Statement {
        Statement(
            "release_tokens",
            """
            select ledger.release($1, 'token', asked.fingerprint, asked.reference, $4)
            from (
                select * from unnest($2::bytea[], $3::uuid[]) as a (fingerprint, reference)
                order by a.fingerprint
            ) as asked
            """,
            .int4(home),
            .byteaArray(tokens.map(\.fingerprint.bytes)),
            .uuidArray(tokens.map(\.reference.value)),
            .bytea(secret)
        )
    }
}

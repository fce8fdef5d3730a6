internal import Ledger
internal import Postgres

extension Claimer {
    /// Reserves, and gives the row that is there then; nil where another one has just gone.
    func reserve(
        _ place: ClaimPlace,
        for claimant: Claimant
    ) async throws(PostgresError) -> Reservation? {
        try await database[place.home].retried(Self.reserve(place, for: claimant, secret)) {
            result throws(PostgresError) in
            try Self.requireNoWarning(result)
            return try Reservation(result)
        }
    }

    /// The row in the home, if any.
    func look(at place: ClaimPlace) async throws(PostgresError) -> Reservation? {
        try await database[place.home].retried(Self.look(at: place)) {
            result throws(PostgresError) in
            try Reservation(result)
        }
    }

    /// Whether the claim was made in a log that is not the home.
    func isMade(_ place: ClaimPlace, logID: Int32) async throws(PostgresError) -> Bool {
        try await database[logID].retried(Self.made(place, logID: logID)) {
            result throws(PostgresError) in try result.bool(0, 0)
        }
    }

    /// Whether somebody else made the claim in a closed log.
    func isTaken(
        _ place: ClaimPlace,
        butBy subject: Identifier
    ) async throws(PostgresError) -> Bool {
        for log in logs.closed {
            let claim = LedgerStore.claim(place.kind, place.fingerprint, log)
            let isTaken = try await database[log].retried(claim) { result throws(PostgresError) in
                // Whether the own one is enough is for the append to say; what is reserved there is nobody's.
                try result.rows { result, row throws(PostgresError) in
                    let isReserved = try result.bool(row, 2)
                    return try result.uuid(row, 0) != subject.value && !isReserved
                }
            }
            if isTaken.contains(true) { return true }
        }
        return false
    }

    /// Whether the claim was made in the log that the reference names; if not, that is burned.
    func fence(
        _ reference: Identifier,
        at place: ClaimPlace
    ) async throws(PostgresError) -> Bool {
        try await database[reference.logID].retried(Self.fence(reference, at: place, secret)) {
            result throws(PostgresError) in
            try Self.requireNoWarning(result)
            return try result.bool(0, 0)
        }
    }

    /// Removes a reservation that no claim can be made with.
    func release(_ reference: Identifier, at place: ClaimPlace) async throws(PostgresError) {
        try await database[place.home].retried(Self.release(reference, at: place, secret)) {
            _ throws(PostgresError) in
        }
    }

    /// Whatever it was that the server warned of, perhaps a standby was given up: the step is taken again.
    private static func requireNoWarning(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) {
        guard !result.isWarned else { throw PostgresError.outcomeUnknown("a warning") }
    }

    // MARK: Statements

    static func reserve(
        _ place: ClaimPlace,
        for claimant: Claimant,
        _ secret: [UInt8]
    ) -> Statement {
        Statement(
            "reserve",
            """
            select holder, held_reference, age is null,
                age > make_interval(secs => $7::double precision)
            from ledger.reserve($1, $2, $3, $4, $5, $6)
            """,
            .int4(place.home),
            .text(place.kind.rawValue),
            .bytea(place.fingerprint.bytes),
            .uuid(claimant.subject.value),
            .uuid(claimant.newReference().value),
            .bytea(secret),
            .int8(StoreLimits.reservationSeconds)
        )
    }

    static func look(at place: ClaimPlace) -> Statement {
        Statement(
            "look_at_home",
            """
            select subject, reference, reserved_at is null,
                reserved_at < clock_timestamp() - make_interval(secs => $4::double precision)
            from vault.lookup where log_id = $1 and kind = $2 and fingerprint = $3
            """,
            .int4(place.home),
            .text(place.kind.rawValue),
            .bytea(place.fingerprint.bytes),
            .int8(StoreLimits.reservationSeconds)
        )
    }

    static func made(_ place: ClaimPlace, logID: Int32) -> Statement {
        Statement(
            "is_claim_made",
            """
            select (
                select true from vault.lookup
                where log_id = $1 and kind = $2 and fingerprint = $3 and reserved_at is null
            ) is not null
            """,
            .int4(logID),
            .text(place.kind.rawValue),
            .bytea(place.fingerprint.bytes)
        )
    }

    static func fence(
        _ reference: Identifier,
        at place: ClaimPlace,
        _ secret: [UInt8]
    ) -> Statement {
        Statement(
            "fence",
            "select ledger.fence($1, $2, $3, $4, $5)",
            .int4(reference.logID),
            .text(place.kind.rawValue),
            .bytea(place.fingerprint.bytes),
            .uuid(reference.value),
            .bytea(secret)
        )
    }

    static func release(
        _ reference: Identifier,
        at place: ClaimPlace,
        _ secret: [UInt8]
    ) -> Statement {
        Statement(
            "release",
            "select ledger.release($1, $2, $3, $4, $5)",
            .int4(place.home),
            .text(place.kind.rawValue),
            .bytea(place.fingerprint.bytes),
            .uuid(reference.value),
            .bytea(secret)
        )
    }

    /// What somebody has reserved in the home of persons.
    static func reservations(of subject: Identifier, in home: Int32) -> Statement {
        Statement(
            "reservations",
            """
            select fingerprint, reference from vault.lookup
            where subject = $1 and log_id = $2 and kind = 'human' and reserved_at is not null
            """,
            .uuid(subject.value),
            .int4(home)
        )
    }
}

extension Reservation {
    /// Reads the one row that there may be: subject, reference, whether it was made, whether it is old.
    fileprivate init?(_ result: borrowing PostgresResult) throws(PostgresError) {
        guard result.rowCount > 0 else { return nil }
        try self.init(result, 0, from: 0)
    }

    /// Reads the same from a column of a row on.
    init(
        _ result: borrowing PostgresResult,
        _ row: Int,
        from column: Int
    ) throws(PostgresError) {
        subject = Identifier(value: try result.uuid(row, column))
        reference = Identifier(value: try result.uuid(row, column + 1))
        standing =
            try result.bool(row, column + 2)
            ? .made : try result.boolOrNil(row, column + 3) ?? false ? .old : .young
    }
}

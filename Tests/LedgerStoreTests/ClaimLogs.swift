import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Vault

/// Four logs of facts in one database, and users of each, who claim what the test chooses.
struct ClaimLogs: Sendable {
    let test: TestStore
    let factory: CommandFactory
    let claimer: Claimer

    /// The numbers of the logs.
    static let logIDs = Logs(pairs: 4).list(.facts).map(\.id)

    init(_ test: TestStore) {
        self.test = test
        factory = CommandFactory(test: test)
        claimer = Claimer(
            logs: test.store.logs,
            database: StoreDatabases(pools: test.store.pools),
            secret: test.store.vault.databaseSecret
        )
    }

    /// Lends them in a ledger of their own.
    static func run(_ body: (ClaimLogs) async throws -> Void) async throws {
        try await TestStore.run(pairs: 4) { test in try await body(ClaimLogs(test)) }
    }

    /// A new id of a log.
    func identifier(in log: Int32) -> Identifier {
        Self.identifier(factory.clock.identifier(), in: log)
    }

    private static func identifier(_ id: Identifier, in log: Int32) -> Identifier {
        Identifier(value: id.value & ~(0x3FF << 52) | UInt128(UInt32(log)) << 52)
    }

    /// A fingerprint that nobody has claimed, of a home.
    func place(_ kind: LookupKind = .human, home: Int32) -> ClaimPlace {
        while true {
            let fingerprint = factory.fingerprint("\(UInt64.random(in: 0...UInt64.max))")
            guard claimer.logs.home(of: fingerprint).id == home else { continue }
            return ClaimPlace(kind: kind, fingerprint: fingerprint, home: home)
        }
    }

    /// A user of a log that is about to make a claim with its first event.
    struct User: Sendable {
        let claimant: Claimant
        let command: AppendCommand
        let place: ClaimPlace
        /// The log of the user.
        var log: Int32 { claimant.logID }
        var subject: Identifier { claimant.subject }
    }

    func user(of log: Int32, _ place: ClaimPlace) -> User {
        let clock = factory.clock
        let claimant = Claimant(subject: identifier(in: log), logID: log) {
            Self.identifier(clock.identifier(), in: log)
        }
        return user(claimant, place)
    }

    /// The same user with another event, and perhaps other claims.
    func next(
        of user: User,
        expected: Int64 = 0,
        claims: [(LookupKind, Fingerprint)]? = nil
    ) -> User {
        self.user(user.claimant, user.place, expected: expected, claims: claims)
    }

    private func user(
        _ claimant: Claimant,
        _ place: ClaimPlace,
        expected: Int64 = 0,
        claims: [(LookupKind, Fingerprint)]? = nil
    ) -> User {
        let command = factory.command(
            claimant.subject,
            expected: expected,
            ids: [identifier(in: claimant.logID)],
            claims: claims ?? [(place.kind, place.fingerprint)]
        )
        return User(claimant: claimant, command: command, place: place)
    }

    /// The user claims, as the service does; once more where somebody else was at work in the same moment.
    func claim(_ user: User) async throws(StoreError) -> AppendVerdict {
        while true {
            let verdict = try await claimer.append(user.command, of: user.claimant) {
                command throws(StoreError) in try await stored(command, in: user.log)
            }
            guard verdict == .conflict, user.command.expected == 0 else { return verdict }
        }
    }

    private func stored(
        _ command: AppendCommand,
        in log: Int32
    ) async throws(StoreError) -> AppendVerdict {
        do {
            return try await send(command, in: log)
        } catch {
            // As a writer of the service has it.
            guard error.sqlState == .uniqueViolation else { throw StoreError(error) }
            return .conflict
        }
    }

    /// The user claims until it is known what becomes of it, as whoever repeats a call does.
    func claimPersistently(_ user: User) async throws -> AppendVerdict {
        var tries = 0
        while true {
            // Swift 6.3.1 does not compile a loop that goes on from the catch.
            let result: Result<AppendVerdict, StoreError>
            do {
                result = .success(try await claim(user))
            } catch {
                result = .failure(error)
            }
            tries += 1
            guard case .failure(let error) = result, error.isPassing, tries < 1_000 else {
                return try result.get()
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Appends with a reservation, and nothing else.
    func append(_ user: User, _ reservation: Identifier?) async throws -> AppendVerdict {
        try await send(command(of: user, reservation), in: user.log)
    }

    func command(of user: User, _ reservation: Identifier?) -> AppendCommand {
        var command = user.command
        command.claims[0].reservation = reservation
        return command
    }

    private func send(
        _ command: AppendCommand,
        in log: Int32
    ) async throws(PostgresError) -> AppendVerdict {
        let (statement, append) = statement(command, in: log)
        let verdicts = try await test.pool.query(statement) { result throws(PostgresError) in
            try append.verdicts(result)
        }
        guard let verdict = verdicts.first, let verdict else {
            throw PostgresError.decodingFailed("no verdict")
        }
        return verdict
    }

    /// The call that appends in a log, and what reads its answer.
    func statement(
        _ command: AppendCommand,
        in log: Int32
    ) -> (Statement, AppendStatement) {
        let vault = test.store.vault
        let statement = Statement(
            "test_append_in_log",
            """
            select verdict, first_position, claimed_kind
            from ledger.append_events($1, $2::ledger.append_command[], $3)
            """,
            .int4(log),
            .rowArray([command.row(.facts, vault)]),
            .bytea(vault.databaseSecret)
        )
        return (statement, AppendStatement([command], log: .facts, vault: vault, tellsEach: true))
    }

    /// Reserves for a user, and gives the row that is there then.
    func reserve(_ user: User) async throws -> Reservation {
        guard let row = try await claimer.reserve(user.place, for: user.claimant) else {
            throw StoreError.defect
        }
        return row
    }

    // MARK: What is there

    /// Makes what is reserved there older than anybody takes.
    func age(_ place: ClaimPlace) async throws {
        _ = try await number(
            Statement(
                "test_age",
                """
                with aged as (
                    update vault.lookup set reserved_at = reserved_at - interval '11 s'
                    where log_id = $1 and fingerprint = $2 returning 1
                )
                select count(*) from aged
                """,
                .int4(place.home),
                .bytea(place.fingerprint.bytes)
            )
        )
    }

    /// In how many logs the claim was made.
    func made(_ place: ClaimPlace) async throws -> Int64 {
        try await number(
            Statement(
                "test_made",
                "select count(*) from vault.lookup where fingerprint = $1 and reserved_at is null",
                .bytea(place.fingerprint.bytes)
            )
        )
    }

    /// Whether a reference was burned.
    func isBurned(_ reference: Identifier) async throws -> Bool {
        try await number(
            Statement(
                "test_burned",
                "select count(*) from vault.burned where reference = $1",
                .uuid(reference.value)
            )
        ) == 1
    }

    private func number(_ statement: Statement) async throws -> Int64 {
        try await test.count(statement)
    }
}

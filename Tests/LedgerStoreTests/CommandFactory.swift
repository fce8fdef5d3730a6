import Ledger
@testable import LedgerStore
import Postgres
import TestSupport
import Vault

/// Makes commands without the store's own decisions, and sends them in batches of the test's
/// choice.
struct CommandFactory {
    let test: TestStore
    let clock = EventClock()

    /// A command of events for a subject, which may claim and carry anything.
    func command(
        _ subject: Identifier? = nil,
        expected: Int64 = 0,
        events count: Int = 1,
        ids: [Identifier] = [],
        claims: [(LookupKind, Fingerprint)] = []
    ) -> AppendCommand {
        let subject = subject ?? clock.identifier()
        var state = SubjectState()
        // What the events before were does not matter here, only that they are counted.
        for _ in 0..<expected { state.apply(.connectionBroken(reason: "x"), at: clock.now()) }
        let time = clock.now()
        var events: [AppendCommand.Event] = []
        for index in 0..<count {
            state.apply(.connectionBroken(reason: "x"), at: time)
            let record = Record(
                id: index < ids.count ? ids[index] : clock.identifier(),
                clientID: test.app.clientID,
                subject: subject,
                time: time,
                subjectVersion: state.version,
                context: TestStore.context,
                event: .connectionBroken(reason: "x")
            )
            events.append(AppendCommand.Event(record: record, bytes: record.encoded()))
        }
        var command = AppendCommand(
            app: test.app.id,
            subject: subject,
            expected: expected,
            time: time,
            state: state,
            events: events
        )
        for (kind, fingerprint) in claims {
            guard kind != .user else {
                command.fingerprint = fingerprint
                continue
            }
            command.claims.append(
                AppendCommand.Claim(
                    kind: kind,
                    fingerprint: fingerprint,
                    reference: events[0].record.id
                )
            )
        }
        return command
    }

    /// Sends one batch, the long way unless told otherwise, and gives the verdicts.
    func send(
        _ commands: [AppendCommand],
        log: Log = .facts,
        tellsEach: Bool = true
    ) async throws(PostgresError) -> [AppendVerdict?] {
        let append = AppendStatement(
            commands,
            log: log,
            vault: test.store.vault,
            tellsEach: tellsEach
        )
        return try await test.pool.query(append.statement) { result throws(PostgresError) in
            try append.verdicts(result)
        }
    }

    /// Who claims what has its home elsewhere; any log will do for that.
    static func claimant(of log: Log, clock: EventClock) -> Claimant {
        Claimant(subject: clock.identifier(in: log), logID: log.id) {
            clock.identifier(in: log)
        }
    }

    /// A fingerprint of nothing in particular.
    func fingerprint(_ text: String) -> Fingerprint {
        test.store.vault.fingerprint(.request, of: Secret(text), app: test.app.id)
    }

    /// The position that the next event will have.
    func size(logID: Int32 = 0) async throws -> Int64 {
        try await test.pool.query(
            Statement("test_size", "select size from ledger.log where log_id = $1", .int4(logID))
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }
}

extension TestStore {
    /// What takes the log's lock, with the service's rights and its secret.
    var lockingTheLog: String {
        "select ledger.settle_events(0, '{}', \(secret))"
    }

    /// The secret, as SQL has it.
    private var secret: String {
        "decode('\(store.vault.databaseSecret.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined())', 'hex')"
    }

    /// All events of a log, page by page.
    func log(_ log: Log = .facts) async throws -> [StoredEvent] {
        var events: [StoredEvent] = []
        while true {
            let page = try await store.page(log: log, from: Int64(events.count))
            if page.isEmpty { return events }
            events += page
        }
    }

    /// One number that the owner reads.
    func count(_ statement: Statement) async throws -> Int64 {
        let connection = try await ownerConnection()
        let count = try await connection.query(statement) { result throws(PostgresError) in
            try result.int8(0, 0)
        }
        await connection.close()
        return count
    }
}

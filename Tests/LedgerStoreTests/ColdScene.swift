import Ledger
@testable import LedgerStore
import Postgres
import TestSupport

/// A log of accesses, of which something is moved out of its database.
struct ColdScene {
    static let log = Log.access
    let test: TestStore
    let user: StoredUser
    let integrator: SteppedIntegrator

    /// Lends one whose user's tokens were read so often.
    static func run(
        reads: Int = 600,
        _ body: (ColdScene) async throws -> Void
    ) async throws {
        try await TestStore.run { test in
            let scene = ColdScene(
                test: test,
                user: try await test.connectedUser("alice"),
                integrator: SteppedIntegrator(test)
            )
            try await scene.read(reads)
            try await body(scene)
        }
    }

    /// Reads a token so often, and publishes a checkpoint of that.
    func read(_ count: Int) async throws {
        try await TestCold.read(count, of: user, test.app, test.store)
        try await integrator.look()
    }

    /// All records that are in the database.
    func records() async throws -> [[UInt8]] {
        let start = try await test.store.coldHistory(of: Self.log).before
        return try await TestCold.records(start..<checkpoint().size, test.store)
    }

    func bundle(_ positions: Range<Int64>, manifest: String = "one") async throws -> ColdBundle {
        try await TestCold.bundle(positions, manifest, test.store)
    }

    func checkpoint() async throws -> PublishedCheckpoint {
        guard let latest = try await test.store.latestCheckpoint(log: Self.log) else {
            throw StoreError.defect
        }
        return latest
    }

    func outside() async throws -> OutsideCheckpoint { try await TestCold.outside(test.store) }

    func detach(before line: Int64, manifest: String = "one") async throws {
        try await TestCold.detach(before: line, manifest: manifest, test.store, test.owners)
    }

    func open() async throws -> ColdMove {
        try await ColdMove.open(test.store, Self.log, owner: test.owners)
    }

    /// How many rows of the log there are before a position.
    func rows(before position: Int64 = .max) async throws -> Int64 {
        try await test.rows(of: Self.log, before: position)
    }
}

extension TestStore {
    /// How many rows of a log there are before a position.
    func rows(of log: Log, before position: Int64 = .max) async throws -> Int64 {
        try await count(
            Statement(
                "cold_rows_of",
                "select count(*) from ledger.event where log_id = $1 and position < $2",
                .int4(log.id),
                .int8(position)
            )
        )
    }

    /// All rows of a log.
    func dump(of log: Log) async throws -> [String] {
        let owner = try await ownerConnection()
        let rows = try await owner.rows(
            Statement(
                "cold_dump",
                "select event::text from ledger.event where log_id = $1 order by position",
                .int4(log.id)
            )
        ) { result, row throws(PostgresError) in try result.text(row, 0) }
        await owner.close()
        return rows
    }
}

package import Ledger
package import LedgerStore
import MerkleLog

/// Moves what is before a position of a log out of a database, as `token-ledger history detach` does,
/// with a bundle that is in the test's memory.
package enum TestCold {
    /// Reads a token of a user so often.
    package static func read(
        _ count: Int,
        of user: StoredUser,
        _ app: StoredApp,
        _ store: LedgerStore
    ) async throws {
        for start in stride(from: 0, to: count, by: 100) {
            try await store.recordReads(
                (start..<min(count, start + 100)).map { (.accessToken, version: Int64($0 + 1)) },
                of: user,
                app,
                key: "0123456789ab",
                context: RecordContext(actor: "key:0123456789ab")
            )
        }
    }

    /// Launches a user so often; gives them as they are then.
    package static func launch(
        _ count: Int,
        _ user: StoredUser,
        _ store: LedgerStore
    ) async throws -> StoredUser {
        var user = user
        for _ in 0..<count {
            let id = store.clock.identifier(in: user.log)
            let expiry = store.clock.now().adding(seconds: 900)
            var change = Change(context: RecordContext(actor: "key:0123456789ab"))
            let launch = LedgerEvent.Launch(launch: id, finish: .direct, expiry: expiry)
            change.append(user.state.launch(launch), id: id)
            guard case .written(let launched, _) = try await store.write(change, to: user) else {
                throw StoreError.conflict
            }
            user = launched
        }
        return user
    }

    /// Gives the records that are gone.
    @discardableResult
    package static func detach(
        before line: Int64,
        manifest: String = "one",
        log: Log = .access,
        _ store: LedgerStore,
        _ owners: DatabaseMap
    ) async throws -> [[UInt8]] {
        let move = try await ColdMove.open(store, log, owner: owners)
        let start = try await move.history().before
        let records = try await records(start..<line, log: log, store)
        let plan = try await move.plan(
            before: line,
            try await bundle(start..<line, manifest, log: log, store),
            [try await outside(log: log, store)],
            ageSecondsMin: 0
        )
        try await move.compare(records, at: start)
        try await move.note(plan)
        var next = try await move.firstRow()
        while next < line { next = try await move.remove(plan, from: next) }
        await move.close()
        return records
    }

    /// What a bundle of some positions says of itself.
    package static func bundle(
        _ positions: Range<Int64>,
        _ manifest: String,
        log: Log = .access,
        _ store: LedgerStore
    ) async throws -> ColdBundle {
        let outside = try await outside(log: log, store)
        return ColdBundle(
            export: Identifier(value: 1),
            manifest: MerkleHash(leaf: Array(manifest.utf8)),
            positions: positions,
            tree: (outside.size, outside.root)
        )
    }

    /// The last checkpoint, as though it stood outside.
    package static func outside(
        log: Log = .access,
        _ store: LedgerStore
    ) async throws -> OutsideCheckpoint {
        guard let latest = try await store.latestCheckpoint(log: log) else {
            throw StoreError.defect
        }
        return OutsideCheckpoint(size: latest.size, root: latest.root, source: "the test")
    }

    /// The records at some positions that are in the database.
    package static func records(
        _ positions: Range<Int64>,
        log: Log = .access,
        _ store: LedgerStore
    ) async throws -> [[UInt8]] {
        var records: [[UInt8]] = []
        while records.count < positions.count {
            let page = try await store.page(
                log: log,
                from: positions.lowerBound + Int64(records.count)
            )
            guard !page.isEmpty else { throw StoreError.defect }
            records += page.map(\.bytes)
        }
        return Array(records.prefix(positions.count))
    }
}

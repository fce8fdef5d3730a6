internal import Ledger
internal import Logging
internal import Postgres
internal import Synchronization

/// When API keys were used last: gathered in memory, and written now and then.
///
/// A request notes its time in a place that its key leads to, and waits for nobody.
final class APIKeyUses: Sendable {
    /// Where the uses of one key are noted.
    final class Use: Sendable {
        fileprivate let last = Atomic(Int64.min)

        /// Notes a use; of two at once either is late enough.
        func note(_ time: Timestamp) { last.store(time.microseconds, ordering: .relaxed) }
    }

    private struct Kept {
        let use: Use
        /// The use that was written last.
        var written = Int64.min
        /// Whether somebody took the place since uses were written, and may be about to note one.
        var isWanted = true
    }

    private let kept = Mutex<[String: Kept]>([:])
    private let closing = AsyncStream.makeStream(of: Void.self)
    private let database: StoreDatabase
    private let logger: Logger

    init(database: StoreDatabase, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// Where to note the uses of a key; beyond the limit they are not kept.
    func use(of key: String) -> Use {
        kept.withLock { kept in
            if let known = kept[key] {
                kept[key]?.isWanted = true
                return known.use
            }
            let use = Use()
            if kept.count < StoreLimits.keyUsesMax { kept[key] = Kept(use: use) }
            return use
        }
    }

    /// Writes again and again until it is closed, and then once more.
    func run() async {
        await withTaskGroup { group in
            group.addTask { for await _ in self.closing.stream {} }
            group.addTask { await self.writeAgainAndAgain() }
            await group.next()
            group.cancelAll()
        }
        await write()
    }

    func close() { closing.continuation.finish() }

    private func writeAgainAndAgain() async {
        while !Task.isCancelled {
            // At the end it is written once more.
            guard (try? await Task.sleep(for: StoreLimits.keyUsePause)) != nil else { return }
            await write()
        }
    }

    /// Writes what was noted since the last time; what cannot be written is due the next time.
    func write() async {
        let due = due()
        guard !due.isEmpty else { return }
        do throws(PostgresError) {
            try await database.retried(
                Statement(
                    "note_api_key_use",
                    "select ledger.note_api_key_use($1, $2)",
                    .textArray(due.map(\.key)),
                    .timestamptzArray(due.map(\.last))
                )
            ) { _ throws(PostgresError) in }
        } catch {
            logger.warning("uses of API keys not written", metadata: ["error": "\(error)"])
            if error.code == .timedOut {
                await HeldLocks(pool: database.pool, logger: logger).end()
            }
            return
        }
        kept.withLock { kept in
            for (key, last) in due { kept[key]?.written = last }
        }
    }

    /// The keys that were used since their last use was written; those that nobody uses are
    /// forgotten.
    private func due() -> [(key: String, last: Int64)] {
        kept.withLock { kept in
            var due: [(key: String, last: Int64)] = []
            var wanted: [String: Kept] = [:]
            for (key, var place) in kept {
                let last = place.use.last.load(ordering: .relaxed)
                let isDue = last > place.written
                if isDue { due.append((key, last)) }
                guard isDue || place.isWanted else { continue }
                place.isWanted = false
                wanted[key] = place
            }
            kept = wanted
            return due
        }
    }
}

#if CRASH_POINTS
internal import CrashPoints
#endif
internal import Ledger
internal import Logging
internal import MerkleLog
internal import Postgres
internal import StateMap
internal import Synchronization
internal import Vault

/// How the roots get into the log of maps.
extension MapKeeper {
    /// States the roots, where the maps stand at exactly the size of a checkpoint of the facts and the log
    /// of maps does not say so yet; whether its checkpoint should come soon.
    ///
    /// What was stated is stated again after a while, so that whoever asks for an answer of a certain age
    /// gets one although nothing has happened.
    package func state(upTo size: Int64?) async -> Bool {
        guard isLoaded, isExact, flight == nil, let size, size == position else { return false }
        do {
            try await state(at: size)
        } catch {
            guard !Task.isCancelled else { return false }
            tell(error)
        }
        return flight != nil
    }

    private func state(at size: Int64) async throws {
        guard let checkpoint = try await store.checkpoint(atOrBefore: size, log: facts),
            checkpoint.size == size
        else { return }
        let note = try SignedNote(Array(checkpoint.note.utf8))
        let end = try await store.size(log: facts.map)
        let statement = try statement(of: checkpoint)
        if let latest = try await store.statement(before: end, log: facts.map)?.statement {
            // Another copy of the service knows of pairs that were added.
            guard !statement.logs.canBecome(latest.logs), latest.facts.size <= Int(size) else {
                return
            }
            // Since pairs were added the same maps prove something else, so they are stated anew.
            if latest.facts.size == Int(size), !latest.logs.canBecome(statement.logs) {
                guard compare(latest, with: statement) else { return }
                let isYoung = statement.time - latest.time < StoreLimits.mapRestSeconds
                if isYoung || served == nil {
                    // It is stated already, perhaps by another copy of the service or before a crash.
                    if served?.entry.index != Int(end - 1) || served?.statement != latest {
                        flight = Flight(position: end - 1, statement: latest, facts: note)
                    }
                    return
                }
            }
        }
        #if CRASH_POINTS
        CrashPoint.statementUnsent.reach()
        #endif
        guard try await store.append(statement, at: end, log: facts.map, pool) else { return }
        #if CRASH_POINTS
        CrashPoint.statementDurable.reach()
        #endif
        flight = Flight(position: end, statement: statement, facts: note)
    }

    private func statement(of checkpoint: PublishedCheckpoint) throws -> MapStatement {
        let made = made
        return try MapStatement(
            facts: Checkpoint(
                origin: store.vault.checkpointSigner(logID: facts.id).key.name,
                size: Int(checkpoint.size),
                root: checkpoint.root
            ),
            logs: store.logs,
            time: Int(store.clock.now().microseconds / 1_000_000),
            states: made.states,
            names: made.names
        )
    }

    /// Whether a statement at the same checkpoint says the same.
    private func compare(_ stated: MapStatement, with own: MapStatement) -> Bool {
        let isSame =
            stated.facts == own.facts && stated.logs == own.logs
            && stated.states == own.states && stated.names == own.names
        let wasSame = figures.withLock { figures in
            defer { figures.differsAt = isSame ? figures.differsAt : Int64(own.facts.size) }
            return figures.differsAt == nil
        }
        if !isSame, wasSame {
            logger.critical(
                "the maps have other roots than were stated",
                metadata: ["size": "\(own.facts.size)"]
            )
        }
        return isSame
    }

    /// The log of maps has a checkpoint of this size: what was stated is proved from now on, where it still
    /// stands there, and is the last entry before one.
    package func cover(upTo size: Int64?) async {
        guard let flight else { return }
        do {
            let event = try await store.event(at: flight.position, log: facts.map)
            guard event?.bytes == flight.statement.bytes else {
                // It was lost, as in a failover to a database that had not got it.
                self.flight = nil
                return
            }
            guard let size, flight.position < size else { return }
            let checkpoint = try await store.checkpoint(
                atOrBefore: flight.position + 1,
                log: facts.map
            )
            guard let checkpoint, checkpoint.size == flight.position + 1 else {
                // Another copy of the service has stated more before a checkpoint came.
                self.flight = nil
                return
            }
            var tree = TreeReader(store, size: checkpoint.size, log: facts.map)
            let entry = try EntryProof(
                index: Int(flight.position),
                hashes: try await tree.inclusion(of: flight.position),
                note: try SignedNote(Array(checkpoint.note.utf8))
            )
            states.publish()
            names.publish()
            served = Served(statement: flight.statement, facts: flight.facts, entry: entry)
            self.flight = nil
            figures.withLock { $0.serves(flight.statement, at: .now) }
        } catch {
            guard !Task.isCancelled else { return }
            tell(error)
        }
    }
}

/// A statement that was read: an object, for the reason that `CurrentRow` is one.
final class StoredStatement: Sendable {
    let statement: MapStatement

    init(_ statement: MapStatement) {
        self.statement = statement
    }
}

extension LedgerStore {
    /// The last entry of a log of maps; nil where there is none.
    ///
    /// Throws as `statement(before:log:)` does.
    func lastStatement(log: Log) async throws(StoreError) -> StoredStatement? {
        try await statement(before: try await size(log: log), log: log)
    }

    /// The last entry of a log of maps before a position; nil where there is none.
    ///
    /// Throws `StoreError.damaged` for one that the service did not write.
    func statement(
        before position: Int64,
        log: Log
    ) async throws(StoreError) -> StoredStatement? {
        guard position > 0 else { return nil }
        guard let event = try await event(at: position - 1, log: log), !event.isForged,
            let statement = try? MapStatement(event.bytes)
        else { throw .damaged(.record) }
        return StoredStatement(statement)
    }

    /// Appends a statement to a log of maps; false where it is not at this position any more.
    func append(
        _ statement: MapStatement,
        at position: Int64,
        log: Log,
        _ pool: PostgresPool
    ) async throws(PostgresError) -> Bool {
        let (id, nobody) = (clock.identifier(in: log), Identifier(value: 0))
        let place = RecordPlace(
            logID: log.id,
            event: id,
            app: nobody,
            subject: nil,
            version: nil
        )
        return try await pool.query(
            Statement(
                "append_map_statement",
                "select ledger.append_map_statement($1, $2, $3, $4, $5, $6, $7)",
                .int4(log.id),
                .bytea(vault.databaseSecret),
                .int8(position),
                .uuid(id.value),
                .timestamptz(
                    microsecondsSince1970: Int64(statement.time) * 1_000_000
                ),
                .bytea(statement.bytes),
                .bytea(vault.mac(ofRecord: statement.bytes, at: place))
            )
        ) { result throws(PostgresError) in try result.bool(0, 0) }
    }
}

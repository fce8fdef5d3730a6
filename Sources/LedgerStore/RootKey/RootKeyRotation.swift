package import Ledger
internal import Postgres
internal import Vault

/// What a rotation of the root key has done.
package struct RootKeyRotation: Sendable, Equatable {
    /// How many keys came under the current root key in this run.
    package internal(set) var rewrapped: Int64 = 0
    /// How many keys neither root key opens; `verify` names them.
    package internal(set) var unopened: Int64 = 0
    /// How many keys were held by others whenever this one came: run it again.
    package internal(set) var held: Int64 = 0

    /// Whether nothing is left that needs another root key.
    package var isComplete: Bool { unopened == 0 && held == 0 }
}

extension LedgerStore {
    /// Brings every key under the current root key, page by page, while the service goes on.
    ///
    /// The deployment's own keys come first, since from then on nothing new is wrapped with another
    /// root key. What a run that ended early has done is kept, and the next one goes on with the rest;
    /// that nothing is left is on record once for each app. Needs the rights of the schema's owner.
    package func rotateRootKey(
        context: RecordContext,
        owner: DatabaseMap,
        progress: @Sendable (_ done: Int64, _ total: Int64) -> Void = { _, _ in }
    ) async throws(StoreError) -> RootKeyRotation {
        let total = try await rootKeyUses(owner: owner)
            .filter { $0.role != .current }.reduce(0) { $0 + $1.users + $1.apps + $1.masterKeys }
        do {
            var connections: [PostgresConnection] = []
            for part in owner.parts {
                connections.append(
                    try await PostgresConnection.connect(part.database.withLongLimits)
                )
            }
            let ofLogs = logs.list(.facts).map {
                Rewrapping(vault: vault, connection: connections[pools.place(of: $0)], log: $0)
            }
            let ofDatabases = connections.map {
                Rewrapping(vault: vault, connection: $0, log: .facts)
            }
            var rotation = RootKeyRotation()
            for rewrapping in ofDatabases {
                try await rewrapping.rewrap(try await rewrapping.masterKeys(), .master, &rotation)
            }
            for rewrapping in ofLogs { try await rewrapping.waitForAppends() }
            try await ofLogs[0].rewrap(try await ofLogs[0].apps(), .app, &rotation)
            for rewrapping in ofLogs {
                try await rewrapUsers(rewrapping, &rotation) { progress($0, total) }
            }
            if rotation.isComplete { try await record(ofLogs, context) }
            for connection in connections { await connection.close() }
            directory.forget()
            return rotation
        } catch {
            throw StoreError(error)
        }
    }

    /// Goes over all users of a log, and again over those that an append held.
    private func rewrapUsers(
        _ rewrapping: Rewrapping,
        _ rotation: inout RootKeyRotation,
        _ progress: (Int64) -> Void
    ) async throws {
        let (unopened, held) = (rotation.unopened, rotation.held)
        for round in 0..<Rewrapping.roundsMax {
            if round > 1 { try await Task.sleep(for: Rewrapping.pause) }
            rotation.unopened = unopened
            rotation.held = held
            var after: Rewrapping.StoredKey?
            repeat {
                let page = try await rewrapping.users(after: after)
                let before = rotation
                try await rewrapping.rewrap(page, .user, &rotation)
                let done = rotation.rewrapped - before.rewrapped
                rotation.held +=
                    Int64(page.count) - done - (rotation.unopened - before.unopened)
                progress(rotation.rewrapped)
                after = page.count < Rewrapping.pageMax ? nil : page.last
            } while after != nil
            if rotation.held == held { return }
        }
    }

    /// Puts on record that the root key of before is not needed any more, once for each app.
    private func record(_ ofLogs: [Rewrapping], _ context: RecordContext) async throws {
        let rewrapping = ofLogs[0]
        guard let change = try await rewrapping.change() else { return }
        var counts: [Identifier: Int64] = [:]
        for rewrapping in ofLogs {
            counts.merge(try await rewrapping.userCounts()) { $0 + $1 }
        }
        for app in try await apps() {
            let event = LedgerEvent.rootKeyRotated(
                from: change.replaced,
                to: vault.rootKeyID,
                keys: 1 + (counts[app.id] ?? 0)
            )
            let command = command(
                administering: app.id,
                clientID: app.clientID,
                [event],
                at: clock.now(),
                context,
                // The same for every run of this change.
                id: app.id.derived("root-key \(change.turn)")
            )
            try await rewrapping.record(command)
        }
    }
}

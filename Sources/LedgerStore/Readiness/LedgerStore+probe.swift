internal import Ledger
internal import Logging
internal import Postgres
internal import Vault

extension LedgerStore {
    /// Launches a user who does not exist, as `ledger.append_single_events` would, and takes it back, in each
    /// log of facts of the database at this place.
    ///
    /// Gives what keeps a launch from being written, in a list of one: wide optionals are not given back as they
    /// should (`CurrentRow`).
    func probe(_ place: Int) async -> [ReadinessCondition] {
        for log in logs.list(.facts) where pools.place(of: log) == place {
            let found = await probe(log)
            if !found.isEmpty { return found }
        }
        return []
    }

    private func probe(_ log: Log) async -> [ReadinessCondition] {
        let pool = pools[log]
        do {
            let command = try probeCommand(log)
            let probe = AppendStatement.probe(command, log: log, vault: vault)
            try await pool.query(probe, share: .lookups) { _ throws(PostgresError) in }
            return []
        } catch let error as PostgresError {
            logger.warning("append probe failed", metadata: ["error": "\(error)"])
            let conditions = await DatabaseTrouble(error, pool, of: self).conditions()
            if error.code == .timedOut { await HeldLocks(pool: pool, logger: logger).end() }
            return conditions
        } catch {
            logger.error("append probe not made", metadata: ["error": "\(error)"])
            return []
        }
    }

    private func probeCommand(_ log: Log) throws -> AppendCommand {
        let app = clock.identifier()
        let clientUserID = Secret(clock.identifier().description)
        let user = StoredUser(
            app: app,
            clientID: "readiness",
            log: log,
            subject: clock.identifier(in: log),
            state: SubjectState(),
            newClientUserID: clientUserID,
            newFingerprint: vault.fingerprint(.user, of: clientUserID, app: app),
            key: .open(vault.newDataKey())
        )
        let launch = clock.identifier(in: log)
        var change = Change(context: RecordContext(actor: "readiness"))
        change.append(
            user.state.launch(
                LedgerEvent.Launch(launch: launch, finish: .relay, expiry: clock.now())
            ),
            id: launch
        )
        return try prepare(change, of: user).0
    }
}

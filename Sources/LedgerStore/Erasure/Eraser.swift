package import Ledger
package import Logging
internal import MerkleLog
internal import Vault

/// Erases users, proves it, and keeps the list of who was erased outside the database.
package struct Eraser: Sendable {
    private let store: LedgerStore
    private let folder: ErasureFolder?
    private let logger: Logger

    /// Erases in a store; without a folder nobody is listed outside the database.
    package init(store: LedgerStore, folder: ErasureFolder?, logger: Logger) {
        self.store = store
        self.folder = folder
        self.logger = logger
    }

    /// Erases a user of an app by the app's own id; the same `Idempotency-Key`, which says what it is
    /// for, gets the same receipt.
    ///
    /// Throws `ErasureError` or `StoreError`.
    package func erase(
        _ clientUserID: Secret,
        of app: StoredApp,
        idempotencyKey: Secret?,
        context: RecordContext
    ) async throws -> Erasure {
        // Where somebody is no more, nothing tells in which log they were.
        let ids = idempotencyKey.map { key in
            store.whereabouts(of: clientUserID, in: app).map {
                store.vault.eventID(ofRequest: key, app: app.id, in: $0)
            }
        }
        var erasure = try await first(of: ids ?? [])
        let user = try await store.user(clientUserID, of: app)
        // Nothing tells any more who it was; whoever is there after that was it not.
        guard erasure == nil || user == nil else { throw ErasureError.keyReused }
        if let user {
            let order = ErasureOrder(
                id: ids?.first { Log(of: $0) == user.log } ?? store.clock.identifier(in: user.log),
                reason: .requested,
                context: context
            )
            erasure = try await store.erase(user, of: app, order)
        } else if erasure == nil {
            // A twin may have been faster.
            erasure = try await first(of: ids ?? [])
        } else if let record = try erasure?.record(), case .subjectErased = record.event,
            let subject = record.subject, let log = store.logs.log(of: subject)
        {
            // Whoever erased the user may have ended before this.
            try await store.releaseReservations(of: subject, log: log)
        }
        guard let erasure else { throw ErasureError.unknown }
        return try await proved(erasure)
    }

    /// The first of these events that there is.
    private func first(of ids: [Identifier]) async throws -> StoredEvent? {
        for id in ids {
            if let event = try await store.event(id: id) { return event }
        }
        return nil
    }

    /// Erases a user as found.
    package func erase(
        _ user: StoredUser,
        of app: StoredApp,
        context: RecordContext
    ) async throws -> Erasure {
        let order = ErasureOrder(
            id: store.clock.identifier(in: user.log),
            reason: .requested,
            context: context
        )
        let erasure = try await store.erase(user, of: app, order)
        guard let erasure else { throw ErasureError.unknown }
        return try await proved(erasure)
    }

    // MARK: Proof and list

    /// Whether the folder of the list is there.
    var hasList: Bool { folder?.isThere ?? true }

    /// Waits for the checkpoint that covers an erasure, a bounded time, and lists it.
    private func proved(_ event: StoredEvent) async throws -> Erasure {
        let latest = ContinuousClock.now + StoreLimits.erasureProofTimeMax
        let record = try event.record()
        do {
            repeat {
                if let receipt = try await receipt(of: event) {
                    try folder?.keep(receipt)
                    return .proved(receipt)
                }
                try await Task.sleep(for: StoreLimits.erasureProofPause)
            } while ContinuousClock.now < latest
        } catch {
            // The values are gone, whatever becomes of the proof.
            logger.error(
                "an erasure is not listed yet",
                metadata: ["position": "\(event.position)", "error": "\(error)"]
            )
        }
        return .recorded(event, record)
    }

    private func receipt(of event: StoredEvent) async throws -> ErasureReceipt? {
        try await store.proved(event).flatMap { try ErasureReceipt($0) }
    }

    /// Lists those who were erased and are not listed: their copy of the service ended before, or no
    /// checkpoint covered the erasure in time.
    ///
    /// False when the list cannot be kept; nil while the database does not say whether it is complete.
    @discardableResult
    package func listMissing() async -> Bool? {
        do {
            try await listMissing(in: folder)
            return true
        } catch let error as StoreError where error.isPassing {
            // It says nothing of the folder, and the next look is soon.
            logger.warning("the list of erasures waits", metadata: ["error": "\(error)"])
            return nil
        } catch {
            logger.error("the list of erasures is not kept", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func listMissing(in folder: ErasureFolder?) async throws {
        guard let folder else { return }
        let listed = Set(try folder.subjects())
        var after: Identifier?
        repeat {
            let page = try await store.erasedUsers(after: after)
            for user in page where !listed.contains(user.subject) {
                // One that the service did not write says nothing, and hides no other.
                if let event = try await store.erasure(of: user), !event.isForged,
                    let receipt = try await receipt(of: event)
                {
                    try folder.keep(receipt)
                }
            }
            after = page.count < StoreLimits.erasuresMax ? nil : page.last?.subject
        } while after != nil
    }

    /// What readiness should tell: whether somebody is listed and not erased, as after the restore of
    /// an older backup.
    package func conditions() async -> [ReadinessCondition] {
        guard let folder else { return [] }
        do {
            let count = try await store.livingUsers(among: try folder.subjects())
            return count > 0 ? [.erasuresUndone(count: count)] : []
        } catch is StoreError {
            return [.databaseUnavailable]
        } catch {
            return [.erasuresUnreadable]
        }
    }

    // MARK: After a restore

    /// Throws `ReceiptError` unless this log signed the receipt.
    package func verify(_ receipt: ErasureReceipt) throws {
        // A log that there is not has a key, too, and the same one: only its name is another.
        let log = Log(of: receipt.subject)
        try receipt.verify(store.vault.checkpointSigner(logID: log.id).key)
    }

    /// What became of a receipt.
    package enum Reapplied: Sendable {
        /// The user was there again, and is erased now, by the event at this position.
        case erased(position: Int64)
        /// The user is erased, or not in this database.
        case nothingToDo
    }

    /// Erases again who is listed, in a database that was restored from before.
    ///
    /// The receipt must be signed by this log. Throws `ReceiptError` or `StoreError`.
    package func reapply(
        _ receipt: ErasureReceipt,
        context: RecordContext
    ) async throws -> Reapplied {
        try verify(receipt)
        guard let app = try await store.app(clientID: receipt.record.clientID),
            let user = try await store.user(subject: receipt.subject, of: app)
        else { return .nothingToDo }
        var context = context
        context.causedBy = receipt.record.id
        let order = ErasureOrder(
            id: store.clock.identifier(in: user.log),
            reason: .restored,
            context: context
        )
        let erasure = try await store.erase(user, of: app, order)
        return erasure.map { .erased(position: $0.position) } ?? .nothingToDo
    }
}

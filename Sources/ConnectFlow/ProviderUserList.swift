package import HumanConnect
internal import Ledger
internal import LedgerStore
package import Logging
internal import Synchronization

/// Finds users at the provider, whose list of an app's users has no filter
/// (docs/provider.md#users-of-an-app, docs/decisions/0032-the-user-list-is-read-once-for-all.md).
///
/// One reading serves all who ask at the same time, one reading of an app's list goes on at a
/// time, and each caller waits a bounded time.
package final class ProviderUserList: Sendable {
    /// What a waiting caller is told.
    private enum Word: Sendable {
        case read
        case lookup(UserLookup)
    }

    private typealias Queue = UserListQueue<AsyncStream<Word>.Continuation>

    private let provider: HumanConnectClient
    private let logger: Logger
    private let queues = Mutex<[Identifier: Queue]>([:])
    private let memory = Mutex(UserMemory())

    package init(provider: HumanConnectClient, logger: Logger) {
        self.provider = provider
        self.logger = logger
    }

    /// Looks a user up: by what was learnt before, else in the list.
    func find(_ clientUserID: Secret, of app: StoredApp) async throws -> UserLookup {
        let key = UserMemory.Key(app: app.id, clientUserID: clientUserID)
        if let humanID = memory.withLock({ $0.humanID(of: key) }) {
            if try await isStill(humanID, clientUserID, of: app) { return .found(humanID: humanID) }
            memory.withLock { $0.set(nil, of: key) }
        }
        let endpoint = try app.provider
        return await withTaskGroup(of: UserLookup?.self) { group in
            group.addTask { await self.look(for: clientUserID, in: endpoint, app.id) }
            group.addTask {
                await Standstill.sleepAwake(for: FlowLimits.listWaitMax)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? .unfinished(.unknown(Task.isCancelled ? .cancelled : .timedOut))
        }
    }

    /// Whether the provider still has the person under this user id.
    private func isStill(
        _ humanID: Secret,
        _ clientUserID: Secret,
        of app: StoredApp
    ) async throws -> Bool {
        let endpoint = try app.provider
        do throws(HumanConnectError) {
            let user = try await provider.user(humanID: humanID, of: endpoint)
            return user == .person(humanID: humanID, clientUserID: clientUserID)
        } catch {
            switch error {
            case .notSent, .unknown(.timedOut), .unknown(.cancelled): throw error
            // Whatever it said, it did not confirm the person.
            case .rejected, .unknown: return false
            }
        }
    }

    /// Waits for a word, and reads the list when it is this caller's turn.
    private func look(
        for clientUserID: Secret,
        in app: ProviderApp,
        _ id: Identifier
    ) async -> UserLookup? {
        let (words, waiter) = AsyncStream.makeStream(of: Word.self)
        let joined = queues.withLock { $0[id, default: Queue()].join(clientUserID, waiter) }
        guard let (number, reads) = joined else { return .unfinished(.unknown(.listTooLong)) }
        defer { leave(number, id) }
        if reads { waiter.yield(.read) }
        for await word in words {
            switch word {
            case .read: await read(app, id)
            case .lookup(let lookup): return lookup
            }
        }
        return nil
    }

    /// Reads the list for all who wait now, and tells them.
    ///
    /// A reader who is cancelled tells nobody: the next one reads again.
    private func read(_ app: ProviderApp, _ id: Identifier) async {
        let asking = queues.withLock { $0[id]?.crowd() ?? [] }
        let crowd = Mutex(UserCrowd(asking.map(\.clientUserID)))
        var failure: HumanConnectError?
        do throws(HumanConnectError) {
            let unreadable = try await provider.listUsers(of: app) { user in
                crowd.withLock { $0.visit(user) }
            }
            if unreadable > 0 {
                logger.warning(
                    "entries of the provider's user list are unreadable",
                    metadata: ["app": "\(id)", "count": "\(unreadable)"]
                )
            }
        } catch {
            failure = error
            logger.warning("the provider's user list was not read", metadata: ["error": "\(error)"])
        }
        guard !Task.isCancelled else { return }
        let lookups = crowd.withLock { $0.ended(failure) }
        for case (let clientUserID, .found(let humanID)) in lookups {
            let key = UserMemory.Key(app: id, clientUserID: clientUserID)
            memory.withLock { $0.set(humanID, of: key) }
        }
        let answered = queues.withLock { $0[id]?.answered(asking) } ?? []
        for caller in answered {
            caller.waiter.yield(.lookup(lookups[caller.clientUserID] ?? .unclear))
        }
    }

    private func leave(_ number: Queue.Number, _ id: Identifier) {
        let next = queues.withLock { queues in
            let next = queues[id]?.leave(number)
            if queues[id]?.isIdle == true { queues[id] = nil }
            return next ?? nil
        }
        next?.yield(.read)
    }
}

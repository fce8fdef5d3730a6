internal import Ledger
internal import LedgerStore

extension Finalizer {
    /// Remembers that nothing was sent under a dispatch whose outcome is unknown.
    ///
    /// Only what a request wrote can be told from another worker's.
    func rememberUnsent(_ number: Int64, _ finalize: Finalize) {
        guard let requestID = finalize.context.requestID else { return }
        unsent.add(finalize.finish.finalize, number: number, requestID: requestID)
    }

    /// Says on record that nothing was sent under a dispatch, so that the session can be sent after all;
    /// false while the dispatch is not there.
    func tell(
        _ dispatch: UnsentDispatches.Entry,
        context: RecordContext
    ) async throws -> Bool {
        guard let (finalize, user) = try await kept(dispatch.finalize, context: context) else {
            return true
        }
        guard let stored = try await store.event(id: finalize.dispatchID(dispatch.number)) else {
            return false
        }
        guard try stored.genuineRecord()?.requestID == dispatch.requestID else { return true }
        // Written only where the dispatch stands: what a failover has lost is at no subject's version.
        _ = try await store.change(user, of: finalize.launch.app) { user in
            finalize.notSent(dispatch.number, of: user)
        }
        return true
    }
}

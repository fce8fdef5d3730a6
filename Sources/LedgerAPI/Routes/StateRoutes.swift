internal import HTTPTypes
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import NIOCore
internal import StateMap
internal import Vault

/// `GET /v1/users/{client_user_id}/proof`: what is current for a user, or that there is nobody of this
/// name, in one file that proves it.
struct StateRoutes: Sendable {
    let store: LedgerStore
    let proofs: StateProofs

    func add(to router: Router<LedgerRequestContext>) {
        router.get("/v1/users/:client_user_id/proof") { try await proof($0, $1) }
    }

    private func proof(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let caller = try await Caller(request, context, scope: .eventsRead, store: store)
        _ = try Query(request, keys: [])
        let proved = try await proofs.document(of: try context.clientUserID(), in: caller.app)
        return Response(
            status: .ok,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: proved.bytes))
        )
    }
}

/// The tokens that an answer hands out, which its proof must show.
///
/// An object: a closure that holds a state, given to an asynchronous function, was called at no address in an
/// optimized build (CONTRIBUTING.md, "The optimized program").
final class ProvedTokens: Sendable {
    private let subject: Identifier
    private let state: SubjectState

    init(of subject: Identifier, _ state: SubjectState) {
        self.subject = subject
        self.state = state
    }

    /// Whether they are those that count; the proof may be of an earlier or later version.
    func isShown(by proof: StateProof) -> Bool {
        guard proof.states?.subject == subject, let held = proof.states?.state,
            let proved = try? SubjectState(decoding: held.state)
        else { return false }
        return proved.accessToken == state.accessToken
            && proved.publicToken == state.publicToken && proved.status == state.status
    }
}

/// Gives proofs of what is current, and waits for a moment where the map does not tell of something yet.
struct StateProofs: Sendable {
    let store: LedgerStore
    /// One for each pair of logs, in order.
    let maps: [MapKeeper]

    /// The maps that hold who is of a log.
    func maps(of log: Log) -> MapKeeper { maps[log.pair] }

    /// A proof of what was current when it was asked for, or later, that also shows the caller's tokens; of nobody
    /// one from each of the maps where somebody of this name might be.
    ///
    /// Throws `LedgerError.notIntegrated` where there is none in time.
    @inline(never)
    func document(
        of clientUserID: Secret,
        in app: StoredApp,
        showing tokens: ProvedTokens? = nil
    ) async throws -> StateDocument {
        let end = ContinuousClock.now + RequestLimits.proofTimeMax
        // Whoever was there before pairs were added may be in a closed one.
        let logs = [store.home(of: clientUserID, in: app)] + store.logs.closed
        var asked: Int64?
        while true {
            let servings = logs.map { maps(of: $0).servings }
            let user = try await store.user(clientUserID, of: app)
            // Nobody waits for what happens meanwhile.
            asked = asked ?? user?.state.version
            if let user {
                let made = try await maps(of: user.log).proof(
                    of: clientUserID,
                    subject: user.subject,
                    in: app,
                    from: asked ?? 0
                )
                if let proof = made?.proof, proof.states?.state?.version ?? 0 >= asked ?? 0,
                    tokens?.isShown(by: proof) ?? true
                {
                    return try StateDocument([proof])
                }
            } else if tokens == nil, let nobody = try await nobody(clientUserID, app, logs) {
                return nobody
            }
            // Until another statement is proved there is no other answer.
            repeat {
                guard .now < end else { throw LedgerError.notIntegrated }
                try await Task.sleep(for: RequestLimits.proofPause)
            } while logs.map({ maps(of: $0).servings }) == servings
        }
    }

    /// Proves by the maps of these logs that nobody has the name; nil while one of them has not stated it yet.
    private func nobody(
        _ clientUserID: Secret,
        _ app: StoredApp,
        _ logs: [Log]
    ) async throws -> StateDocument? {
        var proofs: [StateProof] = []
        for log in logs {
            let made = try await maps(of: log).proof(of: clientUserID, subject: nil, in: app)
            guard let made else { return nil }
            proofs.append(made.proof)
        }
        return try StateDocument(proofs)
    }
}

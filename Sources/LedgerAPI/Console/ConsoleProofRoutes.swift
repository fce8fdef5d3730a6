internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import Vault

/// The page on which a browser checks what is current for a user.
struct ConsoleProofRoutes: Sendable {
    let desk: ConsoleDesk
    let proofs: StateProofs

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("users/:subject/proof") { try await show($0, $1) }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: [.eventsRead])
        _ = try Query(request, keys: [])
        let user = try await desk.user(context, visit)
        var clientUserID: Secret?
        if visit.caller.has(.usersRead) {
            clientUserID = try desk.store.value(.clientUserID, of: user)
        }
        let made = try await proofs.maps(of: user.log).proof(
            of: clientUserID,
            subject: user.subject,
            in: visit.app
        )
        try await desk.recordView(of: user, request, context, visit)
        let content = StateProofPage(
            subject: user.subject,
            clientUserID: clientUserID?.exposed,
            proof: made?.proof,
            key: desk.store.verifierKey(of: user.log),
            url: desk.url(),
            api: clientUserID.map { desk.call($0) }
        )
        return desk.answer(content, to: visit, at: .users)
    }
}

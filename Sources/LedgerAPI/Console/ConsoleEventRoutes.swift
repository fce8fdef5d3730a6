internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Vault

/// An event's page.
struct ConsoleEventRoutes: Sendable {
    let desk: ConsoleDesk

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("events/:log/:position") { try await show($0, $1) }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: [.eventsRead])
        _ = try Query(request, keys: [])
        let (name, place) = (
            try context.pathParameter("log"), try context.pathParameter("position")
        )
        if name == "by-id" { return try await redirect(place, visit) }
        guard let log = Log(name: name), log.kind != .map, desk.store.logs.contains(log),
            let position = URLText.number(place),
            let event = try await desk.store.event(at: position, log: log),
            event.app == visit.app.id
        else { throw LedgerError.notFound }
        let proved = try await desk.store.proved(event)
        let proof = proved.map { proved in
            EventPage.Proof(
                event.bytes,
                at: position,
                hashes: proved.proof.hashes,
                checkpoint: (
                    proved.checkpoint.size, proved.checkpoint.root, proved.checkpoint.note
                ),
                key: desk.store.verifierKey(of: log)
            )
        }
        let content = EventPage(
            event.placed,
            proof: proof,
            neighbours: try await desk.store.neighbours(of: event),
            url: desk.url()
        )
        return desk.answer(content, to: visit, at: .log)
    }

    /// Launches and finalizes are named by the ids of their events.
    private func redirect(_ id: String, _ visit: ConsoleVisit) async throws -> Response {
        guard let id = Identifier(id), let event = try await desk.store.event(named: id),
            event.app == visit.app.id
        else { throw LedgerError.notFound }
        return ConsoleDesk.redirect(to: event.placed.path)
    }
}

internal import Console
internal import Hummingbird
internal import Ledger
internal import LedgerStore
internal import MerkleLog
internal import Vault

/// What the logs can prove.
struct ConsoleEvidenceRoutes: Sendable {
    let desk: ConsoleDesk

    func add(to group: RouterGroup<LedgerRequestContext>) {
        group.get("evidence") { try await show($0, $1) }
    }

    private func show(
        _ request: Request,
        _ context: LedgerRequestContext
    ) async throws -> Response {
        let visit = try await desk.visit(request, context, anyOf: ConsolePlace.evidence.scopes)
        let query = try Query(request, keys: ["log", "before", "from", "to"], isForm: true)
        let log = try desk.store.log(query)
        let limit = RequestLimits.consoleEntries
        let found = try await desk.store.checkpoints(
            of: log,
            upTo: try query.position("before") ?? .max,
            limit: limit + 1
        )
        let last =
            query["before"] == nil
            ? found.first
            : try await desk.store.checkpoints(of: log, upTo: .max, limit: 1).first
        var note: String?
        var asked: (from: Int64, to: Int64)?
        var consistency: EvidencePage.Consistency?
        if let from = try query.position("from"), let to = try query.position("to") {
            asked = (from, to)
            (consistency, note) = try await between(from, to, log)
        }
        let content = EvidencePage(
            log: log,
            logs: desk.store.logs,
            key: desk.store.verifierKey(of: log),
            rows: try found.prefix(limit).map(Self.row),
            last: try last.map(Self.row),
            next: found.count > limit ? found[limit].size : nil,
            asked: asked,
            consistency: consistency,
            note: note,
            url: desk.url()
        )
        return desk.answer(content, to: visit, at: .evidence)
    }

    private static func row(_ stored: StoredCheckpoint) throws -> EvidencePage.Row {
        EvidencePage.Row(
            size: stored.size,
            publishedAt: stored.publishedAt,
            root: try stored.note.map { try Checkpoint($0.text).root.description },
            witnesses: stored.witnesses
        )
    }

    /// The proof between two sizes at which a checkpoint was signed, or why there is none.
    private func between(
        _ from: Int64,
        _ to: Int64,
        _ log: Log
    ) async throws -> (EvidencePage.Consistency?, String?) {
        guard from > 0 else { return (nil, "Before the first event there is nothing to prove.") }
        guard from <= to else { return (nil, "The first size must not be the greater one.") }
        guard let old = try await desk.store.checkpoint(atOrBefore: from, log: log),
            let new = try await desk.store.checkpoint(atOrBefore: to, log: log)
        else { return (nil, "No checkpoint is so small.") }
        for (size, found) in [(from, old), (to, new)] where found.size != size {
            return (
                nil,
                "No checkpoint has the size \(size); the next smaller one has \(found.size)."
            )
        }
        var tree = TreeReader(desk.store, size: to, log: log)
        let hashes = try await tree.consistency(from: from)
        let consistency = EvidencePage.Consistency(
            from: from,
            to: to,
            roots: (old.root, new.root),
            notes: (old.note, new.note),
            hashes: hashes
        )
        return (consistency, nil)
    }
}

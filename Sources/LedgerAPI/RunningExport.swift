internal import Ledger
internal import LedgerStore
internal import Synchronization

/// An export that its reader has not taken to its end; whoever holds it holds its place.
final class RunningExport: Sendable {
    let app: Identifier
    /// Who gets it, as the log names them.
    let actor: String
    /// The first, where there are several.
    let log: Log
    /// Which positions are looked through; nil where users are.
    let positions: Range<Int64>?
    let beganAt: Timestamp
    private let pages: ExportPages
    private let place: AppPlace
    private let next: Atomic<Int64>

    /// Begins at the first position.
    init(
        _ pages: ExportPages,
        isOfUsers: Bool = false,
        for caller: Caller,
        _ context: RecordContext,
        at time: Timestamp,
        place: AppPlace
    ) {
        app = caller.app.id
        actor = context.actor
        log = pages.requests[0].log
        positions = isOfUsers ? nil : pages.positions
        beganAt = time
        self.pages = pages
        self.place = place
        next = Atomic(pages.positions.lowerBound)
    }

    /// The first of the positions that was not read for it yet.
    var reached: Int64 { next.load(ordering: .relaxed) }

    /// The page at a place, where it goes on.
    func part(at place: ExportPages.Place) async throws -> ExportPages.Part {
        next.store(pages.reached(place), ordering: .relaxed)
        return try await pages.part(at: place)
    }
}

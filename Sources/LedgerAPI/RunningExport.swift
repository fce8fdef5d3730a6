internal import Ledger
internal import LedgerStore
internal import Synchronization

/// An export that its reader has not taken to its end; whoever holds it holds its place.
final class RunningExport: Sendable {
    let app: Identifier
    /// Who gets it, as the log names them.
    let actor: String
    let log: Log
    /// Which positions are looked through; nil where users are.
    let positions: Range<Int64>?
    let beganAt: Timestamp
    private let place: AppPlace
    private let next: Atomic<Int64>

    /// Begins at the first position.
    init(
        _ asked: ExportRequest,
        isOfUsers: Bool = false,
        for caller: Caller,
        _ context: RecordContext,
        at time: Timestamp,
        place: AppPlace
    ) {
        app = caller.app.id
        actor = context.actor
        log = asked.log
        positions = isOfUsers ? nil : asked.positions
        beganAt = time
        self.place = place
        next = Atomic(asked.positions.lowerBound)
    }

    /// The first position that was not read for it yet.
    var reached: Int64 { next.load(ordering: .relaxed) }

    /// It goes on at a position.
    func note(_ position: Int64) { next.store(position, ordering: .relaxed) }
}

/// Which launches of a user can be cold history: those of which nothing is left in the state.
///
/// A launch, and the report that it was closed or failed, changes nothing but which popups are told apart and
/// whether the user is doubted. So tokens, persons and finalizes of any moment are folded without them, and so is
/// the whole state from the line on: that is tried here, event by event, before anything goes
/// (docs/decisions/0072-cold-history.md#facts).
package enum ColdLaunches {
    /// The types of events that can be cold in a log of facts; the schema has them too.
    package static let types = [
        "connect.launched", "edit.launched", "launch.closed", "launch.failed",
    ]

    /// One of the user's events, in their order.
    package struct Step: Sendable {
        let position: Int64
        let record: Record
        /// How many events before it are cold already.
        let coldBefore: Int64

        package init(position: Int64, record: Record, coldBefore: Int64) {
            self.position = position
            self.record = record
            self.coldBefore = coldBefore
        }
    }

    /// The positions before a line of those that can go.
    ///
    /// `story` are all events of the user that are there. The first one stays, by which the user is known; the last one
    /// and the last before the line, which the map of states names at its moments from the line on; and launches that a
    /// finish can still come under, or has come, for it is repeated, and brought to an end, by its launch.
    package static func positions(in story: [Step], before line: Int64) -> [Int64] {
        let past = story.filter { $0.position < line }
        let state = folded(past, without: [])
        let needed = Set(
            state.popups.map(\.launch) + story.compactMap(\.record.event.finishedLaunch)
        )
        // All have a version of the user's, and the first one has the first.
        let free = past.dropFirst().dropLast().filter { step in
            step.record.event.reportedLaunch.map { !needed.contains($0) } ?? false
        }
        let gone = Set(free.compactMap(\.record.event.openedLaunch))
        let staying = Set(past.compactMap(\.record.event.openedLaunch)).subtracting(gone)
        // What became of a launch stays beside it.
        var chosen = free.filter { step in
            step.record.event.reportedLaunch.map { !staying.contains($0) } ?? false
        }
        if folded(past, without: chosen) == state { return chosen.map(\.position) }
        // The last report may be what the user is doubted for.
        guard
            let report = chosen.lastIndex(where: { $0.record.event.openedLaunch == nil })
        else { return [] }
        chosen.remove(at: report)
        return folded(past, without: chosen) == state ? chosen.map(\.position) : []
    }

    private static func folded(_ story: [Step], without gone: [Step]) -> SubjectState {
        let gone = Set(gone.map(\.position))
        var state = SubjectState()
        for step in story {
            state.passOver(step.coldBefore)
            if gone.contains(step.position) {
                state.passOver()
            } else {
                state.apply(step.record.event, at: step.record.time)
            }
        }
        return state
    }
}

extension LedgerEvent {
    /// The launch that the event opens.
    fileprivate var openedLaunch: Identifier? {
        switch self {
        case .connectLaunched(let launch), .editLaunched(let launch, _): launch.launch
        default: nil
        }
    }

    /// The launch under which a finish came.
    fileprivate var finishedLaunch: Identifier? {
        switch self {
        case .finishReceived(let finish), .finishHeld(let finish): finish.launch
        default: nil
        }
    }

    /// The launch that the event opens, or of which it says that it was closed or failed, and nothing else.
    fileprivate var reportedLaunch: Identifier? {
        switch self {
        case .launchClosed(let launch), .launchFailed(let launch, _): launch
        default: openedLaunch
        }
    }
}

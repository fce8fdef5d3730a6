internal import Ledger
internal import MerkleLog
internal import StateMap

/// Folds a user's events up to a position, page by page.
///
/// An object, for the reason that `CurrentRow` is one.
final class StateFold {
    private let end: Int64
    private(set) var state = SubjectState()
    private var newest: StoredEvent?
    /// Whether the service wrote any of the events.
    private var isGenuine = false
    /// Whether some of them are cold history: then it is right from the line on.
    private(set) var lacksSome = false

    /// Takes no event at this position or later.
    init(before end: Int64) {
        self.end = end
    }

    /// Takes the next events; whether more of them may come.
    func take(_ page: [StoredEvent]) throws(StoreError) -> Bool {
        for event in page {
            if event.coldBefore > 0 { lacksSome = true }
            guard event.position < end else { return false }
            let record = try event.genuineRecord()
            state.passOver(event.coldBefore)
            do {
                try state.apply(record)
            } catch {
                throw .damaged(.record)
            }
            isGenuine = isGenuine || record != nil
            newest = event
        }
        return true
    }

    /// What the map of states holds after them; nil where the service wrote none of them.
    var held: MapState? {
        guard let newest, isGenuine else { return nil }
        return MapState(
            version: state.version,
            position: newest.position,
            record: MerkleHash(leaf: newest.bytes),
            state: state.encoded()
        )
    }
}

/// What came of a fold: an object, for the reason that `CurrentRow` is one.
final class FoldedState: Sendable {
    /// Nil where the service wrote none of the user's events.
    let state: MapState?

    init(_ state: MapState?) {
        self.state = state
    }
}

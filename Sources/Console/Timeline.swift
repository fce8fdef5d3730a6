package import Ledger

/// A user's events with the state after each, and one of them as the moment that is looked at.
package struct Timeline: Sendable {
    /// An event with what it changed.
    package struct Entry: Sendable {
        let version: Int
        let row: EventRow
        let changes: [StateChange]
        let hasChanges: Bool
        let isCursor: Bool
        /// Leads to the page as of this event.
        let atPath: String
    }

    /// The newest first: those around the cursor.
    let entries: [Entry]
    /// How many events there are.
    let count: Int
    /// How many are not among them, for they are cold history: launches, and reports of them.
    ///
    /// Nil where none is.
    let coldCount: Int64?
    /// Which of them is looked at, from 1; 0 for the moment before the first one.
    let cursor: Int
    /// The state after it.
    package let state: SubjectState
    /// Its position; nil where there are no events.
    package let position: Int64?
    let cursorTime: ShownTime?
    /// The page as of the events beside it, and as of the last one.
    let olderPath: String?
    let newerPath: String?
    let newestPath: String?
    let path: String
    let isNewest: Bool
    /// Of what the state is, in words.
    let moment: String

    /// How many events a page has.
    static let entriesMax = 100

    /// Folds a user's whole history.
    ///
    /// - Parameters:
    ///   - records: all of the user's events, the oldest first.
    ///   - position: the moment: after the last event that stands there or before; nil for now.
    ///   - path: of the user's page.
    ///   - isRaw: whether the links lead to pages that show bytes, too.
    /// - Throws: `FoldError` where events are missing.
    package init(
        _ records: [PlacedRecord],
        at position: Int64?,
        path: String,
        isRaw: Bool = false
    ) throws(FoldError) {
        let view = isRaw ? "&view=raw" : ""
        let cursor =
            position.map { bound in records.count { $0.position <= bound } } ?? records.count
        // The cursor stands in the middle, as far as there are events on both sides.
        let end = min(records.count, max(cursor + Self.entriesMax / 2, Self.entriesMax))
        let start = max(0, end - Self.entriesMax)
        var state = SubjectState()
        var atCursor = SubjectState()
        var entries: [Entry] = []
        for (index, placed) in records.enumerated() {
            state.passOver(placed.coldBefore)
            let before = state
            try state.apply(placed.record)
            if index + 1 == cursor { atCursor = state }
            guard (start..<end).contains(index) else { continue }
            let changes = StateChange.list(from: before, to: state)
            entries.append(
                Entry(
                    version: index + 1,
                    row: EventRow(placed),
                    changes: changes,
                    hasChanges: !changes.isEmpty,
                    isCursor: index + 1 == cursor,
                    atPath: "\(path)?at=\(placed.position)\(view)"
                )
            )
        }
        func place(_ number: Int) -> String? {
            guard (0...records.count).contains(number) else { return nil }
            return "\(path)?at=\(number == 0 ? 0 : records[number - 1].position)\(view)"
        }
        self.entries = entries.reversed()
        count = records.count
        let cold = records.reduce(0) { $0 + $1.coldBefore }
        coldCount = cold > 0 ? cold : nil
        isNewest = cursor == records.count
        moment = isNewest ? "now" : cursor == 0 ? "before event 1" : "after event \(cursor)"
        self.cursor = cursor
        self.state = atCursor
        self.position = cursor > 0 ? records[cursor - 1].position : nil
        cursorTime = cursor > 0 ? records[cursor - 1].record.map { ShownTime($0.time) } : nil
        olderPath = place(cursor - 1)
        newerPath = place(cursor + 1)
        newestPath = cursor == records.count ? nil : path + (isRaw ? "?view=raw" : "")
        self.path = path
    }

    /// The position of the last event that was made by a time; nil where there is none.
    package static func position(
        in records: [PlacedRecord],
        at time: Timestamp
    ) -> Int64? {
        records.last { placed in placed.record.map { $0.time <= time } ?? false }?.position
    }
}

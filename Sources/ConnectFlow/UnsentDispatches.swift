internal import Ledger
internal import Synchronization

/// Dispatches of this process whose answer from the database was lost: whether they stand is not known, but
/// nothing was sent under them (docs/decisions/0035-who-ends-what-was-left-behind.md).
///
/// In memory only. After a crash nobody knows it any more, and the worker counts as lost.
final class UnsentDispatches: Sendable {
    /// A dispatch that was written, perhaps, and certainly not carried out.
    struct Entry: Sendable, Equatable {
        let finalize: Identifier
        let number: Int64
        /// Of the request that wrote it: another worker's dispatch has the same id.
        let requestID: String
        let since: ContinuousClock.Instant
    }

    private let entries = Mutex<[Identifier: Entry]>([:])

    /// Remembers one, while there is room.
    func add(_ finalize: Identifier, number: Int64, requestID: String) {
        let entry = Entry(finalize: finalize, number: number, requestID: requestID, since: .now)
        entries.withLock { entries in
            guard entries.count < FlowLimits.unsentMax || entries[finalize] != nil else { return }
            entries[finalize] = entry
        }
    }

    /// Forgets one of which everything is said.
    func remove(_ entry: Entry) {
        entries.withLock { entries in
            if entries[entry.finalize] == entry { entries[entry.finalize] = nil }
        }
    }

    /// All of them, without those that are too old to be of use to anybody.
    var all: [Entry] {
        entries.withLock { entries in
            let oldest = ContinuousClock.now - FlowLimits.unsentTime
            entries = entries.filter { $0.value.since > oldest }
            return Array(entries.values)
        }
    }
}

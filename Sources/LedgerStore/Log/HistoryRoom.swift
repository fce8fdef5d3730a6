internal import Ledger
internal import Synchronization

/// How many long histories are read now, of each app and in all.
final class HistoryRoom: Sendable {
    private let counts = Mutex<[Identifier: Int]>([:])

    /// A place, as long as it is held.
    ///
    /// - Throws: `StoreError.overloaded`.
    func enter(_ app: Identifier) throws(StoreError) -> HistoryPlace {
        let isIn = counts.withLock { counts in
            guard counts[app, default: 0] < StoreLimits.historiesOfAppMax,
                counts.values.reduce(0, +) < StoreLimits.historiesMax
            else { return false }
            counts[app, default: 0] += 1
            return true
        }
        guard isIn else { throw .overloaded }
        return HistoryPlace(of: app, in: self)
    }

    fileprivate func leave(_ app: Identifier) {
        counts.withLock { counts in
            let count = counts[app, default: 0] - 1
            counts[app] = count > 0 ? count : nil
        }
    }
}

/// One long history that is read; nobody holds this any more when it is not.
final class HistoryPlace: Sendable {
    private let app: Identifier
    private let room: HistoryRoom

    fileprivate init(of app: Identifier, in room: HistoryRoom) {
        self.app = app
        self.room = room
    }

    deinit { room.leave(app) }
}

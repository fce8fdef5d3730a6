package import Ledger
internal import Synchronization

/// Places for what lasts and takes memory meanwhile: so many for each app, and so many in all.
package final class AppRoom: Sendable {
    private let counts = Mutex<[Identifier: Int]>([:])
    private let ofAppMax: Int
    private let inAllMax: Int

    /// Nobody is in it yet.
    package init(ofAppMax: Int, inAllMax: Int) {
        self.ofAppMax = ofAppMax
        self.inAllMax = inAllMax
    }

    /// A place, as long as it is held; nil where as many are taken as there are.
    package func enter(_ app: Identifier) -> AppPlace? {
        let isIn = counts.withLock { counts in
            guard counts[app, default: 0] < ofAppMax,
                counts.values.reduce(0, +) < inAllMax
            else { return false }
            counts[app, default: 0] += 1
            return true
        }
        return isIn ? AppPlace(of: app, in: self) : nil
    }

    /// How many places are taken.
    package var taken: Int { counts.withLock { $0.values.reduce(0, +) } }

    fileprivate func leave(_ app: Identifier) {
        counts.withLock { counts in
            let count = counts[app, default: 0] - 1
            counts[app] = count > 0 ? count : nil
        }
    }
}

/// A place in a room; it is free when nobody holds this any more, however what it was for has ended.
package final class AppPlace: Sendable {
    private let app: Identifier
    private let room: AppRoom

    fileprivate init(of app: Identifier, in room: AppRoom) {
        self.app = app
        self.room = room
    }

    deinit { room.leave(app) }
}

internal import Ledger
internal import Synchronization

/// How many exports are under way, for each app and in all.
///
/// An export holds pages of records for as long as its reader takes, so the memory of all of them is
/// bounded only where their number is.
final class ExportRoom: Sendable {
    private let counts = Mutex<[Identifier: Int]>([:])

    /// A place, as long as it is held.
    ///
    /// - Throws: `LedgerError.tooManyExports`.
    func enter(_ app: Identifier) throws(LedgerError) -> ExportPlace {
        let isIn = counts.withLock { counts in
            guard counts[app, default: 0] < RequestLimits.exportsOfAppMax,
                counts.values.reduce(0, +) < RequestLimits.exportsMax
            else { return false }
            counts[app, default: 0] += 1
            return true
        }
        guard isIn else { throw .tooManyExports }
        return ExportPlace(of: app, in: self)
    }

    fileprivate func leave(_ app: Identifier) {
        counts.withLock { counts in
            let count = counts[app, default: 0] - 1
            counts[app] = count > 0 ? count : nil
        }
    }
}

/// One export under way; it ends when nobody holds this any more, however the answer ended.
final class ExportPlace: Sendable {
    private let app: Identifier
    private let room: ExportRoom

    fileprivate init(of app: Identifier, in room: ExportRoom) {
        self.app = app
        self.room = room
    }

    deinit { room.leave(app) }
}

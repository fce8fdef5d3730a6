internal import Ledger
internal import Measures
internal import Synchronization

/// How many exports are under way, for each app and in all.
///
/// An export holds pages of records for as long as its reader takes, so the memory of all of them is
/// bounded only where their number is.
final class ExportRoom: Sendable {
    private let counts = Mutex<[Identifier: Int]>([:])
    private let refusals = Counter()

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
        guard isIn else {
            refusals.add()
            throw .tooManyExports
        }
        return ExportPlace(of: app, in: self)
    }

    /// Adds how full it is to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.exports, counts.withLock { $0.values.reduce(0, +) })
        page.add(.exportsMax, RequestLimits.exportsMax)
        page.add(.exportsOfAppMax, RequestLimits.exportsOfAppMax)
        page.add(.refusedExports, refusals)
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

extension MetricFamily {
    fileprivate static let exports = gauge(
        "token_ledger_exports",
        "Exports under way"
    )
    fileprivate static let exportsMax = gauge(
        "token_ledger_exports_max",
        "How many exports may be under way"
    )
    fileprivate static let exportsOfAppMax = gauge(
        "token_ledger_exports_of_app_max",
        "How many exports of one app may be under way"
    )
    fileprivate static let refusedExports = counter(
        "token_ledger_refused_exports_total",
        "Exports that were refused, because as many were under way as may be"
    )
}

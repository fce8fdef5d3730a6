internal import Ledger
internal import LedgerStore
internal import Measures
internal import Synchronization

/// Which exports are under way, and how many may be, for each app and in all.
///
/// An export holds pages of records for as long as its reader takes, so the memory of all of them is
/// bounded only where their number is.
final class ExportRoom: Sendable {
    private let room = AppRoom(
        ofAppMax: RequestLimits.exportsOfAppMax,
        inAllMax: RequestLimits.exportsMax
    )
    private let refusals = Counter()
    private let exports = Mutex<[Held]>([])

    /// Whoever writes the answer holds it, and nobody else.
    private struct Held {
        weak var export: RunningExport?
    }

    /// A place, as long as it is held.
    ///
    /// - Throws: `LedgerError.tooManyExports`.
    func enter(_ app: Identifier) throws(LedgerError) -> AppPlace {
        guard let place = room.enter(app) else {
            refusals.add()
            throw .tooManyExports
        }
        return place
    }

    /// Shows an export to those who watch, for as long as it is held.
    func show(_ export: RunningExport) {
        exports.withLock { exports in
            exports.removeAll { $0.export == nil }
            exports.append(Held(export: export))
        }
    }

    /// Those of an app, the oldest first.
    func running(of app: Identifier) -> [RunningExport] {
        exports.withLock { $0.compactMap(\.export) }.filter { $0.app == app }
    }

    /// Adds how full it is to a page of metrics.
    func fill(_ page: inout MetricPage) {
        page.add(.exports, room.taken)
        page.add(.exportsMax, RequestLimits.exportsMax)
        page.add(.exportsOfAppMax, RequestLimits.exportsOfAppMax)
        page.add(.refusedExports, refusals)
    }
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

import ArgumentParser
import Ledger
import LedgerExport
import LedgerStack
import LedgerStore

/// The flags that say which events an export has; the same words as in `GET /v1/export`.
struct ExportSelection: ParsableArguments {
    @OptionGroup var person: PersonOptions

    @Option(help: "facts, or access: who read and exported what.")
    var log = LogName.facts

    @Option(name: .customLong("from-position"), help: "The first position.")
    var fromPosition: Int64?

    @Option(name: .customLong("until-position"), help: "The position before which to end.")
    var untilPosition: Int64?

    @Option(
        name: .customLong("type"),
        help: ArgumentHelp("Only events of this type; repeatable.", valueName: "type")
    )
    var types: [String] = []

    @Option(help: ArgumentHelp("Only events of this moment and later.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Only events before this moment.", valueName: "time"))
    var until: String?

    /// The two logs, by the names that HTTP has for them.
    enum LogName: String, ExpressibleByArgument, CaseIterable {
        case facts
        case access

        func logID(_ store: LedgerStore) -> Int32 {
            self == .facts ? store.administrationLog : store.accessLog
        }
    }

    func validate() throws {
        for (flag, text) in [("--since", since), ("--until", until)] {
            if let text, Timestamp(text) == nil {
                throw ValidationError(
                    "\(flag) must be an RFC 3339 time, such as 2026-01-31T12:00:00Z."
                )
            }
        }
        guard fromPosition ?? 0 >= 0, untilPosition ?? 0 >= 0 else {
            throw ValidationError("Positions count from 0.")
        }
        for type in types where !LedgerEvent.types.contains(type) {
            throw ValidationError(
                "There is no event type \(type). There are: "
                    + LedgerEvent.types.sorted().joined(separator: ", ") + "."
            )
        }
    }

    /// What is asked for, in terms of the store.
    func target(_ store: LedgerStore) async throws -> ExportTarget {
        let isOfApp = person.app != nil || person.user != nil || person.subject != nil
        let app = isOfApp ? try await person.app(store) : nil
        let user = try await person.user(store)
        var filter = EventFilter(app: app?.id)
        filter.subject = user?.subject
        filter.types = types
        filter.since = since.flatMap { Timestamp($0) }
        filter.until = until.flatMap { Timestamp($0) }
        let logID = log.logID(store)
        var apps: [StoredApp] = []
        if let app { apps = [app] } else { apps = try await store.apps() }
        return ExportTarget(
            logID: logID,
            filter: filter,
            query: ExportQuery(
                clientID: app?.clientID,
                subject: filter.subject,
                types: types,
                since: filter.since,
                until: filter.until
            ),
            apps: apps,
            from: fromPosition ?? 0,
            until: untilPosition,
            size: try await store.size(logID: logID)
        )
    }
}

/// Which events an export has.
struct ExportTarget {
    let logID: Int32
    let filter: EventFilter
    /// The same conditions, as files name them.
    let query: ExportQuery
    /// The apps whose events may be among them.
    let apps: [StoredApp]
    let from: Int64
    let until: Int64?
    /// How many records the log had at the beginning.
    let size: Int64

    /// The positions, which end at `size` if nothing else was said.
    ///
    /// Throws `CommandError` when there are no such positions.
    func range(upTo size: Int64) throws -> Range<Int64> {
        let end = until ?? size
        guard end <= size else {
            throw CommandError("The log ends at position \(size), before --until-position.")
        }
        guard from <= end else {
            throw CommandError("There is nothing at position \(from): the end is \(end).")
        }
        return from..<end
    }

    /// The event that says what is about to leave.
    func event(
        _ export: Identifier,
        _ format: LedgerEvent.Export.Format,
        _ range: Range<Int64>,
        identities: Bool = false
    ) -> LedgerEvent.Export {
        LedgerEvent.Export(
            export: export,
            log: logID,
            format: format,
            from: range.lowerBound,
            until: range.upperBound,
            types: query.types,
            since: query.since,
            before: query.until,
            identities: identities
        )
    }

    func record(_ event: LedgerEvent.Export, _ store: LedgerStore) async throws {
        try await store.recordExport(
            event,
            of: apps,
            subject: query.subject,
            context: .byOperator
        )
    }
}

import ArgumentParser
import Ledger
import LedgerExport
import LedgerStack
import LedgerStore

/// The flags that say which events an export has; the same words as in `GET /v1/export`.
struct ExportSelection: ParsableArguments {
    @OptionGroup var person: PersonOptions

    @OptionGroup var conditions: EventConditions

    @Option(
        name: .customLong("from-position"),
        help: """
            The first position; where there are several logs, of the one that --log or --user names.
            """
    )
    var fromPosition: Int64?

    @Option(
        name: .customLong("until-position"),
        help: "The position before which to end; the same."
    )
    var untilPosition: Int64?

    func validate() throws {
        for (flag, text) in [("--since", conditions.since), ("--until", conditions.before)] {
            if let text, Timestamp(text) == nil {
                throw ValidationError(
                    "\(flag) must be an RFC 3339 time, such as 2026-01-31T12:00:00Z."
                )
            }
        }
        guard fromPosition ?? 0 >= 0, untilPosition ?? 0 >= 0 else {
            throw ValidationError("Positions count from 0.")
        }
        for type in conditions.types where !LedgerEvent.types.contains(type) {
            throw ValidationError(
                "There is no event type \(type). There are: "
                    + LedgerEvent.types.sorted().joined(separator: ", ") + "."
            )
        }
    }

    /// The logs in which it may be.
    func logs(_ store: LedgerStore) async throws -> [Log] {
        // One log is asked, whoever is meant.
        guard store.logs.pairs > 1 else { return try store.logs.named(conditions.log) }
        return try logs(store, about: try await person.user(store)?.subject)
    }

    private func logs(_ store: LedgerStore, about subject: Identifier?) throws -> [Log] {
        guard fromPosition ?? 0 == 0, untilPosition == nil else {
            return [try store.logs.one(conditions.log, about: subject)]
        }
        return try store.logs.named(conditions.log, about: subject)
    }

    /// What is asked for of each log, which ends where `ends` says, or where it ends now.
    ///
    /// Throws `CommandError` when there is no such app, user or position.
    func requests(
        _ store: LedgerStore,
        upTo ends: [Log: Int64]? = nil
    ) async throws -> [ExportRequest] {
        let isOfApp = person.app != nil || person.user != nil || person.subject != nil
        let app = isOfApp ? try await person.app(store) : nil
        let query = EventQuery(
            clientID: app?.clientID,
            subject: try await person.user(store)?.subject,
            types: conditions.types,
            since: conditions.since.flatMap { Timestamp($0) },
            before: conditions.before.flatMap { Timestamp($0) }
        )
        let apps = if let app { [app] } else { try await store.apps() }
        let logs = try logs(store, about: query.subject)
        var requests: [ExportRequest] = []
        for log in logs {
            // Before anything is written: what is cold is in another bundle already.
            try await store.requireWarm(LogPlaces([.init(next: fromPosition ?? 0)]), in: [log])
            let size = if let ends { ends[log] ?? 0 } else { try await store.size(log: log) }
            requests.append(
                ExportRequest(log: log, query: query, apps: apps, positions: try positions(size))
            )
        }
        return requests
    }

    /// Which positions are asked for of a log that ends there.
    private func positions(_ size: Int64) throws -> Range<Int64> {
        let start = fromPosition ?? 0
        let end = untilPosition ?? size
        guard end <= size else {
            throw CommandError("The log ends at position \(size), before --until-position.")
        }
        guard start <= end else {
            throw CommandError("There is nothing at position \(start): the end is \(end).")
        }
        return start..<end
    }
}

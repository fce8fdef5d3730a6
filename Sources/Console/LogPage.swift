package import Ledger
internal import Wire

/// The last events of a log, and those that come.
package struct LogPage: ConsolePage {
    /// A choice of a form.
    package struct Choice: Sendable {
        let value: String
        let isChosen: Bool
    }

    package let template = PageTemplate.log
    package let title: String
    let rows: [EventRow]
    let isEmpty: Bool
    let logs: [Choice]
    let types: [Choice]
    /// What was chosen, as the form shows it again.
    let chosenTypes: String
    let subject: String
    let since: String
    let until: String
    let olderPath: String?
    let newestPath: String?
    /// Before which position nothing is in the database, on the page that ends there.
    let coldBefore: Int64?
    let isFacts: Bool
    /// What the script follows; nil on pages that do not end at the log's end.
    let tailPath: String?
    let copy: CopyLines

    /// What somebody asked for, as it stands in the URL.
    package struct Asked: Sendable {
        package var log: Log
        package var types: String?
        package var subject: String?
        package var since: String?
        package var until: String?
        package var before: Int64?

        package init(
            log: Log,
            types: String?,
            subject: String?,
            since: String?,
            until: String?,
            before: Int64?
        ) {
            self.log = log
            self.types = types
            self.subject = subject
            self.since = since
            self.until = until
            self.before = before
        }

        /// The conditions by their names in the API.
        ///
        /// The page is of one log: in an address of the console its name is that, elsewhere it may be all of the kind.
        private func conditions(_ logName: String) -> [(name: String, value: String)] {
            let parts = [
                ("log", logName), ("type", types), ("subject", subject), ("since", since),
                ("until", until),
            ]
            return parts.compactMap { name, value in value.map { (name, $0) } }
        }

        /// The conditions as a query.
        fileprivate var query: String { query(log.name) }

        fileprivate func query(_ logName: String) -> String {
            conditions(logName).map { name, value in
                "\(name)=" + PercentCoding.encode(value, keeping: .unreserved)
            }.joined(separator: "&")
        }

        /// The conditions as flags of the program, which takes one type at a time; each value was read as a
        /// word, a time or an id, and means nothing to a shell.
        fileprivate func flags(_ logName: String) -> String {
            conditions(logName).flatMap { name, value in
                (name == "type" ? value.split(separator: ",").map(String.init) : [value]).map {
                    "--\(name) \($0)"
                }
            }.joined(separator: " ")
        }
    }

    /// - Parameters:
    ///   - records: the newest first.
    ///   - asked: under which conditions.
    ///   - logs: that there are.
    ///   - next: before which position the next page goes on; nil where nothing older is left.
    ///   - end: the log's size when it was read.
    ///   - coldBefore: the position before which its events are not in the database; 0 where all are.
    ///   - url: under which callers reach the service.
    package init(
        _ records: [PlacedRecord],
        asked: Asked,
        logs: Logs,
        next: Int64?,
        end: Int64,
        coldBefore: Int64 = 0,
        url: String
    ) {
        self.coldBefore = next == nil && coldBefore > 0 ? coldBefore : nil
        isFacts = asked.log.kind == .facts
        title = "Log of \(asked.log.name)"
        rows = records.map(EventRow.init)
        isEmpty = rows.isEmpty
        self.logs = logs.ofEvents.map { Choice(value: $0.name, isChosen: $0 == asked.log) }
        types = LedgerEvent.types.sorted().map {
            Choice(value: $0, isChosen: $0 == asked.types)
        }
        chosenTypes = asked.types ?? ""
        subject = asked.subject ?? ""
        since = asked.since ?? ""
        until = asked.until ?? ""
        let path = "/console/log?\(asked.query)"
        olderPath = next.map { "\(path)&before=\($0)" }
        newestPath = asked.before == nil ? nil : path
        tailPath =
            asked.before == nil && asked.until == nil
            ? "/console/tail?\(asked.query)&from_position=\(end)" : nil
        let logName = logs.pairs > 1 ? asked.log.ownName : asked.log.name
        copy = CopyLines(
            url: "\(url)/v1/events?\(asked.query(logName))",
            command: "events tail --url \(url) --key-file KEY-FILE --from 0 \(asked.flags(logName))"
        )
    }
}

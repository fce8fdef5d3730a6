package import Ledger
internal import Postgres

/// What is to leave of one log in bulk.
package struct ExportRequest: Sendable {
    package let log: Log
    /// Which events of the log.
    package let query: EventQuery
    /// The apps whose events may be among them: their access logs say so.
    package let apps: [StoredApp]
    /// Among which positions; they must not lie beyond the log's size, for what is appended
    /// meanwhile would be passed over.
    package var positions: Range<Int64>

    package init(log: Log, query: EventQuery, apps: [StoredApp], positions: Range<Int64>) {
        self.log = log
        self.query = query
        self.apps = apps
        self.positions = positions
    }
}

/// A stretch of an export: records as they are written to a file or a network.
package struct ExportPage: Sendable {
    /// The records, byte for byte, each with a line end behind it.
    package var lines: [UInt8] = []
    /// Where each line ends: the offset after its line end.
    package var ends: [Int] = []
    /// Where each record stands in its log.
    package var positions: [Int64] = []
    /// The position to go on from; nil at the end.
    package var next: Int64?
}

extension LedgerStore {
    /// The records of an export from a position on, ready to be written.
    ///
    /// A call looks at a bounded stretch and gives a bounded page, so a page may be empty before
    /// the end; only `next` says where the end is.
    package func exportPage(
        _ request: ExportRequest,
        from position: Int64
    ) async throws(StoreError) -> ExportPage {
        let end = request.positions.upperBound
        guard position < end else { return ExportPage() }
        // A subject's events are few and have an index of their own: no stretch is needed.
        let stretchEnd =
            request.query.subject != nil
            ? end : min(end, position + StoreLimits.scannedEventsMax)
        let statement = request.query.statement(
            log: request.log,
            positions: position..<stretchEnd,
            limit: StoreLimits.exportRecordsMax,
            bytesMax: StoreLimits.exportBytesMax
        )
        let history = try await requireWarm(request.log, from: position)
        let page = try await bulk[request.log].query(statement) { result throws(PostgresError) in
            var page = try Self.page(result)
            // Each record has a line end behind it.
            let isCut =
                page.positions.count == StoreLimits.exportRecordsMax
                || page.lines.count - page.ends.count >= StoreLimits.exportBytesMax
            let next = isCut ? (page.positions.last ?? end) + 1 : stretchEnd
            page.next = next < end ? next : nil
            return page
        }
        try await requireUnchanged(history, request.log)
        return page
    }

    /// Records that an export is about to leave: for each app that wants it, one event for each log.
    ///
    /// The requests ask for the same, each of its log. Durable when it returns; no byte may leave before
    /// (docs/threats.md#t28).
    package func recordExport(
        _ requests: [ExportRequest],
        id export: Identifier,
        format: LedgerEvent.Export.Format,
        identities: Bool = false,
        context: RecordContext
    ) async throws(StoreError) {
        guard let first = requests.first else { return }
        let events = requests.map { request in
            LedgerEvent.logExported(
                LedgerEvent.Export(
                    export: export,
                    log: request.log.id,
                    format: format,
                    positions: request.positions,
                    query: request.query,
                    identities: identities
                )
            )
        }
        for app in first.apps {
            try await recordAccess(events, of: app, first.query.subject, context)
        }
    }

    private static func page(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> ExportPage {
        var page = ExportPage()
        let count = result.rowCount
        page.ends.reserveCapacity(count)
        page.positions.reserveCapacity(count)
        for row in 0..<count {
            page.positions.append(try result.int8(row, 1))
            try result.appendBytes(row, 2, to: &page.lines)
            page.lines.append(UInt8(ascii: "\n"))
            page.ends.append(page.lines.count)
        }
        return page
    }
}

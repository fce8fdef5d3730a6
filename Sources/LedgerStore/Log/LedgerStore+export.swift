package import Ledger
internal import Postgres

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
    /// The records of a stretch of a log that pass a filter, ready to be written.
    ///
    /// A call looks at a bounded stretch and gives a bounded page, so a page may be empty before
    /// the end; only `next` says where the end is. `end` must not lie beyond the log's size:
    /// what is appended meanwhile would be passed over.
    package func exportPage(
        _ filter: EventFilter,
        logID: Int32,
        from position: Int64,
        below end: Int64
    ) async throws(StoreError) -> ExportPage {
        guard position < end else { return ExportPage() }
        let isOfSubject = filter.subject != nil
        // A subject's events are few and have an index of their own: no stretch is needed.
        let stretchEnd =
            isOfSubject ? end : min(end, position + StoreLimits.scannedEventsMax)
        let statement =
            if isOfSubject {
                Self.subjectExport(filter, logID, position, stretchEnd)
            } else {
                Self.filteredExport(filter, logID, position, stretchEnd)
            }
        return try await database.query(statement) { result throws(PostgresError) in
            var page = try Self.page(result)
            let isCut = page.positions.count == StoreLimits.exportRecordsMax
            let next = isCut ? (page.positions.last ?? end) + 1 : stretchEnd
            page.next = next < end ? next : nil
            return page
        }
    }

    /// Records that an export is about to leave: one event in each app's access log.
    ///
    /// Durable when it returns; no byte may leave before (docs/threats.md#t28).
    package func recordExport(
        _ export: LedgerEvent.Export,
        of apps: [StoredApp],
        subject: Identifier?,
        context: RecordContext
    ) async throws(StoreError) {
        for app in apps {
            try await recordAccess(.logExported(export), of: app, subject, context)
        }
    }

    /// Appends an event to the access log.
    func recordAccess(
        _ event: LedgerEvent,
        of app: StoredApp,
        _ subject: Identifier?,
        _ context: RecordContext
    ) async throws(StoreError) {
        let record = Record(
            id: clock.identifier(),
            clientID: app.clientID,
            subject: subject,
            time: clock.now(),
            subjectVersion: nil,
            context: context,
            event: event
        )
        _ = try await accessWriter.append(
            AppendCommand(
                app: app.id,
                // Needs no order among the events of one user, so it is a subject of its own.
                subject: record.id,
                expected: nil,
                time: record.time,
                state: nil,
                events: [AppendCommand.Event(record: record, bytes: record.encoded())]
            )
        )
    }

    private static func filteredExport(
        _ filter: EventFilter,
        _ logID: Int32,
        _ start: Int64,
        _ end: Int64
    ) -> Statement {
        Statement(
            "filtered_export",
            """
            select position, record from ledger.event
            where log_id = $1 and position >= $2 and position < $3
                and ($4::uuid is null or app_id = $4)
                and ($5::text[] is null or type = any ($5))
                and ($6::timestamptz is null or recorded_at >= $6)
                and ($7::timestamptz is null or recorded_at < $7)
            order by position limit $8
            """,
            .int4(logID),
            .int8(start),
            .int8(end),
            .uuid(filter.app?.value),
            filter.typesParameter,
            .timestamptz(microsecondsSince1970: filter.since?.microseconds),
            .timestamptz(microsecondsSince1970: filter.until?.microseconds),
            .int8(Int64(StoreLimits.exportRecordsMax))
        )
    }

    private static func subjectExport(
        _ filter: EventFilter,
        _ logID: Int32,
        _ start: Int64,
        _ end: Int64
    ) -> Statement {
        Statement(
            "subject_export",
            """
            select position, record from ledger.event
            where subject = $1 and log_id + 0 = $2 and position >= $3 and position < $4
                and ($5::uuid is null or app_id = $5)
                and ($6::text[] is null or type = any ($6))
                and ($7::timestamptz is null or recorded_at >= $7)
                and ($8::timestamptz is null or recorded_at < $8)
            order by position limit $9
            """,
            .uuid(filter.subject?.value),
            .int4(logID),
            .int8(start),
            .int8(end),
            .uuid(filter.app?.value),
            filter.typesParameter,
            .timestamptz(microsecondsSince1970: filter.since?.microseconds),
            .timestamptz(microsecondsSince1970: filter.until?.microseconds),
            .int8(Int64(StoreLimits.exportRecordsMax))
        )
    }

    private static func page(
        _ result: borrowing PostgresResult
    ) throws(PostgresError) -> ExportPage {
        var page = ExportPage()
        let count = result.rowCount
        page.ends.reserveCapacity(count)
        page.positions.reserveCapacity(count)
        for row in 0..<count {
            page.positions.append(try result.int8(row, 0))
            try result.appendBytes(row, 1, to: &page.lines)
            page.lines.append(UInt8(ascii: "\n"))
            page.ends.append(page.lines.count)
        }
        return page
    }
}

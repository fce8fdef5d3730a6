internal import Wire

extension LedgerEvent {
    /// What somebody is told from now on, as it happens: which log, from where, under which
    /// conditions.
    ///
    /// The record's subject is the user when only that user's events were asked for. How far it came
    /// is said by the next one, for no follow lasts long
    /// (docs/decisions/0053-the-log-is-the-queue.md).
    package struct Follow: Sendable, Equatable {
        /// The log that is followed.
        package let log: Int32
        /// The first position that was asked for.
        package let from: Int64
        /// The types and times that were asked for.
        ///
        /// App and user are those of the record, and never part of it.
        package let query: EventQuery

        /// Describes a follow; app and user of the query are left to the record.
        package init(log: Int32, from: Int64, query: EventQuery = EventQuery()) {
            precondition(from >= 0, "positions count from 0")
            self.log = log
            self.from = from
            self.query = EventQuery(types: query.types, since: query.since, before: query.before)
        }

        func write(to writer: inout JSONWriter) {
            writer.member("log", Int64(log))
            writer.member("from", from)
            if !query.types.isEmpty { writer.member("types", query.types) }
            if let since = query.since { writer.member("since", since) }
            if let before = query.before { writer.member("before", before) }
        }

        init(from reader: inout RecordReader) throws(RecordError) {
            try reader.literal("\"log\":")
            guard let log = Int32(exactly: try reader.integer()) else {
                throw .unknownType("log.followed")
            }
            let start = try reader.nextInteger("from")
            guard start >= 0 else { throw .unknownType("log.followed") }
            let query = EventQuery(
                types: reader.skip(",\"types\":") ? try reader.strings() : [],
                since: reader.skip(",\"since\":") ? try reader.recordTime() : nil,
                before: reader.skip(",\"before\":") ? try reader.recordTime() : nil
            )
            self.init(log: log, from: start, query: query)
        }
    }
}

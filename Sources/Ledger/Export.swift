extension LedgerEvent {
    /// What left in bulk: which stretch of which log, under which conditions.
    ///
    /// The record's subject is the user when the export was of one user.
    package struct Export: Sendable, Equatable {
        /// What was made of the records.
        package enum Format: String, Sendable, CaseIterable {
            /// One record on each line.
            case ndjson
            /// A table with fixed columns.
            case csv
            /// A folder that proves itself.
            case bundle
            /// No records: whose the pseudonyms are.
            case identities
        }

        /// Names the export; a bundle carries it too.
        package let export: Identifier
        /// The log that was exported.
        package let log: Int32
        package let format: Format
        /// The positions that were asked for.
        package let positions: Range<Int64>
        /// The types and times that were asked for.
        ///
        /// App and user are those of the record, and never part of it.
        package let query: EventQuery
        /// Whether it says whose the pseudonyms are.
        package let identities: Bool

        /// Describes an export; app and user of the query are left to the record.
        package init(
            export: Identifier,
            log: Int32,
            format: Format,
            positions: Range<Int64>,
            query: EventQuery = EventQuery(),
            identities: Bool = false
        ) {
            precondition(positions.lowerBound >= 0, "positions count from 0")
            self.export = export
            self.log = log
            self.format = format
            self.positions = positions
            self.query = EventQuery(types: query.types, since: query.since, before: query.before)
            self.identities = identities
        }
    }
}

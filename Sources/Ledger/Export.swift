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
        /// The first position that was asked for.
        package let from: Int64
        /// The first position that was not asked for any more.
        package let until: Int64
        /// The types that were asked for; empty for all.
        package let types: [String]
        /// Only records from this time on.
        package let since: Timestamp?
        /// Only records before this time.
        package let before: Timestamp?
        /// Whether it says whose the pseudonyms are.
        package let identities: Bool

        /// Describes an export of the positions from `from` to below `until`.
        package init(
            export: Identifier,
            log: Int32,
            format: Format,
            from: Int64,
            until: Int64,
            types: [String] = [],
            since: Timestamp? = nil,
            before: Timestamp? = nil,
            identities: Bool = false
        ) {
            self.export = export
            self.log = log
            self.format = format
            self.from = from
            self.until = until
            self.types = types
            self.since = since
            self.before = before
            self.identities = identities
        }
    }
}

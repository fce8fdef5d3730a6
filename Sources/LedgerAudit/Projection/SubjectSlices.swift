internal import LedgerStore
internal import Postgres

/// All subjects, cut into ranges for workers to take one after the other.
///
/// Subjects begin with a time, so equal ranges of numbers would hold very different counts of them:
/// a sample of the projection says where to cut. The ranges cover every subject whatever it says.
enum SubjectSlices {
    /// How many rows the sample has, about: many more than there are ranges.
    private static let sampleMax: Int64 = 20_000
    /// How many ranges there are at most: enough for all workers to end at about the same time.
    private static let countMax = 32
    /// How many subjects of the sample a range has at least; a range costs a round trip.
    private static let subjectsMin = 100
    /// The unit of the sample's size in the statement: thousandths of a percent.
    private static let whole: Int64 = 100_000

    /// How many rows the projection has.
    static func rows(_ connection: PostgresConnection) async throws(PostgresError) -> Int64 {
        try await connection.query(
            Statement("count_projection", "select count(*) from vault.user_state")
        ) { result throws(PostgresError) in try result.int8(0, 0) }
    }

    /// Cuts, given how many rows the projection has.
    static func read(
        _ connection: PostgresConnection,
        rows: Int64
    ) async throws(PostgresError) -> [ClosedRange<UInt128>] {
        let share = max(1, min(whole, whole * sampleMax / max(1, rows)))
        let sample = try await connection.rows(
            Statement(
                "verify_sample",
                """
                select distinct subject
                from vault.user_state tablesample system ($1::bigint / 1000.0)
                order by subject
                """,
                .int8(share)
            )
        ) { result, row throws(PostgresError) in
            try result.uuid(row, 0)
        }
        return ranges(sample)
    }

    /// Ranges that follow each other from the first to the last possible subject.
    static func ranges(_ sample: [UInt128]) -> [ClosedRange<UInt128>] {
        let width = max(subjectsMin, (sample.count + countMax - 1) / countMax)
        var ranges: [ClosedRange<UInt128>] = []
        var start = UInt128.min
        for index in stride(from: width, to: sample.count, by: width)
        where sample[index] > start {
            ranges.append(start...sample[index] - 1)
            start = sample[index]
        }
        ranges.append(start...UInt128.max)
        return ranges
    }
}

package import Ledger
internal import Postgres

/// A stretch of a log of facts that an endpoint is sent once more, as far as it is not done.
package struct WebhookReplay: Sendable {
    package let id: Identifier
    package let endpoint: Identifier
    package let log: Log
    package let positions: Range<Int64>
    /// Whether it is one delivery, whatever types the endpoint is sent now.
    package let takesAllTypes: Bool

    /// The replay as `ledger.webhook_replay`.
    var row: PostgresRow {
        PostgresRow(
            .uuid(id.value),
            .uuid(endpoint.value),
            .int4(log.id),
            .int8(positions.lowerBound),
            .int8(positions.upperBound),
            .bool(takesAllTypes)
        )
    }

    /// Reads `replay_id, endpoint_id, fact_log, next_position, until_position, takes_all_types`.
    init(_ result: borrowing PostgresResult, _ row: Int) throws(PostgresError) {
        id = Identifier(value: try result.uuid(row, 0))
        endpoint = Identifier(value: try result.uuid(row, 1))
        log = try Log(result, row, 2)
        let next = try result.int8(row, 3)
        positions = next..<max(next, try result.int8(row, 4))
        takesAllTypes = try result.bool(row, 5)
    }

    init(
        id: Identifier,
        endpoint: Identifier,
        log: Log,
        positions: Range<Int64>,
        takesAllTypes: Bool
    ) {
        self.id = id
        self.endpoint = endpoint
        self.log = log
        self.positions = positions
        self.takesAllTypes = takesAllTypes
    }
}

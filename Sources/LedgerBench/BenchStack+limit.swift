internal import LedgerStack
internal import LedgerStore
internal import Postgres

/// Rows enough that a commit more or less does not count, few enough to take a second.
private let limitRows = 32_768
/// As many as work side by side; the store has two appends under way.
private let writers = 2

extension BenchStack {
    /// Measures what PostgreSQL takes to write the rows of launches without being asked anything:
    /// the limit of every append.
    ///
    /// The rows are those that the store wrote, the tables copies of its tables with all indexes
    /// and checks. `limit-setup.sql` finds the tables by their columns and makes the procedures.
    func limit() async throws -> [Measurement] {
        tell("Copying the tables, to write the rows of \(limitRows) launches again …")
        try await launchForLimit()
        let owner = try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
        try await owner.script(String(decoding: PackageResources.limit_setup_sql, as: UTF8.self))
        let measurements = [
            try await limit("limit, connected users, a statement per 64", "write_launches"),
            try await limit("limit, new users, a statement per 64", "write_users"),
            try await limit("limit, event rows by binary COPY", "copy_launches", writers: 1),
            try await limit("limit, new users by binary COPY", "copy_users", writers: 1),
        ]
        try await owner.script(String(decoding: PackageResources.limit_end_sql, as: UTF8.self))
        await owner.close()
        return measurements
    }

    /// New users who are launched and do nothing else.
    private func launchForLimit() async throws {
        let callers = storeLoad.clients
        try await withThrowingDiscardingTaskGroup { group in
            for client in 0..<callers {
                group.addTask {
                    var users = NewUsers(prefix: "limit-\(port)-\(client)")
                    for _ in 0...(limitRows / callers) {
                        let user = ledger.store.newUser(users.next(), of: app)
                        _ = try await history.launched(user)
                    }
                }
            }
        }
    }

    /// Has a procedure write half of the rows, by so many connections at once.
    private func limit(
        _ name: String,
        _ procedure: String,
        writers: Int = writers
    ) async throws -> Measurement {
        tell("Measuring: \(name) …")
        var connections: [PostgresConnection] = []
        for _ in 0..<writers {
            connections.append(
                try await PostgresConnection.connect(ledger.owner.withoutTimeLimits)
            )
        }
        let (before, start) = (try meter.now(), ContinuousClock.now)
        try await withThrowingDiscardingTaskGroup { group in
            for (writer, connection) in connections.enumerated() {
                group.addTask {
                    try await connection.script("call limits.\(procedure)(\(writer), \(writers))")
                }
            }
        }
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        var spent = try meter.now() - before
        spent.service = nil
        for connection in connections { await connection.close() }
        return Measurement(
            name: name,
            clients: writers,
            count: limitRows / 2,
            seconds: seconds,
            processor: spent
        )
    }
}

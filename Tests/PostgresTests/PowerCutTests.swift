import Postgres
import PostgresCluster
import Synchronization
import TestSupport
import Testing

@Suite("A power cut", .timeLimit(.minutes(5)))
struct PowerCutTests {
    /// What of the confirmed rows was not there afterwards.
    private enum Loss: Equatable {
        case rows(Int, of: Int)
        /// The server could not be started, or has lost the table: all of it.
        case everything(String)

        var isNone: Bool {
            if case .rows(0, _) = self { true } else { false }
        }
    }

    private final class Confirmed: Sendable {
        let rows = Mutex<Set<Int64>>([])
    }

    /// One after another in one folder, for making a cluster takes longer than all the rest.
    ///
    /// The unsafe settings show that the method finds what is not on the disk.
    @Test(
        "with safe settings nothing that was confirmed is lost, with each unsafe one something is"
    )
    func settings() async throws {
        try await DiskImage.run { image in
            try await withCluster(on: image, [:]) { cluster in
                let connection = try await connect(to: cluster)
                try await connection.script("create table public.row (number bigint primary key)")
                await connection.close()
            }
            for round in 1...3 as ClosedRange<Int64> {
                let safe = try await loss(on: image, round: round)
                #expect(safe.isNone, "\(safe)")
            }
            let late = try await loss(on: image, ["synchronous_commit": "off"], round: 4)
            #expect(!late.isNone, "synchronous_commit=off: \(late)")
            let never = try await loss(on: image, ["fsync": "off"], round: 5)
            #expect(!never.isNone, "fsync=off: \(never)")
        }
    }

    private func loss(
        on image: DiskImage,
        _ settings: [String: String] = [:],
        round: Int64
    ) async throws -> Loss {
        try await withCluster(on: image, settings) { cluster in
            let confirmed = try await confirmedRows(on: cluster, from: round << 40) {
                try await image.cutPower(of: cluster)
            }
            #expect(confirmed.count >= Self.rowsBeforeCut)
            do {
                try await cluster.start()
            } catch let error as ClusterError {
                return .everything("\(error)")
            }
            do {
                let missing = confirmed.subtracting(try await rows(of: cluster))
                return .rows(missing.count, of: confirmed.count)
            } catch let error as PostgresError {
                return .everything("\(error)")
            }
        }
    }

    private static let rowsBeforeCut = 500

    /// What four connections were told is committed, until the cut ended all of them.
    private func confirmedRows(
        on cluster: TestCluster,
        from first: Int64,
        cut: () async throws -> Void
    ) async throws -> Set<Int64> {
        let confirmed = Confirmed()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<4 as Range<Int64> {
                let connection = try await connect(to: cluster)
                group.addTask {
                    var number = first + writer << 32
                    while await insert(number, on: connection) {
                        confirmed.rows.withLock { _ = $0.insert(number) }
                        number += 1
                    }
                }
            }
            while confirmed.rows.withLock(\.count) < Self.rowsBeforeCut {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await cut()
            try await group.waitForAll()
        }
        return confirmed.rows.withLock { $0 }
    }

    private func insert(_ number: Int64, on connection: PostgresConnection) async -> Bool {
        let insert = Statement("insert", "insert into public.row values ($1)", .int8(number))
        return (try? await connection.query(insert) { _ in }) != nil
    }

    private func rows(of cluster: TestCluster) async throws -> Set<Int64> {
        let connection = try await connect(to: cluster)
        let rows = try await connection.query(Statement("rows", "select number from public.row")) {
            result throws(PostgresError) in
            var rows: Set<Int64> = []
            for row in 0..<result.rowCount { rows.insert(try result.int8(row, 0)) }
            return rows
        }
        await connection.close()
        return rows
    }

    private func connect(to cluster: TestCluster) async throws -> PostgresConnection {
        try await PostgresConnection.connect(
            PostgresConfiguration(url: try await cluster.url()).withoutTimeLimits
        )
    }

    private func withCluster<Value: Sendable>(
        on image: DiskImage,
        _ settings: [String: String],
        _ body: (TestCluster) async throws -> Value
    ) async throws -> Value {
        try await TestCluster.run(
            folder: "\(image.folder)/cluster",
            durable: true,
            settings: settings,
            body
        )
    }
}

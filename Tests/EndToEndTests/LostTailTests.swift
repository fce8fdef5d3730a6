import Foundation
import Postgres
import TestSupport
import Testing

/// With asynchronous replication a failover loses what the standby had not got.
///
/// The history of the standby is whole in itself, so only what was kept outside of the database shows
/// it.
@Suite("a failover that loses", .timeLimit(.minutes(5)))
struct LostTailTests {
    /// A service on two hosts, and what it keeps outside of them.
    private struct Place: Sendable {
        let setup: TestServe.Setup
        let checkpointFolder: String
        let url: String

        /// How many records the kept checkpoint covers.
        var size: Int {
            let text = try? String(
                contentsOfFile: "\(checkpointFolder)/checkpoint-0",
                encoding: .utf8
            )
            let lines = (text ?? "").split(separator: "\n")
            return lines.count > 1 ? Int(lines[1]) ?? 0 : 0
        }

        func check() async throws -> TestProgram.Answer {
            try await TestProgram.run(
                TestProgram.path,
                ["restore", "check", "--checkpoint-folder", checkpointFolder],
                environment: setup.settings
            )
        }

        /// How many checkpoints the server that writes has.
        func checkpoints() async throws -> Int64 {
            let connection = try await PostgresConnection.connect(PostgresConfiguration(url: url))
            let counts = try await connection.rows(
                Statement("checkpoints", "select count(*) from ledger.checkpoint")
            ) { result, row throws(PostgresError) in try result.int8(row, 0) }
            await connection.close()
            return counts.first ?? 0
        }
    }

    /// Lends a service that writes on the first of two servers, which does not wait for the second.
    private func lend(
        _ body: @Sendable (Place, TestCluster, TestCluster) async throws -> Void
    ) async throws {
        try await TestCluster.run(durable: true) { primary in
            try await primary.withStandby(isSynchronous: false) { standby in
                let hosts = try await [primary.socketFolder(), standby.socketFolder()]
                let url =
                    "host=\(hosts.joined(separator: ",")) port=5432 dbname=postgres user=postgres"
                try await TestProgramFolder.lend { folder in
                    let setup = try await TestServe.prepare(in: folder, owner: url)
                    let kept = folder.path + "/checkpoints"
                    let place = Place(
                        setup: setup.with(["TOKEN_LEDGER_CHECKPOINT_FOLDER": kept]),
                        checkpointFolder: kept,
                        url: url
                    )
                    try await body(place, primary, standby)
                }
            }
        }
    }

    @Test("what a lagging standby lost is noticed by whoever runs, and by whoever starts")
    func noticed() async throws {
        try await lend { place, primary, standby in
            try await TestServe.run(place.setup) { serve in
                try await failOver(serve, place, primary, standby)
                try await expectNoticed(serve, place)
            }
            // A copy that remembers nothing, with the folder and without.
            try await TestServe.run(place.setup) { serve in try await expectNoticed(serve, place) }
            let bare = place.setup.with(["TOKEN_LEDGER_CHECKPOINT_FOLDER": ""])
            try await TestServe.run(bare) { serve in
                let told = try await serve.readiness()
                #expect(told.status == 200, "nothing outside, nothing noticed: \(told.text)")
            }
            try await expectRepaired(place, primary, standby)
        }
    }

    /// Writes what the standby does not get, and promotes it.
    private func failOver(
        _ serve: TestServe,
        _ place: Place,
        _ primary: TestCluster,
        _ standby: TestCluster
    ) async throws {
        #expect(try await serve.launch("kept").status == 201)
        while place.size < 3 { try await Task.sleep(for: .milliseconds(50)) }
        let kept = place.size
        // In order, so it has all that was written until now.
        try await standby.stop()
        for number in 0..<5 { #expect(try await serve.launch("lost \(number)").status == 201) }
        while place.size < kept + 5 { try await Task.sleep(for: .milliseconds(50)) }
        try await primary.crash()
        try await standby.start()
        let promoting = try await PostgresConnection.connect(
            PostgresConfiguration(url: try await standby.url()).withoutTimeLimits
        )
        try await promoting.script("select pg_promote()")
        await promoting.close()
        // Appends go on (decision 28).
        while try await serve.launch("later").status != 201 {
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private func expectNoticed(_ serve: TestServe, _ place: Place) async throws {
        var told = try await serve.readiness()
        while !told.text.contains("history_mismatch") {
            try await Task.sleep(for: .milliseconds(100))
            told = try await serve.readiness()
        }
        #expect(told.status == 503)
        #expect(told.text.contains("token-ledger restore check"))
        let size = place.size
        let before = try await place.checkpoints()
        #expect(try await serve.launch("unsigned").status == 201)
        // Longer than it takes to sign.
        try await Task.sleep(for: .seconds(3))
        let after = try await place.checkpoints()
        #expect(after == before && place.size == size, "nothing is signed any more")
        let answer = try await place.check()
        #expect(answer.status == 6)
        #expect(answer.output.contains("would be lost: positions"), "\(answer.output)")
    }

    /// The old server has everything that was signed; what was written elsewhere since is given up.
    private func expectRepaired(
        _ place: Place,
        _ primary: TestCluster,
        _ standby: TestCluster
    ) async throws {
        try await standby.stop()
        try await primary.start()
        let answer = try await place.check()
        #expect(answer.output.contains("none that it knows of is missing"), "\(answer.output)")
        try await TestServe.run(place.setup) { serve in
            while try await serve.readiness().status != 200 {
                try await Task.sleep(for: .milliseconds(100))
            }
            let before = place.size
            #expect(try await serve.launch("again").status == 201)
            while place.size <= before { try await Task.sleep(for: .milliseconds(50)) }
        }
    }
}

import Foundation
import Logging
import Postgres
import PostgresCluster
import TestSupport
import Testing

@Suite("The private server", .timeLimit(.minutes(5)))
struct PrivateClusterTests {
    @Test("it keeps its data in its folder from one run to the next")
    func keepsData() async throws {
        try await withFolder { folder in
            let configuration = ClusterConfiguration(folder: folder, durable: true)
            try await PrivateCluster.run(configuration, logger: .test) { cluster in
                let connection = try await PostgresConnection.connect(
                    PostgresConfiguration(url: cluster.url())
                )
                try await connection.script(
                    "CREATE TABLE public.kept (); INSERT INTO public.kept DEFAULT VALUES"
                )
            }
            let rows = try await PrivateCluster.run(configuration, logger: .test) { cluster in
                let connection = try await PostgresConnection.connect(
                    PostgresConfiguration(url: cluster.url())
                )
                return try await connection.query(Statement("kept", "SELECT FROM public.kept")) {
                    $0.rowCount
                }
            }
            #expect(rows == 1)
        }
    }

    @Test("the folder and the socket's folder are closed to others, and there is no TCP port")
    func closedToOthers() async throws {
        let cluster = try await TestPostgres.cluster()
        for folder in [cluster.folder, cluster.socketFolder, cluster.folder + "/data"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder)
            #expect(attributes[.posixPermissions] as? Int == 0o700, "\(folder)")
            let owner = try #require(attributes[.ownerAccountID] as? Int)
            #expect(owner != 0)
        }
        let connection = try await PostgresConnection.connect(
            PostgresConfiguration(url: cluster.url())
        )
        let addresses = try await connection.query(
            Statement("addresses", "SELECT current_setting('listen_addresses')")
        ) { result throws(PostgresError) in try result.text(0, 0) }
        #expect(addresses == "")
    }

    @Test("nothing a client sends comes into the server's log")
    func logWithoutValues() async throws {
        try await TestCluster.run { cluster in
            let connection = try await PostgresConnection.connect(
                PostgresConfiguration(url: try await cluster.url())
            )
            try await connection.script("CREATE TABLE public.person (name text UNIQUE)")
            for _ in 0..<2 {
                let statement = Statement(
                    "insert_person",
                    "INSERT INTO public.person VALUES ($1)",
                    .text("MARKER")
                )
                _ = try? await connection.query(statement) { _ in }
            }
            _ = try? await connection.script("SELECT 'MARKER'::uuid")
            let log = try String(contentsOfFile: await cluster.logPath(), encoding: .utf8)
            #expect(log.contains("ready to accept connections"))
            #expect(!log.contains("MARKER"))
        }
    }

    @Test("an error of the body comes out, after the server has stopped")
    func bodyThrows() async throws {
        try await withFolder { folder in
            let configuration = ClusterConfiguration(folder: folder, durable: false)
            await #expect(throws: CocoaError.self) {
                try await PrivateCluster.run(configuration, logger: .test) { _ in
                    throw CocoaError(.featureUnsupported)
                }
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/data/postmaster.pid"))
        }
    }

    @Test("cancelling stops the server")
    func cancelled() async throws {
        try await withFolder { folder in
            let configuration = ClusterConfiguration(folder: folder, durable: false)
            let (started, reportStarted) = AsyncStream<Void>.makeStream()
            let task = Task {
                try await PrivateCluster.run(configuration, logger: .test) { _ in
                    reportStarted.finish()
                    try await Task.sleep(for: .seconds(3600))
                }
            }
            for await _ in started {}
            task.cancel()
            await #expect(throws: (any Error).self) { try await task.value }
            #expect(!FileManager.default.fileExists(atPath: folder + "/data/postmaster.pid"))
        }
    }

    @Test("a start that fails says why, and does not wait for its time to be over")
    func startFails() async throws {
        try await withFolder { folder in
            let configuration = ClusterConfiguration(
                folder: folder,
                durable: false,
                settings: ["no_such_setting": "1"]
            )
            let error = try #require(
                await #expect(throws: ClusterError.self) {
                    try await PrivateCluster.run(configuration, logger: .test) { _ in }
                }
            )
            guard case .startFailed = error else {
                Issue.record("\(error)")
                return
            }
            #expect(error.debugDescription.contains("no_such_setting"))
        }
    }

    @Test("names in the URI are percent-encoded")
    func url() async throws {
        let cluster = try await TestPostgres.cluster()
        let url = cluster.url(database: "a b/ä", user: "x@y")
        #expect(url.hasPrefix("postgresql://x%40y@/a%20b%2F%C3%A4?host=%2Ftmp%2F"))
    }

    private func withFolder(_ body: (String) async throws -> Void) async throws {
        let parent = FileManager.default.temporaryDirectory.appending(
            component: "token-ledger-" + UUID().uuidString
        )
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: parent) }
        try await body(parent.appending(component: "database").path)
    }
}

internal import DurableFiles
internal import PostgresCluster
internal import Subprocess
internal import SystemPackage

/// PostgreSQL's own client: what a single connection gives that does nothing but read.
struct PSQL: Sendable {
    let cluster: RunningCluster
    let database: String
    /// For scripts.
    let folder: String

    private static let outputBytesMax = 64 * 1024

    /// Runs a script and writes what it gives to a file; gives the seconds that it took.
    func seconds(of script: [UInt8], output: String) async throws -> Double {
        let path = "\(folder)/psql.sql"
        try DurableFile.replace(path, with: script, readers: .owner)
        let start = ContinuousClock.now
        let result = try await Subprocess.run(
            .path(FilePath(try PostgresProgram.path("psql"))),
            arguments: ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", output, "-f", path, database],
            environment: .custom([
                "PGHOST": cluster.socketFolder, "PGPORT": "\(cluster.port)",
                "PGUSER": RunningCluster.superuser, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8",
            ]),
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        )
        guard result.terminationStatus.isSuccess else {
            throw BenchError.programFailed("psql", result.standardOutput)
        }
        return (ContinuousClock.now - start) / .seconds(1)
    }
}

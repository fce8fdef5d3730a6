internal import DurableFiles
internal import Foundation
internal import PostgresCluster
internal import Subprocess
internal import SystemPackage

/// PostgreSQL's own benchmark program, with a script of ours.
struct PGBench: Sendable {
    let cluster: RunningCluster
    let database: String
    let seconds: Int
    /// For scripts and logs.
    let folder: String
    /// Is told in words what is measured.
    let tell: @Sendable (String) -> Void

    private static let outputBytesMax = 1024 * 1024
    /// pgbench's own threads; more than cores gains nothing.
    private static let threads = 2
    /// Few callers wait less, many share a commit; which is better depends on the disk.
    private static let clientCounts = [8, 64]

    /// Runs the script with few and with many callers and gives the better one.
    func best(_ name: String, script: [UInt8]) async throws -> Measurement {
        var best: Measurement?
        for clients in Self.clientCounts {
            tell("Measuring: \(name), \(clients) callers …")
            let measurement = try await run(name, script: script, clients: clients)
            if measurement.rate > best?.rate ?? 0 { best = measurement }
        }
        guard let best else { throw BenchError.nothingMeasured }
        return best
    }

    private func run(
        _ name: String,
        script: [UInt8],
        clients: Int
    ) async throws -> Measurement {
        let path = "\(folder)/pgbench.sql"
        try DurableFile.replace(path, with: script, readers: .owner)
        let logs = "\(folder)/pgbench-\(clients)"
        try FileManager.default.createDirectory(
            atPath: logs,
            withIntermediateDirectories: true
        )
        defer { try? FileManager.default.removeItem(atPath: logs) }
        let result = try await Subprocess.run(
            .path(FilePath(try PostgresProgram.path("pgbench"))),
            arguments: [
                "-n", "-M", "prepared", "-c", "\(clients)", "-j",
                "\(min(Self.threads, clients))", "-T", "\(seconds)", "-f", path, "-l",
                "--log-prefix", "\(logs)/log", database,
            ],
            environment: .custom([
                "PGHOST": cluster.socketFolder, "PGPORT": "\(cluster.port)",
                "PGUSER": RunningCluster.superuser, "PATH": "/usr/bin:/bin", "LC_ALL": "C",
            ]),
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        )
        guard result.terminationStatus.isSuccess else {
            throw BenchError.programFailed("pgbench", result.standardOutput)
        }
        return Measurement(
            name: name,
            clients: clients,
            seconds: Double(seconds),
            microseconds: try Self.times(logs),
            isBaseline: true
        )
    }

    /// The third number of each line is how long the transaction took, in microseconds.
    private static func times(_ folder: String) throws -> [Int] {
        var times: [Int] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
                let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
                guard fields.count > 2, let time = Int(Substring(fields[2])) else { continue }
                times.append(time)
            }
        }
        return times
    }
}

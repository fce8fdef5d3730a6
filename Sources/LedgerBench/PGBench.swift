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
    let meter: ProcessorMeter
    /// Is told in words what is measured.
    let tell: @Sendable (String) -> Void

    private static let outputBytesMax = 1024 * 1024
    /// pgbench's own threads; more than cores gains nothing.
    private static let threads = 2
    /// Before it counts, so that connections and plans are there.
    private static let warmUp: Duration = .milliseconds(500)

    /// Runs a script with so many callers.
    func run(_ name: String, script: [UInt8], clients: Int) async throws -> Measurement {
        tell("Measuring: \(name), \(clients) callers …")
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
                "\(min(Self.threads, clients))", "-T", "\(seconds + 1)", "-f", path, "-l",
                "--log-prefix", "\(logs)/log", database,
            ],
            environment: .custom([
                "PGHOST": cluster.socketFolder, "PGPORT": "\(cluster.port)",
                "PGUSER": RunningCluster.superuser, "PATH": "/usr/bin:/bin", "LC_ALL": "C",
            ]),
            input: .none,
            output: .string(limit: Self.outputBytesMax),
            error: .combinedWithOutput
        ) { execution in
            let begin = ContinuousClock.now + Self.warmUp
            let process = Int(execution.processIdentifier.value)
            let beginTime = Date.now.addingTimeInterval(Self.warmUp / .seconds(1))
            // When it has failed, its own words tell more than that it cannot be measured.
            let spent = try? await meter.spent(
                .foreign(process),
                from: begin,
                to: begin + .seconds(seconds)
            )
            return (begin: beginTime, spent: spent)
        }
        guard result.terminationStatus.isSuccess else {
            throw BenchError.programFailed("pgbench", result.standardOutput)
        }
        let (begin, spent) = result.closureResult
        let times = try Self.times(logs, in: begin..<begin.addingTimeInterval(Double(seconds)))
        guard !times.isEmpty, let spent else { throw BenchError.nothingMeasured }
        return Measurement(
            name: name,
            clients: clients,
            seconds: Double(seconds),
            microseconds: times,
            processor: spent
        )
    }

    /// The third number of each line is how long the transaction took, in microseconds; the last
    /// two are when it was done, in seconds and microseconds.
    private static func times(_ folder: String, in period: Range<Date>) throws -> [Int] {
        var times: [Int] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
            let text = try String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)
            for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
                let fields = line.split(separator: UInt8(ascii: " "))
                guard fields.count > 5, let time = Int(Substring(fields[2])),
                    let seconds = Double(Substring(fields[4])),
                    let microseconds = Double(Substring(fields[5])),
                    period.contains(Date(timeIntervalSince1970: seconds + microseconds / 1e6))
                else { continue }
                times.append(time)
            }
        }
        return times
    }
}

internal import Foundation
internal import PostgresCluster

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// Reads what the service, PostgreSQL and the load have had of the processors.
///
/// What PostgreSQL does on its own, such as vacuuming, comes when it comes and is left out.
struct ProcessorMeter: Sendable {
    /// Who makes the load.
    enum Loader: Sendable {
        /// Callers in the midst of the store's own tasks, which nobody can tell from it.
        case callers
        /// Threads of this process, which also has the service.
        case threads
        /// This process, and the service is another one.
        case program(service: Int)
        /// A program of PostgreSQL's, which needs no service.
        case foreign(Int)
    }

    private let postmaster: Int

    init(_ cluster: RunningCluster) throws(BenchError) {
        guard
            let file = try? String(
                contentsOfFile: "\(cluster.folder)/data/postmaster.pid",
                encoding: .utf8
            ),
            let postmaster = file.split(separator: "\n").first.flatMap({ Int($0) })
        else { throw .noProcessorTime }
        self.postmaster = postmaster
    }

    /// What was spent so far.
    ///
    /// `ended` counts the connections that have ended, too; with them comes what PostgreSQL did on
    /// its own and has ended.
    func now(_ loader: Loader = .callers, ended: Bool = false) throws(BenchError) -> ProcessorTime {
        let own = try Self.seconds(Int(getpid()))
        var time = ProcessorTime(service: own, postgres: 0, load: nil)
        switch loader {
        case .callers: break
        case .threads:
            let load = LoadThreads.seconds
            time.service = own - load
            time.load = load
        case .program(let service):
            time.service = try Self.seconds(service)
            time.load = own
        case .foreign(let process):
            time.service = nil
            time.load = try Self.seconds(process)
        }
        time.connections = try connections()
        guard ended else { return time }
        time.postgres = time.connections.values.reduce(Self.endedChildren(of: postmaster), +)
        time.connections = [:]
        return time
    }

    /// What is spent between two instants; it is read a moment late on a busy machine, so it is
    /// scaled to them.
    func spent(
        _ loader: Loader,
        from begin: ContinuousClock.Instant,
        to end: ContinuousClock.Instant
    ) async throws -> ProcessorTime {
        try await Task.sleep(until: begin)
        let (first, firstAt) = (try now(loader), ContinuousClock.now)
        try await Task.sleep(until: end)
        let (last, lastAt) = (try now(loader), ContinuousClock.now)
        return (last - first) * ((end - begin) / (lastAt - firstAt))
    }

    /// How much memory a process of ours holds, in bytes.
    static func memory(of process: Int) throws(BenchError) -> Int {
        guard let bytes = bytes("VmRSS", of: process) else { throw .noProcessorTime }
        return bytes
    }

    /// How much memory a process has held at most, in bytes; nil once it has ended.
    static func memoryMax(of process: Int) -> Int? { bytes("VmHWM", of: process) }

    private static func bytes(_ name: String, of process: Int) -> Int? {
        let data = FileManager.default.contents(atPath: "/proc/\(process)/status") ?? Data()
        let line = String(decoding: data, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("\(name):")
        }
        let kilobytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        return kilobytes.map { 1_024 * $0 }
    }

    private static func seconds(_ process: Int) throws(BenchError) -> Double {
        guard let seconds = ProcessorClock(process: process)?.seconds else {
            throw .noProcessorTime
        }
        return seconds
    }

    private func connections() throws(BenchError) -> [Int: Double] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc") else {
            throw .noProcessorTime
        }
        var connections: [Int: Double] = [:]
        for name in names {
            guard let process = Int(name), Self.fields(process)?.first == postmaster,
                Self.isConnection(process)
            else { continue }
            connections[process] = ProcessorClock(process: process)?.seconds
        }
        return connections
    }

    /// Whether a process of PostgreSQL serves a client: only then its title says from where.
    private static func isConnection(_ process: Int) -> Bool {
        let title = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return String(decoding: title, as: UTF8.self).contains("[local]")
    }

    private static func endedChildren(of process: Int) -> Double {
        guard let fields = fields(process) else { return 0 }
        return Double(fields[12] + fields[13]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// What `/proc/PID/stat` says from the parent on; nil for a process that has ended meanwhile.
    private static func fields(_ process: Int) -> [Int]? {
        let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data()
        // The name, in parentheses, may hold spaces; what follows are numbers (proc(5)).
        let numbers = String(decoding: data, as: UTF8.self).split(separator: ")").last?
            .split(separator: " ").dropFirst().map { Int($0) ?? 0 }
        guard let numbers, numbers.count > 13 else { return nil }
        return numbers
    }
}

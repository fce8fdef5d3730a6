internal import Foundation
internal import PostgresCluster

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// The processor time that this program and PostgreSQL have spent on its statements.
///
/// On a machine whose disk is slow now and then, rates of one and the same load differ by half; the
/// work that is done for an event does not. What PostgreSQL does on its own, such as vacuuming,
/// comes when it comes and is left out.
struct ProcessorTime {
    let seconds: Double

    /// What was spent so far, on connections that are open.
    static func now(_ cluster: RunningCluster) throws(BenchError) -> ProcessorTime {
        guard
            let file = try? String(
                contentsOfFile: "\(cluster.folder)/data/postmaster.pid",
                encoding: .utf8
            ),
            let postmaster = file.split(separator: "\n").first.flatMap({ Int($0) }),
            let names = try? FileManager.default.contentsOfDirectory(atPath: "/proc")
        else { throw .noProcessorTime }
        var ticks = 0
        for name in names {
            guard let process = Int(name), let times = ProcessTimes(process),
                process == Int(getpid()) || (times.parent == postmaster && isConnection(process))
            else { continue }
            ticks += times.own
        }
        return ProcessorTime(seconds: Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))))
    }

    /// Whether a process of PostgreSQL serves a client: only then its title says from where.
    private static func isConnection(_ process: Int) -> Bool {
        let title = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") ?? Data()
        return String(decoding: title, as: UTF8.self).contains("[local]")
    }
}

/// What `/proc/PID/stat` says, in clock ticks.
private struct ProcessTimes {
    let parent: Int
    let own: Int

    /// Nil for a process that has ended meanwhile.
    init?(_ process: Int) {
        let data = FileManager.default.contents(atPath: "/proc/\(process)/stat") ?? Data()
        // The name, in parentheses, may hold spaces; what follows are numbers (proc(5)).
        let numbers = String(decoding: data, as: UTF8.self).split(separator: ")").last?
            .split(separator: " ").dropFirst().map { Int($0) ?? 0 }
        guard let numbers, numbers.count > 11 else { return nil }
        parent = numbers[0]
        own = numbers[10] + numbers[11]
    }
}

internal import Foundation
internal import Measures

#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// What the system says of this process, under the names that Prometheus' own clients give it.
enum ProcessMeter {
    /// Adds what can be read; a system without `/proc` has no such series.
    static func fill(_ page: inout MetricPage) {
        for family in MetricFamily.process { page.name(family) }
        if let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
            page.add(.openFiles, files.count)
        }
        page.add(.openFilesMax, limit(files))
        page.add(.virtualMemoryMax, limit(addresses))
        guard let stat = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8) else {
            return
        }
        // The name of the program stands in brackets, and may hold blanks.
        let words = stat.drop { $0 != ")" }.split(separator: " ").map { Double($0) ?? 0 }
        guard words.count > lastWord else { return }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        page.add(.processorSeconds, (words[12] + words[13]) / ticks)
        page.add(.threads, Int(words[18]))
        page.add(.virtualMemory, Int(words[21]))
        page.add(.residentMemory, Int(words[22]) * Int(sysconf(Int32(_SC_PAGESIZE))))
        if let boot = bootTime { page.add(.startTime, boot + words[20] / ticks) }
    }

    /// The last word that is read, the 24th of proc(5), counted from the closing bracket.
    private static let lastWord = 22

    /// When the system started, in seconds since 1970.
    private static let bootTime: Double? = {
        let lines = try? String(contentsOfFile: "/proc/stat", encoding: .utf8).split(
            separator: "\n"
        )
        return lines?.first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
    }()

    #if canImport(Glibc)
    private static var files: CInt { numericCast(RLIMIT_NOFILE.rawValue) }
    private static var addresses: CInt { numericCast(RLIMIT_AS.rawValue) }
    #else
    private static var files: CInt { RLIMIT_NOFILE }
    private static var addresses: CInt { RLIMIT_AS }
    #endif

    /// No limit is a limit without end, as Prometheus' clients write it.
    private static func limit(_ resource: CInt) -> Double {
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return .nan }
        return limit.rlim_cur == .max ? .infinity : Double(limit.rlim_cur)
    }
}

extension MetricFamily {
    fileprivate static let processorSeconds = counter(
        "process_cpu_seconds_total",
        "Processor time that the process has used"
    )
    fileprivate static let openFiles = gauge(
        "process_open_fds",
        "Files and connections that the process has open"
    )
    fileprivate static let openFilesMax = gauge(
        "process_max_fds",
        "How many files and connections the process may have open"
    )
    fileprivate static let virtualMemory = gauge(
        "process_virtual_memory_bytes",
        "Memory that the process has reserved"
    )
    fileprivate static let virtualMemoryMax = gauge(
        "process_virtual_memory_max_bytes",
        "How much memory the process may reserve"
    )
    fileprivate static let residentMemory = gauge(
        "process_resident_memory_bytes",
        "Memory that the process holds"
    )
    fileprivate static let threads = gauge("process_threads", "Threads of the process")
    fileprivate static let startTime = gauge(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970"
    )

    fileprivate static let process = [
        processorSeconds, openFiles, openFilesMax, virtualMemory, virtualMemoryMax,
        residentMemory, threads, startTime,
    ]
}

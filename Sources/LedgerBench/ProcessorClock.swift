#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// What one process, or one thread of this one, has had of the processors: to the nanosecond, and
/// with what its ended threads had.
struct ProcessorClock: Sendable {
    private let id: clockid_t

    /// A process; nil when it has ended.
    init?(process: Int) {
        var id = clockid_t()
        guard unsafe clock_getcpuclockid(pid_t(process), &id) == 0 else { return nil }
        self.id = id
    }

    /// The thread that asks.
    static func ofThisThread() -> ProcessorClock? {
        var id = clockid_t()
        guard unsafe pthread_getcpuclockid(pthread_self(), &id) == 0 else { return nil }
        return ProcessorClock(id: id)
    }

    /// What all processes that this one has started, and that have ended, have had, in seconds.
    static func ofEndedChildren() -> Double {
        var usage = rusage()
        guard unsafe getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage) == 0 else {
            return 0
        }
        func seconds(_ time: timeval) -> Double {
            Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000
        }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }

    private init(id: clockid_t) {
        self.id = id
    }

    /// Nil when it has ended.
    var seconds: Double? {
        // A timespec, whose members one of NIO's C modules has taken for its own.
        var time = (seconds: 0, nanoseconds: 0)
        let status = unsafe withUnsafeMutablePointer(to: &time) { time in
            unsafe time.withMemoryRebound(to: timespec.self, capacity: 1) { time in
                unsafe clock_gettime(id, time)
            }
        }
        guard status == 0 else { return nil }
        return Double(time.seconds) + Double(time.nanoseconds) / 1_000_000_000
    }
}

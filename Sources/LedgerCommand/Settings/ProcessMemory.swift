import CPrctl
import Foundation

#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// What the process holds in memory, among it keys and tokens (docs/threats.md#t26).
enum ProcessMemory {
    /// From now on no core dump is written, and no other process of the same user may look into this
    /// one, read its environment or follow it with a debugger.
    static func close() throws {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        guard refuse_dumps() == 0, unsafe setrlimit(coreLimit, &none) == 0 else {
            throw CommandError("Core dumps of this process cannot be refused.")
        }
    }

    /// Keeps what the process holds out of swap, where it may hold as much memory as it takes.
    ///
    /// Under a limit the first page too many would end it, so then it is left to the machine, and the
    /// doctor says so where there is swap.
    static func keepFromSwap() {
        guard mayLock else { return }
        // Pages count when they are touched: the allocator reserves far more than it uses.
        _ = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)
    }

    /// Whether no limit binds this process (mlockall(2)): it has none, or CAP_IPC_LOCK.
    static var mayLock: Bool {
        var limit = rlimit()
        guard unsafe getrlimit(lockLimit, &limit) == 0 else { return false }
        if limit.rlim_cur == rlim_t.max { return true }
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let rights = line?.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) } ?? 0
        return rights & (1 << ipcLockRight) != 0
    }

    /// The number of CAP_IPC_LOCK (linux/capability.h).
    private static let ipcLockRight: UInt64 = 14

    /// Overwrites from now on what is freed: a token that was read, sealed or sent is not found in
    /// memory that nobody holds any more.
    ///
    /// The C library does so, but is told only when a program starts. So the program starts anew, as
    /// the same process; whoever calls this has nothing open. Its caches of small pieces, one for each
    /// thread, are not overwritten and must be off (docs/decisions/0054-freed-memory-is-overwritten.md). Somebody
    /// else's tunables are left alone, and other C libraries have none.
    static func startClearingFreed() throws {
        #if canImport(Glibc)
        let environment = ProcessInfo.processInfo.environment
        if environment[mark] != nil {
            // It has started anew; what programs it starts need nothing of this.
            unsafe unsetenv(mark)
            unsafe unsetenv(tunables)
            return
        }
        guard environment[tunables] == nil else { return }
        // By its own name, which tools go by, and not as "exe".
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        guard unsafe setenv(mark, "1", 1) == 0,
            unsafe setenv(tunables, tuning, 1) == 0
        else { throw CommandError("The environment cannot be changed.") }
        unsafe execv(path, CommandLine.unsafeArgv)
        throw CommandError("The program cannot start itself anew, as error \(errno) says.")
        #endif
    }

    private static let tunables = "GLIBC_TUNABLES"
    /// With few arenas, too, and large pieces from the system.
    ///
    /// What is free in that of one thread is of no use to another, and a crowd of
    /// callers would leave the service larger by what each thread once held. Large pieces come from the
    /// system and go back to it, so those of a flood do not stay between others.
    private static let tuning =
        """
        glibc.malloc.perturb=165:glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2\
        :glibc.malloc.mmap_threshold=32768
        """
    /// Says that it has started anew: where a program has more rights than whoever starts it, the
    /// system may take the tunables away, and it would start for ever.
    private static let mark = "LEDGER_STARTED_ANEW"

    #if canImport(Glibc)
    private static var coreLimit: __rlimit_resource_t { numericCast(RLIMIT_CORE.rawValue) }
    private static var lockLimit: __rlimit_resource_t { numericCast(__RLIMIT_MEMLOCK.rawValue) }
    #else
    private static var coreLimit: CInt { RLIMIT_CORE }
    private static var lockLimit: CInt { RLIMIT_MEMLOCK }
    #endif
}

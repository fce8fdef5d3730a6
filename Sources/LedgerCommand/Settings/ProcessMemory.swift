import CPrctl

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

    #if canImport(Glibc)
    private static var coreLimit: __rlimit_resource_t { numericCast(RLIMIT_CORE.rawValue) }
    #else
    private static var coreLimit: CInt { RLIMIT_CORE }
    #endif
}

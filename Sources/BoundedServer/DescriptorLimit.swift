#if canImport(Glibc)
internal import Glibc
#else
internal import Musl
#endif

/// How many files and sockets the process may have open at once.
enum DescriptorLimit {
    /// Raises the limit to so many, as far as the system allows, and gives what it is then.
    ///
    /// It is never lowered, and not raised without need: what a child of this process does with a
    /// limit of a billion is not known.
    static func raise(to wanted: Int) -> Int {
        var limit = rlimit()
        guard unsafe getrlimit(resource, &limit) == 0 else { return wanted }
        let aim = min(rlim_t(wanted), limit.rlim_max)
        if limit.rlim_cur < aim {
            let before = limit.rlim_cur
            limit.rlim_cur = aim
            if unsafe setrlimit(resource, &limit) != 0 { limit.rlim_cur = before }
        }
        return Int(clamping: limit.rlim_cur)
    }

    #if canImport(Glibc)
    private static var resource: __rlimit_resource_t { numericCast(RLIMIT_NOFILE.rawValue) }
    #else
    private static var resource: CInt { RLIMIT_NOFILE }
    #endif
}

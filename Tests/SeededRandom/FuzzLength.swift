#if canImport(Glibc)
import Glibc
#else
import Musl
#endif

/// How long parsers are fed what nobody meant.
package enum FuzzLength {
    /// How many times as long as usual: `FUZZ_TIMES`, 1 unless set (docs/threats.md#g24).
    ///
    /// A value that is no number above zero ends the process: a run that was meant to be long and is
    /// not would pass for one.
    package static let times: Int = {
        guard let text = unsafe getenv("FUZZ_TIMES") else { return 1 }
        guard let times = unsafe Int(String(cString: text)), times > 0 else {
            fatalError("FUZZ_TIMES must be a number above zero.")
        }
        return times
    }()
}

import CLibPQ

/// PostgreSQL's client library, as it is on this machine.
package enum LibPQ {
    /// Such as `15.14`.
    package static var version: String {
        let number = PQlibVersion()
        return "\(number / 10_000).\(number % 10_000)"
    }
}

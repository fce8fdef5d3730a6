internal import Ledger

/// Which log is the home of a fingerprint: the one in which it is decided who has it
/// (docs/decisions/0067-k-logs-of-facts.md).
struct ClaimHomes: Sendable {
    /// How many logs hold facts.
    let count: Int32

    /// Whose claims are decided by `count` logs of facts, at least one.
    init(count: Int32) {
        precondition(count > 0, "Facts have a log.")
        self.count = count
    }

    /// The numbers of the logs of facts.
    var logIDs: [Int32] { (0..<count).map { 2 * $0 } }

    /// The number of the log that decides who has a fingerprint.
    func logID(of fingerprint: Fingerprint) -> Int32 {
        guard count > 1 else { return 0 }
        let number = fingerprint.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return 2 * Int32(number % UInt64(count))
    }
}

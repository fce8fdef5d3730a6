internal import Ledger

/// Who waits for the list of users of one app, and who of them reads it for all.
///
/// A reading answers those who were there when it began, so that nobody misses a user who was made
/// just before he asked. Who comes later waits for the next one. Pure: it says whom to wake.
struct UserListQueue<Waiter: Sendable>: Sendable {
    /// The number of one caller.
    typealias Number = UInt64

    private var waiting: [(number: Number, clientUserID: Secret, waiter: Waiter)] = []
    private var reader: Number?
    private var nextNumber: Number = 0

    /// Whether nobody waits and nobody reads.
    var isIdle: Bool { waiting.isEmpty && reader == nil }

    /// A caller comes.
    ///
    /// - Returns: its number, and whether it is to read at once; nil when too many wait already.
    mutating func join(
        _ clientUserID: Secret,
        _ waiter: Waiter
    ) -> (number: Number, reads: Bool)? {
        guard waiting.count < FlowLimits.listWaitersMax else { return nil }
        let number = nextNumber
        nextNumber += 1
        waiting.append((number, clientUserID, waiter))
        guard reader == nil else { return (number, false) }
        reader = number
        return (number, true)
    }

    /// Those whom the reading that begins now will answer.
    func crowd() -> [(number: Number, clientUserID: Secret)] {
        waiting.map { ($0.number, $0.clientUserID) }
    }

    /// Takes out those of a finished reading who still wait, to be answered.
    mutating func answered(
        _ crowd: [(number: Number, clientUserID: Secret)]
    ) -> [(clientUserID: Secret, waiter: Waiter)] {
        let numbers = Set(crowd.map(\.number))
        let found = waiting.filter { numbers.contains($0.number) }
        waiting.removeAll { numbers.contains($0.number) }
        return found.map { ($0.clientUserID, $0.waiter) }
    }

    /// A caller goes, answered or not.
    ///
    /// - Returns: who is to read next, if this one was to read.
    mutating func leave(_ number: Number) -> Waiter? {
        waiting.removeAll { $0.number == number }
        guard reader == number else { return nil }
        reader = waiting.first?.number
        return waiting.first?.waiter
    }
}

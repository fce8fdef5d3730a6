import Ledger
@testable import LedgerStore

/// What the logs do with the claims of one fingerprint: the functions of `Schema/0045_refused_claims.sql` and
/// `Schema/0046_reserve.sql`, and what an append makes of them, in memory.
struct ClaimModel: Hashable {
    /// What is left out of the rules, to see that it is found.
    enum Fault: Hashable, CaseIterable {
        case burnsNothing
        case appendsWithoutLooking
        case releasesWhateverIsThere
        /// Whoever withdraws does not burn what others may append with.
        case withdrawsUnburned
        /// Nobody looks at what was claimed before logs were added.
        case searchesNothing
    }

    struct Row: Hashable {
        let subject: Identifier
        let reference: Identifier
        let isReserved: Bool
    }

    /// The home of the fingerprint is the first of the logs.
    static let home: Int32 = 0

    let kind: LookupKind
    var fault: Fault?
    /// The fingerprint's row in each log, by the log's number.
    var rows: [Row?]
    var burned: Set<Identifier> = []
    /// The events that stand, and those of users who were erased.
    var events: Set<Identifier> = []
    var erased: Set<Identifier> = []
    /// The log that was there before others were added, if any.
    var closed: Int32?

    init(kind: LookupKind, logs count: Int, fault: Fault? = nil) {
        self.kind = kind
        self.fault = fault
        rows = Array(repeating: nil, count: count)
    }

    /// The `number`th id of a log.
    static func id(_ number: Int, in log: Int32) -> Identifier {
        Identifier(value: UInt128(UInt32(log)) << 52 | UInt128(number))
    }

    /// Whether the claim was made in some log.
    var isMade: Bool { rows.contains { $0?.isReserved == false } }

    mutating func reserve(_ subject: Identifier, _ reference: Identifier) -> Row? {
        let row =
            rows[0] ?? Row(subject: subject, reference: reference, isReserved: true)
        rows[0] = row
        return row
    }

    /// Whether somebody else made the claim in the closed log.
    func isTaken(butBy subject: Identifier) -> Bool {
        guard let closed, fault != .searchesNothing, let row = rows[Int(closed)] else {
            return false
        }
        return !row.isReserved && row.subject != subject
    }

    func isMade(in log: Int32) -> Bool { rows[Int(log)]?.isReserved == false }

    mutating func fence(_ reference: Identifier) -> Bool {
        if isMade(in: reference.logID) { return true }
        if fault != .burnsNothing { burned.insert(reference) }
        return false
    }

    mutating func release(_ reference: Identifier) {
        guard let row = rows[0], row.isReserved else { return }
        if row.reference == reference || fault == .releasesWhateverIsThere { rows[0] = nil }
    }

    /// Appends an event that makes the claim.
    mutating func append(
        _ event: Identifier,
        of subject: Identifier,
        in log: Int32,
        reservation: Identifier?
    ) -> AppendVerdict {
        if events.contains(event) { return .repeated(position: 0) }
        if erased.contains(subject) { return .conflict }
        if let taken = rows[Int(log)] {
            guard kind == .human, taken.subject == subject else { return .claimed(kind) }
        }
        if let reservation, burned.contains(reservation), fault != .appendsWithoutLooking {
            return .fenced(kind)
        }
        events.insert(event)
        if rows[Int(log)] == nil {
            rows[Int(log)] = Row(subject: subject, reference: event, isReserved: false)
        }
        return .appended(position: 0)
    }

    /// Erases a user in the user's log; what is reserved elsewhere stays for the moment.
    mutating func erase(_ subject: Identifier, in log: Int32) {
        erased.insert(subject)
        if kind == .human, let row = rows[Int(log)], row.subject == subject, !row.isReserved {
            rows[Int(log)] = nil
        }
    }

    /// Removes what an erased user has reserved.
    mutating func releaseEverything(of subject: Identifier) {
        if kind == .human, let row = rows[0], row.isReserved, row.subject == subject {
            rows[0] = nil
        }
    }
}

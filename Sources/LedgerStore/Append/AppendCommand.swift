internal import Ledger
internal import Vault

/// Everything that one command writes, ready to be sent.
///
/// It and the types within have one row type each in `Schema/0011_append_command.sql`; where
/// `isShort`, each of its events has a shorter one.
struct AppendCommand: Sendable {
    /// An event beside its record's bytes, as the columns want it.
    struct Event: Sendable {
        let record: Record
        let bytes: [UInt8]
    }

    /// A fingerprint that must not be taken yet, but a user's own.
    struct Claim: Sendable {
        let kind: LookupKind
        let fingerprint: Fingerprint
        let reference: Identifier
        /// Of its reservation in its home, where that is another log.
        var reservation: Identifier?
    }

    struct SealedValue: Sendable {
        let kind: ValueKind
        let version: Int64
        let bytes: [UInt8]
    }

    /// A value that is needed no longer.
    struct Drop: Sendable {
        let kind: ValueKind
        let version: Int64
    }

    let app: Identifier
    let subject: Identifier
    /// The version the decision was made at; nil when the events are not counted.
    let expected: Int64?
    /// When the command was composed; all its records carry this time.
    let time: Timestamp
    /// The state after the events.
    let state: SubjectState?
    let events: [Event]
    /// Under which a new user is found from now on; nobody's yet.
    var fingerprint: Fingerprint?
    var wrappedKey: [UInt8]?
    /// The user's new values, sealed, those of which the user's row has one each.
    var current: [ValueKind: [UInt8]] = [:]
    var claims: [Claim] = []
    var unheld: [Change.UnheldToken] = []
    var values: [SealedValue] = []
    var drops: [Drop] = []
    /// Whether the user holds another token afterwards, or none.
    var changesTokens = false

    /// Whether the short way takes it: one event that changes nothing but the user's state, or makes
    /// a user; or events that are not counted.
    var isShort: Bool {
        guard claims.isEmpty, unheld.isEmpty, values.isEmpty, drops.isEmpty, !changesTokens,
            state?.status != .erased
        else { return false }
        guard let expected else {
            return wrappedKey == nil && !events.isEmpty
                && events.allSatisfy { $0.record.subjectVersion == nil }
        }
        return events.count == 1 && current.keys.allSatisfy { $0 == .clientUserID }
            && events[0].record.subjectVersion == expected + 1
            && events[0].record.subject == subject
    }

    /// Commands with the same key never share a batch: of two first launches of one user, the
    /// claim of the user decides, so that claim is the key.
    var batchKey: UInt128 {
        guard expected == 0, let fingerprint else { return subject.value }
        return Identifier(bytes: fingerprint.bytes)?.value ?? subject.value
    }
}

/// What can be found under a fingerprint, and is found once.
package enum LookupKind: String, Sendable {
    case user
    case human
    case session
    /// A token that is taken over; whose it is says the log, and a lookup only that somebody is about to take it.
    case token
}

/// What became of a command.
enum AppendVerdict: Sendable, Equatable {
    /// Its first event stands at this position.
    case appended(position: Int64)
    /// One of its events is in the log already, at this position.
    case repeated(position: Int64)
    /// A fingerprint of this kind is taken.
    case claimed(LookupKind)
    /// The reservation of the claim of this kind was burned.
    case fenced(LookupKind)
    /// The subject has moved on.
    case conflict
}

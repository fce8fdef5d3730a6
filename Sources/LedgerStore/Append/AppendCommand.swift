internal import Ledger
internal import Vault

/// Everything that one command writes, ready to be sent.
///
/// It and the types within have one row type each in `Schema/0011_append_command.sql`.
struct AppendCommand: Sendable {
    /// An event beside its record's bytes, as the columns want it.
    struct Event: Sendable {
        let record: Record
        let bytes: [UInt8]
    }

    /// A fingerprint that must not be taken yet.
    struct Claim: Sendable {
        let kind: LookupKind
        let fingerprint: Fingerprint
        let reference: Identifier
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
    var claims: [Claim] = []
    var wrappedKey: [UInt8]?
    var values: [SealedValue] = []
    var drops: [Drop] = []

    /// Commands with the same key never share a batch: of two first launches of one user, the
    /// claim of the user decides, so that claim is the key.
    var batchKey: UInt128 {
        guard expected == 0, let user = claims.first(where: { $0.kind == .user }) else {
            return subject.value
        }
        return Identifier(bytes: user.fingerprint.bytes)?.value ?? subject.value
    }
}

/// What can be found under a fingerprint, and is found once.
package enum LookupKind: String, Sendable {
    case user
    case human
    case session
}

/// What became of a command.
enum AppendVerdict: Sendable, Equatable {
    /// Its first event stands at this position.
    case appended(position: Int64)
    /// One of its events is in the log already, at this position.
    case repeated(position: Int64)
    /// A fingerprint of this kind is taken.
    case claimed(LookupKind)
    /// The subject has moved on.
    case conflict
}

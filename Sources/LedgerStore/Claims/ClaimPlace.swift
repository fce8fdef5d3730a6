internal import Ledger

/// Where a claim is decided: under which kind and fingerprint, and in which log.
// An object, as are who claims and the claimer: with Swift 6.3.1 an asynchronous function of so many words, an
// identifier among them, ends with a jump to nowhere.
final class ClaimPlace: Sendable {
    let kind: LookupKind
    let fingerprint: Fingerprint
    /// The number of the fingerprint's home.
    let home: Int32

    init(kind: LookupKind, fingerprint: Fingerprint, home: Int32) {
        self.kind = kind
        self.fingerprint = fingerprint
        self.home = home
    }
}

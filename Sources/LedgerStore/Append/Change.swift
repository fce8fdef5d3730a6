package import Ledger
package import Vault

/// What a decision wants to write about one user.
package struct Change: Sendable {
    /// An event, with its id where the id must be a certain one.
    package struct NewEvent: Sendable {
        let id: Identifier?
        package let event: LedgerEvent
    }

    /// A value to be sealed.
    package struct NewValue: Sendable {
        let kind: ValueKind
        let version: Int64
        let value: Secret
    }

    /// A fingerprint that must be nobody's yet.
    package struct Claim: Sendable {
        let kind: LookupKind
        let fingerprint: Fingerprint
    }

    /// A token that nobody else of the app may have got from a position of the log on.
    struct UnheldToken: Sendable {
        let fingerprint: Fingerprint
        let checkedUntil: Int64
        /// With which others are kept from it; nil where there is one log.
        var reservation: Identifier?
    }

    package private(set) var events: [NewEvent] = []
    package private(set) var values: [NewValue] = []
    package private(set) var claims: [Claim] = []
    private(set) var unheld: [UnheldToken] = []
    package private(set) var drops: [(kind: ValueKind, version: Int64)] = []
    package let context: RecordContext

    package init(context: RecordContext) {
        self.context = context
    }

    /// Adds an event; without an id it gets a new one.
    package mutating func append(_ event: LedgerEvent, id: Identifier? = nil) {
        events.append(NewEvent(id: id, event: event))
    }

    /// Keeps a value in the vault.
    package mutating func keep(_ value: Secret, _ kind: ValueKind, version: Int64) {
        values.append(NewValue(kind: kind, version: version, value: value))
    }

    /// Claims a fingerprint for the user; the first event of the change is the reference.
    package mutating func claim(_ kind: LookupKind, _ fingerprint: Fingerprint) {
        claims.append(Claim(kind: kind, fingerprint: fingerprint))
    }

    /// Makes the change depend on that nobody else of the app has got a token from this position of
    /// the user's log on, and that the reservation was not burned; that nobody holds it by earlier events, or in
    /// another log, is for who decides to see.
    mutating func requireUnheld(
        _ token: Fingerprint,
        since checkedUntil: Int64,
        reservation: Identifier? = nil
    ) {
        unheld.append(
            UnheldToken(
                fingerprint: token,
                checkedUntil: checkedUntil,
                reservation: reservation
            )
        )
    }

    /// Drops a value from the vault.
    package mutating func drop(_ kind: ValueKind, version: Int64) {
        drops.append((kind, version))
    }
}

/// What became of a change.
package enum ChangeOutcome: Sendable {
    /// Written; the user as it is now, and the position of the first event.
    case written(StoredUser, position: Int64)
    /// One of its events is in the log already, at this position.
    case repeated(position: Int64)
    /// A fingerprint of this kind is somebody's already.
    case claimed(LookupKind)
    /// The user changed meanwhile: read again, decide again.
    case conflict
}

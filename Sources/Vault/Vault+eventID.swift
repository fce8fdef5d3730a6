package import Ledger

// Ids of events that are made of what they are about.

extension Vault {
    /// The id of the event of a log that a request of an app leads to, which its text names.
    package func eventID(ofRequest text: Secret, app: Identifier, in log: Log) -> Identifier {
        id(fingerprint(.request, of: text, app: app), log)
    }

    /// The id of the event with which these values of a user, named by their fingerprints, are taken
    /// over from another system: for the same values it is the same.
    ///
    /// Who knows the app's id of a user alone cannot make it, so it leads nobody to an erased user
    /// (docs/decisions/0045-what-an-erasure-leaves.md).
    package func eventID(
        ofTakenOver values: [Fingerprint],
        app: Identifier,
        in log: Log
    ) -> Identifier {
        let text = Secret(values.map { "\($0)" }.joined(separator: " "))
        return id(fingerprint(.takenOver, of: text, app: app), log)
    }

    private func id(_ fingerprint: Fingerprint, _ log: Log) -> Identifier {
        guard let id = Identifier(custom: fingerprint.bytes, in: log) else {
            preconditionFailure("A fingerprint has 16 bytes.")
        }
        return id
    }
}

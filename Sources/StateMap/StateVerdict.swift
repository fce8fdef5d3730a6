package import Ledger
internal import MerkleLog

/// What a state's proof has proved, and what not.
package struct StateVerdict: Sendable {
    /// The app's `clientId`.
    package let clientID: String
    /// The user's pseudonym; nil where nobody has the name.
    package let subject: Identifier?
    /// What is current; nil for somebody whom the ledger does not know.
    package let state: SubjectState?
    /// The position of the user's newest event.
    package let position: Int64?
    /// Whether the file says whose name leads to the subject, or to nobody.
    package let isNamed: Bool
    /// Whether the verifier asked for a name, and this is it.
    package let isNameAsked: Bool
    /// What the ledger stated.
    package let statement: MapStatement
    /// The statement's place in the log of maps, whose last entry it was at the checkpoint that the file has.
    package let entry: Int
    /// How long ago the statement was made, by the verifier's clock; may be a little below 0.
    package let ageSeconds: Int
    /// What age the verifier takes; nil where none was named.
    package let ageMax: Int?
    /// The known witnesses that have cosigned the log of maps.
    package let cosigners: [String]

    /// The verdict in words, a sentence each.
    package var sentences: [String] {
        let place =
            "The ledger states this as entry \(entry) of its log of maps, the last one at the checkpoint "
            + "in the file; a later checkpoint may cover a later answer."
        return [whom, what, place] + pair + [age, witnesses] + limits
    }

    private var whom: String {
        let name =
            switch (isNamed, isNameAsked) {
            case (false, _): "Whose pseudonym this is was not shown."
            case (true, false):
                "The ledger says whose name it is; --user and --name-key-file check that."
            case (true, true): "It is about the user's id that was asked for."
            }
        guard let subject else { return "App \(clientID), a name that is nobody's. \(name)" }
        return "App \(clientID), user \(subject). \(name)"
    }

    private var what: String {
        let records = "the \(statement.facts.size) records that the checkpoint of the facts covers"
        guard let state, let position else { return "In \(records) there is no such user." }
        let status = state.status == .erased ? "erased; nothing is kept" : state.status.rawValue
        return "After \(records) the user is \(status), at version \(state.version), "
            + "since position \(position). Nothing newer of the user is among them."
    }

    /// What another number of pairs would change: in which of them such a user is at home.
    private var pair: [String] {
        let (pairs, log) = (statement.logs.pairs, statement.log)
        guard pairs > 1 else { return [] }
        return [
            "It states that there are \(pairs) pairs of logs; such a user is at home in that of the log of "
                + "\(log.name), which these maps are of."
        ]
    }

    private var age: String {
        guard let ageMax else {
            return "It was stated \(ageSeconds) s ago. Any age passes, for --max-age named none."
        }
        return "It was stated \(ageSeconds) s ago; up to \(ageMax) s are taken."
    }

    private var witnesses: String {
        cosigners.isEmpty
            ? "No known witness has cosigned: another answer may be shown to others."
            : "Cosigned by \(cosigners.joined(separator: ", "))."
    }

    private var limits: [String] {
        [
            "Not proved: that the provider agrees, and which values the fingerprints are of.",
            "Not proved here, but by anybody who folds the log: that the map was made of it rightly.",
        ]
    }
}

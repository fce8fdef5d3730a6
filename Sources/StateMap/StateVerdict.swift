package import Ledger
internal import MerkleLog

/// What a state's proof has proved, and what not.
package struct StateVerdict: Sendable {
    /// What the ledger stated of the maps of one pair of logs.
    package struct Stated: Sendable {
        package let statement: MapStatement
        /// Its place in the log of maps, whose last entry it was at the checkpoint that the file has.
        package let entry: Int
    }

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
    /// What the ledger stated of the pair where the user is, or would be if new, and then, of nobody, of each closed
    /// pair.
    package let stated: [Stated]
    /// The verifier's time, in seconds since 1970.
    let now: Int
    /// What age the verifier takes; nil where none was named.
    package let ageMax: Int?
    /// The known witnesses that have cosigned the log of maps; of several, each of them.
    package let cosigners: [String]

    /// The first statement.
    package var statement: MapStatement { stated[0].statement }
    /// When the oldest statement was made, in seconds since 1970.
    package var statedAt: Int { stated.reduce(statement.time) { min($0, $1.statement.time) } }
    /// How long ago that was, by the verifier's clock; may be a little below 0.
    package var ageSeconds: Int { now - statedAt }
    /// How many facts the checkpoints cover.
    package var factsSize: Int { stated.reduce(0) { $0 + $1.statement.facts.size } }

    /// The verdict in words, a sentence each.
    package var sentences: [String] {
        [whom, what, place] + pair + [age, witnesses] + limits
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
        let records =
            stated.count == 1
            ? "the \(factsSize) records that the checkpoint of the facts covers"
            : "the \(factsSize) records that the checkpoints of the facts cover"
        guard let state, let position else { return "In \(records) there is no such user." }
        let status = state.status == .erased ? "erased; nothing is kept" : state.status.rawValue
        return "After \(records) the user is \(status), at version \(state.version), "
            + "since position \(position). Nothing newer of the user is among them."
    }

    private var place: String {
        let entries = stated.map { "\($0.entry)" }
        let place =
            entries.count == 1
            ? "entry \(entries[0]) of its log of maps, the last one at the checkpoint in the file"
            : "entries \(entries.joined(separator: ", ")) of its logs of maps, each the last one at its "
                + "checkpoint in the file"
        return "The ledger states this as \(place); a later checkpoint may cover a later answer."
    }

    /// What other pairs would change: in which of them such a user is, or can be.
    private var pair: [String] {
        let (logs, log) = (statement.logs, statement.log)
        guard logs.pairs > 1 else { return [] }
        var text = "It states that there are \(logs.pairs) pairs of logs"
        if logs.closedPairs > 0 { text += ", \(logs.closedPairs) of them closed" }
        let isLeft = subject != nil && logs.isClosed(log)
        text += isLeft ? "; this user is of that" : "; such a user is at home in that"
        text += " of the log of \(log.name), which these maps are of"
        if stated.count > 1 { text += "; nobody of the name is left in the closed ones either" }
        return [text + "."]
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

package import Ledger
internal import MerkleLog
package import StateMap

/// What is current for a user, with the file that proves it, for the browser to check.
package struct StateProofPage: ConsolePage {
    /// What the file says.
    struct Proof: Sendable {
        let statedAt: ShownTime
        /// How many events the checkpoint covers.
        let size: Int
        let position: Int64?
        let eventPath: String?
        /// The place of the statement in the log of maps.
        let entry: Int
        /// The state's own bytes, one line of JSON.
        let state: String?
        let file: String
        let byteCount: Int
    }

    package let template = PageTemplate.stateProof
    package let title: String
    let heading: String
    let subject: String
    /// The log of facts that the user is in, and the number of its log of maps.
    let log: String
    let second: String
    /// The key of the log of facts, as the server says.
    let key: String
    let proof: Proof?
    let copy: CopyLines

    /// - Parameters:
    ///   - subject: the user's pseudonym.
    ///   - clientUserID: the app's own id of the user; nil where the key may not see it.
    ///   - proof: nil while there is no statement to prove it by.
    ///   - key: the verifier key of the log of facts.
    ///   - url: under which callers reach the service.
    ///   - api: how the user is called in calls of the API; nil where the key may not see the id.
    package init(
        subject: Identifier,
        clientUserID: String?,
        proof: StateProof?,
        key: String,
        url: String,
        api: String?
    ) {
        heading = clientUserID ?? subject.description
        // Titles stand in a browser's history: no id of a person is in one.
        title = "Proof of what is current for \(subject)"
        self.subject = subject.description
        let log = Log(of: subject)
        self.log = log.name
        second = "\(log.map.id)"
        self.key = key
        self.proof = proof.map { Proof($0, log) }
        copy = CopyLines(
            url: api.map { "\($0)/proof" },
            command: "user prove ID --url \(url) --key-file FILE --output FILE"
        )
    }
}

extension StateProofPage.Proof {
    init(_ proof: StateProof, _ log: Log) {
        let bytes = proof.bytes
        let state = proof.states?.state
        let second = Int64(proof.statement.time)
        self.init(
            statedAt: ShownTime(Timestamp(microseconds: second * 1_000_000)),
            size: proof.statement.facts.size,
            position: state?.position,
            eventPath: state.map { PlacedRecord.path($0.position, log) },
            entry: proof.entry.index,
            state: state.map { String(decoding: $0.state, as: UTF8.self) },
            file: String(decoding: bytes, as: UTF8.self),
            byteCount: bytes.count
        )
    }
}

package import Ledger
package import MerkleLog

/// What the logs can prove.
package struct EvidencePage: ConsolePage {
    /// A checkpoint of the list.
    package struct Row: Sendable {
        let size: Int64
        let time: ShownTime
        let root: String
        let witnesses: String
        let names: [String]
        let isUnsound: Bool

        /// `root` is nil where the log's key has not signed it; nobody has checked the signatures of witnesses.
        package init(size: Int64, publishedAt: Timestamp, root: String?, witnesses: [String]) {
            self.size = size
            time = ShownTime(publishedAt)
            self.root = root ?? "not signed by the log's key"
            names = witnesses
            self.witnesses = witnesses.isEmpty ? "none" : witnesses.joined(separator: ", ")
            isUnsound = root == nil
        }
    }

    /// The proof between two sizes.
    package struct Consistency: Sendable {
        let from: Int64
        let to: Int64
        let oldRoot: String
        let newRoot: String
        let hashes: [String]
        let hasHashes: Bool
        let verdict: String
        let isProved: Bool
        /// The signed notes of both checkpoints, for the script.
        let oldNote: String
        let newNote: String
        /// For the script, with blanks between.
        let joined: String

        /// The proof between two sizes, with the roots and notes of the checkpoints at these sizes.
        package init(
            from: Int64,
            to: Int64,
            roots: (old: MerkleHash, new: MerkleHash),
            notes: (old: String, new: String),
            hashes: [MerkleHash]
        ) {
            self.from = from
            self.to = to
            oldNote = notes.old
            newNote = notes.new
            oldRoot = roots.old.description
            newRoot = roots.new.description
            self.hashes = hashes.map(\.description)
            hasHashes = !hashes.isEmpty
            joined = self.hashes.joined(separator: " ")
            let proof = ConsistencyProof(old: Int(from), new: Int(to), hashes: hashes)
            isProved = (try? proof.verify(oldRoot: roots.old, newRoot: roots.new)) != nil
            verdict =
                isProved
                ? "The log of \(from) events is the beginning of the log of \(to): nothing was changed or taken away between the two."
                : "The proof does not lead from the one root to the other: the log was changed."
        }
    }

    package let template = PageTemplate.evidence
    package let title: String
    let log: String
    let logs: [LogPage.Choice]
    let key: String
    let rows: [Row]
    let isEmpty: Bool
    let olderPath: String?
    let from: String
    let to: String
    let consistency: Consistency?
    let consistencyNote: String?
    let witnessNames: [String]
    let hasWitnesses: Bool
    let copy: CopyLines
    let consistencyCopy: CopyLines

    /// - Parameters:
    ///   - log: whose evidence it is.
    ///   - logs: that there are.
    ///   - key: the log's verifier key.
    ///   - rows: checkpoints, the largest first.
    ///   - last: the log's last checkpoint, whichever page of them is shown; nil where there is none.
    ///   - next: with which size the next page begins; nil where there is none.
    ///   - asked: the sizes that somebody asked about; nil where nobody did.
    ///   - consistency: the proof that was asked for.
    ///   - note: why there is none although it was asked for.
    ///   - url: under which callers reach the service.
    package init(
        log: Log,
        logs: Logs,
        key: String,
        rows: [Row],
        last: Row?,
        next: Int64?,
        asked: (from: Int64, to: Int64)?,
        consistency: Consistency?,
        note: String?,
        url: String
    ) {
        title = "Evidence of \(log.name)"
        self.log = log.name
        self.logs = logs.ofEvents.map { LogPage.Choice(value: $0.name, isChosen: $0 == log) }
        self.key = key
        self.rows = rows
        isEmpty = rows.isEmpty
        olderPath = next.map { "/console/evidence?log=\(log.name)&before=\($0)" }
        from = (asked?.from ?? rows.last?.size).map(String.init) ?? ""
        to = (asked?.to ?? rows.first?.size).map(String.init) ?? ""
        self.consistency = consistency
        consistencyNote = note
        witnessNames = last?.names ?? []
        hasWitnesses = !witnessNames.isEmpty
        copy = CopyLines(
            url: "\(url)/logs/\(log.id)/checkpoint",
            command: logs.pairs > 1
                ? "checkpoint key --log \(log.ownName)"
                : "checkpoint key" + (log == .facts ? "" : " --log \(log.name)")
        )
        consistencyCopy = CopyLines(
            url: "\(url)/v1/consistency?from=\(from)&to=\(to)"
                + (log == .facts ? "" : "&log=\(log.name)"),
            command: "verify --key '\(key)'"
        )
    }
}
